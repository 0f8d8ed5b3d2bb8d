"""The pages behind the links in mails. On AWS they belong to the shop's own web site.

Opening a page changes nothing, because mail scanners open links too. Only its button does.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.pages import page


def routes() -> list[Route]:
    return [
        Route("/verify-email", _show_verification),
        Route("/reset-password", _show_reset),
        Route("/order", _show_order),  # of a guest, with the token of the mail's link
        Route("/orders/{order_id}", _show_order),
    ]


async def _show_verification(_: Request) -> Response:
    return page("verify-email.html")


async def _show_reset(_: Request) -> Response:
    return page("reset-password.html")


async def _show_order(_: Request) -> Response:
    return page("order.html")
