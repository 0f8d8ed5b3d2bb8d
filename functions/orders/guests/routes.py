from aws_lambda_powertools.event_handler import Response

from orders.guests import service as guests
from orders.guests.schemas import GuestOrderRequest, GuestOrderView
from orders.pricing.schemas import QuoteView
from orders.schemas import CancelRequest, OrderView, QuoteRequest
from shared.http.api import Routes
from shared.http.authorization import anyone
from shared.http.parameters import IdempotencyKey, OrderToken
from shared.http.responses import created_response

routes = Routes()


@routes.post("/v1/guest/orders/quote", tags=["Guests"])
@anyone
def quote_guest_order(request: QuoteRequest) -> QuoteView:
    """What an order would cost now. Nothing is changed, and no stock is kept.

    A promotion's limit for each customer is looked at when the order is placed.
    """
    return QuoteView.from_model(guests.quote(request))


@routes.post("/v1/guest/orders", status_code=201, tags=["Guests"])
@anyone
def place_guest_order(
    request: GuestOrderRequest, idempotency_key: IdempotencyKey
) -> Response[GuestOrderView]:
    """Place an order without an account. A mail has a link to it; `order_token` is what opens it.

    Sent again with the same key, it answers with the order as it now stands. Whoever registers with
    the address later, and confirms it, finds the order among their own.
    """
    placement = guests.place(request, idempotency_key, routes.client)
    view = GuestOrderView.from_model(placement.order, order_token=placement.token)
    return created_response(
        view,
        location=f"/v1/guest/orders/{view.id}",
        idempotency_replayed="true" if placement.is_replay else "false",
    )


@routes.get("/v1/guest/orders/<order_id>", tags=["Guests"])
@anyone
def get_guest_order(order_id: str, order_token: OrderToken = None) -> OrderView:
    """The order that the token in the mail's link, or in the answer of before, is of."""
    return OrderView.from_model(guests.view(order_id, order_token))


@routes.post("/v1/guest/orders/<order_id>/cancel", tags=["Guests"])
@anyone
def cancel_guest_order(
    order_id: str, request: CancelRequest, order_token: OrderToken = None
) -> OrderView:
    """Cancel the order before it is shipped. What was paid for it is paid back.

    A second time it answers the same.
    """
    return OrderView.from_model(guests.cancel(order_id, order_token, request.reason))
