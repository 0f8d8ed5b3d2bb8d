from aws_lambda_powertools.event_handler import Response

from orders.checkout.schemas import CancelRequest, GuestOrderRequest, QuoteRequest
from orders.checkout.views import QuoteView
from orders.guests import service as guests
from orders.guests.views import GuestOrderView, to_guest_view
from orders.views import OrderView
from shared.http.api import Routes
from shared.http.authorization import anyone
from shared.http.parameters import CartToken, IdempotencyKey, OrderToken
from shared.http.responses import created_response

routes = Routes()


@routes.post("/v1/guest/orders/quote", tags=["Guests"])
@anyone
def quote_guest_order(request: QuoteRequest) -> QuoteView:
    """Get the prices, discount, shipping and tax of an order without an account.

    A quote changes nothing and reserves no stock. More units of a product than its
    `quantity_limits` are refused as in an order: 422 `quantity_limit_exceeded`. The shop checks a
    promotion's limit per customer only when you place the order.
    """
    return QuoteView.from_model(guests.quote_order(request, routes.client))


@routes.post("/v1/guest/orders", status_code=201, tags=["Guests"])
@anyone
def place_guest_order(
    request: GuestOrderRequest, idempotency_key: IdempotencyKey, cart_token: CartToken = None
) -> Response[GuestOrderView]:
    """Place an order without an account, and get it with a token that opens it later.

    The shop mails the guest a link to the order; `order_token` gives the same access. The same
    `Idempotency-Key` never places a second order: you get the first order in its current state.
    When an account has confirmed the e-mail address, now or later, the order is added to that
    account. No answer says whether there is one.

    Each line has at most the units in the product's `quantity_limits` (422
    `quantity_limit_exceeded`). The unpaid orders of one address can hold only so many units at
    once (409 `held_stock_limit_reached`).

    To order a guest's cart, send its lines, its version as `cart_version`, and its token in the
    header `Cart-Token`. The order empties the cart.
    """
    placement = guests.place_order(request, idempotency_key, routes.client, cart_token)
    view = to_guest_view(GuestOrderView, placement.order, order_token=placement.token)
    return created_response(
        view,
        location=f"/v1/guest/orders/{view.id}",
        idempotency_replayed="true" if placement.is_replay else "false",
    )


@routes.get("/v1/guest/orders/<order_id>", tags=["Guests"])
@anyone
def get_guest_order(order_id: str, order_token: OrderToken = None) -> OrderView:
    """Get the order of a guest with its status, payment and shipment.

    Send the guest's token in the header `Order-Token`.
    """
    return to_guest_view(OrderView, guests.get_order(order_id, order_token))


@routes.post("/v1/guest/orders/<order_id>/cancel", tags=["Guests"])
@anyone
def cancel_guest_order(
    order_id: str, request: CancelRequest, order_token: OrderToken = None
) -> OrderView:
    """Cancel the order of a guest before it is shipped, and get the cancelled order.

    The shop refunds what was paid through the payment provider. Staff refund a manual payment
    themselves. If you repeat the request, you get the same answer.
    """
    return to_guest_view(OrderView, guests.cancel_order(order_id, order_token, request.reason))
