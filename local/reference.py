"""/docs: the API reference of the local stack, with logins and examples that fit this shop.

The page is Scalar's. Its script comes from a package with its own environment, so the project has
no copy of it and the page needs no other server (ADR 55). Production's page is /v1/docs.
"""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from local import paths
from local.pages import SAFE_HEADERS, Assets, page
from local.shop_facts import ShopFacts

SCRIPT = "scalar.standalone.js"
PACKAGED = f"lib/python3*/site-packages/flask_openapi_scalar/templates/scalar/js/{SCRIPT}"


def find_script() -> Path | None:
    """Scalar's script, or None if `make setup` has not installed it."""
    return next(paths.REFERENCE.glob(PACKAGED), None)


class ReferencePages:
    def __init__(self, facts: ShopFacts) -> None:
        self._facts = facts

    def routes(self) -> list[BaseRoute]:
        found = find_script()
        scripts = [Mount("/assets/scalar", Assets(directory=found.parent))] if found else []
        return [
            *scripts,
            Route("/docs", self._show_reference),
            Route("/docs/shop.json", self._show_shop),
        ]

    async def _show_reference(self, _: Request) -> Response:
        if find_script() is None:
            raise HTTPException(503, "The reference is not installed. Run `make setup`.")
        # Scalar adds its style as an element of the page.
        return page("reference.html", script=SCRIPT, allows_inline_styles=True)

    async def _show_shop(self, _: Request) -> Response:
        """What the page's script fills in."""
        shop = self._facts
        accounts = {"customer": vars(shop.customer), "staff": vars(shop.staff)}
        content = {"api_url": shop.api_url, "accounts": accounts, "product_id": shop.product_id}
        return JSONResponse(content, headers=SAFE_HEADERS)
