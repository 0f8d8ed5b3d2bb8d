from aws_lambda_powertools.event_handler import Response

from orders import service as orders
from orders.guests.routes import routes as guests
from orders.pricing.schemas import QuoteView
from orders.schemas import CancelRequest, OrderRequest, OrderView, QuoteRequest
from shared.config import CursorSettings, GuestSettings
from shared.http.api import create_api
from shared.http.authorization import requires
from shared.http.parameters import IdempotencyKey, OrderPageLimit, PageCursor
from shared.http.responses import created_response
from shared.http.schemas import Page
from shared.security.permissions import Permission

api = create_api(CursorSettings, GuestSettings)
api.include_router(guests)
handler = api.resolve


@api.post("/v1/orders/quote", tags=["Orders"])
@requires(Permission.PLACE_ORDERS)
def quote_order(request: QuoteRequest) -> QuoteView:
    """What an order would cost you now. Nothing is changed, and no stock is kept for you."""
    return QuoteView.from_model(orders.quote(orders.buyer(api.caller), request))


@api.post("/v1/orders", status_code=201, tags=["Orders"])
@requires(Permission.PLACE_ORDERS)
def place_order(request: OrderRequest, idempotency_key: IdempotencyKey) -> Response[OrderView]:
    """Place an order. Sent again with the same key, it answers with the order as it now stands.

    A key is kept as long as the order that it has placed: for ever. A request that was refused
    leaves its key free.
    """
    placement = orders.place_own(api.caller, request, idempotency_key)
    view = OrderView.from_model(placement.order)
    return created_response(
        view,
        location=f"/v1/orders/{view.id}",
        idempotency_replayed="true" if placement.is_replay else "false",
    )


@api.get("/v1/orders", tags=["Orders"])
@requires(Permission.PLACE_ORDERS)
def list_orders(limit: OrderPageLimit = 20, cursor: PageCursor = None) -> Page[OrderView]:
    """Your own orders, newest first."""
    page = orders.mine(api.caller, limit=limit, cursor=cursor)
    return Page(
        items=[OrderView.from_model(order) for order in page.items], next_cursor=page.next_cursor
    )


@api.get("/v1/orders/<order_id>", tags=["Orders"])
@requires(Permission.PLACE_ORDERS)
def get_order(order_id: str) -> OrderView:
    """One of your orders; staff may see anyone's."""
    return OrderView.from_model(orders.view(api.caller, order_id))


@api.post("/v1/orders/<order_id>/cancel", tags=["Orders"])
@requires(Permission.PLACE_ORDERS)
def cancel_order(order_id: str, request: CancelRequest) -> OrderView:
    """Cancel one of your orders before it is shipped; staff may cancel any. What was paid for it
    is paid back.

    A second time it answers the same.
    """
    return OrderView.from_model(orders.cancel(api.caller, order_id, request.reason))
