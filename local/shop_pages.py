"""The shop's own pages that mails lead to, which Souk leaves to whoever builds the shop.

On a laptop these stand in for them. To open one changes nothing, since mail scanners open links
too; it takes a press on its button.
"""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.pages import SAFE_HEADERS, page, script

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def routes() -> list[Route]:
    return [
        Route("/verify-email", _show_verification),
        Route("/reset-password", _show_reset),
        Route("/follow-link.js", _show_script),
    ]


def lead_mails_to(base_url: str, function: str, functions: "LambdaClient") -> None:
    """Links in mails go to this start of the stack: the next may have another port.

    That is no reason to deploy again, so it is set on the mail function as it runs.
    """
    deployed = functions.get_function_configuration(FunctionName=function)
    variables = deployed["Environment"]["Variables"]
    if variables.get("SHOP_URL") != base_url:
        functions.update_function_configuration(
            FunctionName=function,
            Environment={"Variables": {**variables, "SHOP_URL": base_url}},
        )


async def _show_verification(_: Request) -> Response:
    return page("verify-email.html", runs_scripts=True)


async def _show_reset(_: Request) -> Response:
    return page("reset-password.html", runs_scripts=True)


async def _show_script(_: Request) -> Response:
    return Response(
        script("follow-link.js"), media_type="text/javascript", headers=dict(SAFE_HEADERS)
    )
