from aws_lambda_powertools.event_handler import Response

from orders.checkout.schemas import CancelRequest, GuestOrderRequest, QuoteRequest
from orders.checkout.views import QuoteView
from orders.guests import service as guests
from orders.views import GuestOrderView, OrderView
from shared.http.api import Routes
from shared.http.authorization import anyone
from shared.http.parameters import IdempotencyKey, OrderToken
from shared.http.responses import created_response

routes = Routes()


@routes.post("/v1/guest/orders/quote", tags=["Guests"])
@anyone
def quote_guest_order(request: QuoteRequest) -> QuoteView:
    """Calculate what an order without an account would cost now.

    A quote changes nothing and reserves no stock. A promotion's limit per customer is checked
    only when the order is placed.
    """
    return QuoteView.from_model(guests.quote_order(request))


@routes.post("/v1/guest/orders", status_code=201, tags=["Guests"])
@anyone
def place_guest_order(
    request: GuestOrderRequest, idempotency_key: IdempotencyKey
) -> Response[GuestOrderView]:
    """Place an order without an account, once, however often you retry.

    The shop mails a link to the order; `order_token` is the token in that link. If you send the
    same key again, the answer is the order as it is now. Somebody who registers with the e-mail
    address later and confirms it finds the order among their own.
    """
    placement = guests.place_order(request, idempotency_key, routes.client)
    view = GuestOrderView.from_model(placement.order, order_token=placement.token)
    return created_response(
        view,
        location=f"/v1/guest/orders/{view.id}",
        idempotency_replayed="true" if placement.is_replay else "false",
    )


@routes.get("/v1/guest/orders/<order_id>", tags=["Guests"])
@anyone
def get_guest_order(order_id: str, order_token: OrderToken = None) -> OrderView:
    """Read the order that the token belongs to.

    Send the `order_token` of the placed order, or the token of the mail's link.
    """
    return OrderView.from_model(guests.get_order(order_id, order_token))


@routes.post("/v1/guest/orders/<order_id>/cancel", tags=["Guests"])
@anyone
def cancel_guest_order(
    order_id: str, request: CancelRequest, order_token: OrderToken = None
) -> OrderView:
    """Cancel the order that the token belongs to, before it is shipped.

    What was paid is refunded. If you repeat the request, you get the same answer.
    """
    return OrderView.from_model(guests.cancel_order(order_id, order_token, request.reason))
