from aws_lambda_powertools.event_handler import Response

from orders import service as orders
from orders.schemas import OrderRequest, OrderView
from shared.answers import created
from shared.api import create_api
from shared.auth import Permission
from shared.callers import requires
from shared.config import CursorSettings
from shared.parameters import IdempotencyKey, PageCursor, PageLimit
from shared.schemas import Page

api = create_api(CursorSettings)
handler = api.resolve


@api.post("/v1/orders", status_code=201, tags=["Orders"])
@requires(Permission.PLACE_ORDERS)
def place_order(request: OrderRequest, idempotency_key: IdempotencyKey) -> Response[OrderView]:
    """Place an order. Sent again with the same key, it answers with the order as it now stands."""
    placement = orders.place(api.caller, request, idempotency_key)
    view = OrderView.of(placement.order)
    return created(
        view,
        location=f"/v1/orders/{view.id}",
        idempotency_replayed="true" if placement.is_replay else "false",
    )


@api.get("/v1/orders", tags=["Orders"])
@requires(Permission.PLACE_ORDERS)
def list_orders(limit: PageLimit = 20, cursor: PageCursor = None) -> Page[OrderView]:
    """Your own orders, newest first."""
    page = orders.mine(api.caller, limit=limit, cursor=cursor)
    return Page(items=[OrderView.of(order) for order in page.items], next_cursor=page.next_cursor)


@api.get("/v1/orders/<order_id>", tags=["Orders"])
@requires(Permission.PLACE_ORDERS)
def get_order(order_id: str) -> OrderView:
    """One of your orders; staff may see anyone's."""
    return OrderView.of(orders.view(api.caller, order_id))
