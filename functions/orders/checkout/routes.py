from aws_lambda_powertools.event_handler import Response

from orders.checkout import service as orders
from orders.checkout.schemas import CancelRequest, OrderRequest, QuoteRequest
from orders.checkout.views import QuoteView
from orders.views import OrderView
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.parameters import IdempotencyKey, OrderPageLimit, PageCursor
from shared.http.responses import created_response
from shared.http.schemas import Page, fit_view
from shared.security.permissions import Permission

routes = Routes()


@routes.post("/v1/orders/quote", tags=["Orders"])
@requires(Permission.PLACE_ORDERS)
def quote_order(request: QuoteRequest) -> QuoteView:
    """Get the prices, discount, shipping and tax of an order before you place it.

    A quote changes nothing and reserves no stock. `backordered` of a line has the units that are
    not in stock now, of a product that can be back-ordered. More units of a product than its
    `quantity_limits` are refused as in an order: 422 `quantity_limit_exceeded`.
    """
    return QuoteView.from_model(orders.quote_order(routes.caller, request))


@routes.post("/v1/orders", status_code=201, tags=["Orders"])
@requires(Permission.PLACE_ORDERS)
def place_order(request: OrderRequest, idempotency_key: IdempotencyKey) -> Response[OrderView]:
    """Place an order, and get it with its id, prices and status.

    The same `Idempotency-Key` never places a second order: you get the first order in its current
    state. The key of a placed order never expires. You can reuse the key of a refused request.

    Each line has at most the units in the product's `quantity_limits` (422
    `quantity_limit_exceeded`). Your unpaid orders can hold only so many units at once (409
    `held_stock_limit_reached`): pay or cancel one of them, or order fewer units.

    To order your cart, send its lines and its version as `cart_version`. The order empties the
    cart. If the cart has changed since you read it, you get 409 `cart_changed` and no order.
    """
    placement = orders.place_order(routes.caller, request, idempotency_key, routes.client)
    view = OrderView.from_model(placement.order)
    return created_response(
        view,
        location=f"/v1/orders/{view.id}",
        idempotency_replayed="true" if placement.is_replay else "false",
    )


@routes.get("/v1/orders", tags=["Orders"])
@requires(Permission.PLACE_ORDERS)
def list_orders(limit: OrderPageLimit = 20, cursor: PageCursor = None) -> Page[OrderView]:
    """List your own orders with their lines, totals and status, newest first."""

    def load(limit: int) -> Page[OrderView]:
        page = orders.list_orders(routes.caller, limit=limit, cursor=cursor)
        items = [OrderView.from_model(order) for order in page.items]
        return Page(items=items, next_cursor=page.next_cursor)

    return fit_view(load, limit)


@routes.get("/v1/orders/<order_id>", tags=["Orders"])
@requires(Permission.PLACE_ORDERS)
def get_order(order_id: str) -> OrderView:
    """Get one of your orders with its status, payment and shipment.

    Staff can get the order of any buyer.
    """
    return OrderView.from_model(orders.get_order(routes.caller, order_id))


@routes.post("/v1/orders/<order_id>/cancel", tags=["Orders"])
@requires(Permission.PLACE_ORDERS)
def cancel_order(order_id: str, request: CancelRequest) -> OrderView:
    """Cancel one of your orders before it is shipped, and get the cancelled order.

    The shop refunds what was paid through the payment provider. Staff refund a manual payment
    themselves. If you repeat the request, you get the same answer.

    Staff can cancel the order of any buyer, also after it is shipped. Shipped items are not
    restocked automatically. If the order is paid, staff need the permission `orders:refund`.
    """
    return OrderView.from_model(orders.cancel_order(routes.caller, order_id, request.reason))
