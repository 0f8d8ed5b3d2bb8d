"""Who may call an operation: schemes for access tokens, API keys and guests' order tokens."""

from typing import Any

from shared.security.permissions import GRANTABLE_TO_KEYS

SECURITY_SCHEMES: dict[str, Any] = {
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "`access_token` of `POST /v1/auth/login` or `POST /v1/auth/refresh`. It "
        "expires after some minutes.",
    },
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "API key",
        "description": "A key of `POST /v1/me/api-keys`, for scripts of staff. It is sent as an "
        "access token is, and has only the permissions that it was created with.",
    },
    "orderToken": {
        "type": "apiKey",
        "in": "header",
        "name": "Order-Token",
        "description": "The token of one guest's order: `order_token` of the placed order, or "
        "`token` in the link from the shop's mail. A wrong one gets 404, as an unknown order does.",
    },
    "cartToken": {
        "type": "apiKey",
        "in": "header",
        "name": "Cart-Token",
        "description": "The token of one guest's cart: `cart_token` of the answer that created it.",
    },
}


def security_of(route: Any) -> list[dict[str, list[str]]]:
    """The schemes of which one is enough; none for an operation that anyone may call."""
    headers = {field.alias.lower() for field in route.dependant.header_params}
    is_of_cart = "cart-token" in headers and "/cart" in route.openapi_path
    cart: dict[str, list[str]] = {"cartToken": []} if is_of_cart else {}
    if route.func.requires is not None:
        may_be_key = route.func.requires in GRANTABLE_TO_KEYS
        schemes = ("accessToken", "apiKey") if may_be_key else ("accessToken",)
        return [{scheme: [], **cart} for scheme in schemes]
    if cart:  # a guest who has no cart yet sends none
        return [cart, {}]
    return [{"orderToken": []}] if "order-token" in headers else []
