from typing import Any

from aws_lambda_powertools.event_handler import Response

from orders.carts import service as carts
from orders.carts.schemas import CartPatch, CartQuoteRequest, CartRequest
from orders.carts.views import CartQuoteView, CartView, GuestCartView
from shared.http.api import Routes
from shared.http.authorization import anyone, requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import (
    CartToken,
    IfMatch,
    IfNoneMatch,
    OptionalIfMatch,
    RequiredCartToken,
)
from shared.http.responses import no_content_response, ok_response
from shared.security.permissions import Permission

routes = Routes()


@routes.get("/v1/cart", tags=["Carts"])
@requires(Permission.PLACE_ORDERS)
def get_cart(if_none_match: IfNoneMatch = None) -> Response[CartView]:
    """Get your cart with the current prices and stock.

    Each line says what has changed since you set it. Until you add a product, the cart is empty
    and has version 0.
    """
    view = CartView.from_model(carts.get_cart(carts.of_account(routes.caller)))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.put("/v1/cart", tags=["Carts"])
@requires(Permission.PLACE_ORDERS)
def replace_cart(request: CartRequest, if_match: IfMatch) -> Response[CartView]:
    """Set all lines of your cart, which replace the current ones."""
    visitor = carts.of_account(routes.caller)
    view = CartView.from_model(
        carts.replace_cart(visitor, request, ExpectedVersion.parse(if_match))
    )
    return ok_response(view, version=view.version)


@routes.patch("/v1/cart", tags=["Carts"])
@requires(Permission.PLACE_ORDERS)
def update_cart(patch: CartPatch, if_match: OptionalIfMatch = None) -> Response[CartView]:
    """Add products to your cart, change their quantities, or remove them.

    Lines that you do not send stay as they are, so two browser tabs need no `If-Match` to change
    different lines. A line that is new or gets more units must be on sale (422
    `unknown_products`), with at most the units of the product's `quantity_limits` (422
    `quantity_limit_exceeded`). It may have more units than are in stock: a cart holds none.
    """
    visitor = carts.of_account(routes.caller)
    view = CartView.from_model(carts.update_cart(visitor, patch, _expected(if_match)))
    return ok_response(view, version=view.version)


@routes.delete("/v1/cart", status_code=204, tags=["Carts"])
@requires(Permission.PLACE_ORDERS)
def empty_cart(if_match: OptionalIfMatch = None) -> Response[Any]:
    """Remove all lines of your cart."""
    carts.empty_cart(carts.of_account(routes.caller), _expected(if_match))
    return no_content_response()


@routes.post("/v1/cart/merge", tags=["Carts"])
@requires(Permission.PLACE_ORDERS)
def merge_carts(cart_token: RequiredCartToken) -> Response[CartView]:
    """Move the lines of a guest's cart into your cart, and get your cart.

    Do this after the login. No line is lost: of a product in both carts, the line with more units
    stays. The guest's cart is deleted, so that a repeated request merges nothing and gets your
    cart as it is. If both carts together have more than 50 products, you get 409 `cart_full`, and
    both stay as they are.
    """
    view = CartView.from_model(carts.merge_carts(routes.caller, cart_token))
    return ok_response(view, version=view.version)


@routes.post("/v1/cart/quote", tags=["Carts"])
@requires(Permission.PLACE_ORDERS)
def quote_cart(request: CartQuoteRequest) -> CartQuoteView:
    """Get the prices, discount, shipping and tax of an order of your cart.

    A quote changes nothing and reserves no stock. Then place the order: send the lines of the
    quote, and its `cart_version` and total, to `POST /v1/orders`.
    """
    visitor = carts.of_account(routes.caller)
    quote, cart = carts.quote_cart(visitor, request, routes.client)
    return CartQuoteView.from_cart(quote, int(cart.version))


@routes.get("/v1/guest/cart", tags=["Carts"])
@anyone
def get_guest_cart(
    cart_token: CartToken = None, if_none_match: IfNoneMatch = None
) -> Response[GuestCartView]:
    """Get the cart of a guest with the current prices and stock.

    Without a token you get an empty cart with version 0.
    """
    visitor = carts.of_guest(cart_token, routes.client)
    view = GuestCartView.from_guest(carts.get_cart(visitor))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.put("/v1/guest/cart", tags=["Carts"])
@anyone
def replace_guest_cart(
    request: CartRequest, if_match: IfMatch, cart_token: CartToken = None
) -> Response[GuestCartView]:
    """Set all lines of a guest's cart, which replace the current ones.

    Without a token you get a new cart with its token: `If-Match` is then `*`, or the ETag of the
    empty cart.
    """
    visitor = carts.of_guest(cart_token, routes.client)
    view = GuestCartView.from_guest(
        carts.replace_cart(visitor, request, ExpectedVersion.parse(if_match))
    )
    return ok_response(view, version=view.version)


@routes.patch("/v1/guest/cart", tags=["Carts"])
@anyone
def update_guest_cart(
    patch: CartPatch, cart_token: CartToken = None, if_match: OptionalIfMatch = None
) -> Response[GuestCartView]:
    """Add products to the cart of a guest, change their quantities, or remove them.

    Without a token you get a new cart, and `cart_token` opens it from then on. One network can
    start only so many carts in an hour (429). Otherwise this is as for an account's cart.
    """
    visitor = carts.of_guest(cart_token, routes.client)
    view = GuestCartView.from_guest(carts.update_cart(visitor, patch, _expected(if_match)))
    return ok_response(view, version=view.version)


@routes.delete("/v1/guest/cart", status_code=204, tags=["Carts"])
@anyone
def empty_guest_cart(
    cart_token: CartToken = None, if_match: OptionalIfMatch = None
) -> Response[Any]:
    """Remove all lines of a guest's cart.

    Its token keeps working.
    """
    carts.empty_cart(carts.of_guest(cart_token, routes.client), _expected(if_match))
    return no_content_response()


@routes.post("/v1/guest/cart/quote", tags=["Carts"])
@anyone
def quote_guest_cart(request: CartQuoteRequest, cart_token: CartToken = None) -> CartQuoteView:
    """Get the prices, discount, shipping and tax of an order of a guest's cart.

    Then place the order: send the lines of the quote, its `cart_version` and the cart's token to
    `POST /v1/guest/orders`.
    """
    visitor = carts.of_guest(cart_token, routes.client)
    quote, cart = carts.quote_cart(visitor, request, routes.client)
    return CartQuoteView.from_cart(quote, int(cart.version))


def _expected(if_match: str | None) -> ExpectedVersion | None:
    return None if if_match is None else ExpectedVersion.parse(if_match)
