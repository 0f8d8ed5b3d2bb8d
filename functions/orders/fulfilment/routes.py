from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from orders.fulfilment import service as fulfilment
from orders.fulfilment.schemas import (
    Customer,
    MarkPaidRequest,
    NoteRequest,
    OrderQuery,
    OrderStatus,
    RefundRequest,
    ReturnRequest,
    ShipRequest,
)
from orders.fulfilment.views import StaffOrderDetail, StaffOrderView
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.parameters import IdempotencyKey, IfNoneMatch, OrderPageLimit, PageCursor
from shared.http.responses import JSON, accepted_response, created_response, ok_response
from shared.http.schemas import Page, fit_view
from shared.security.permissions import Permission
from shared.storage.models.orders import Order
from shared.timestamps import Timestamp

routes = Routes()

StatusFilter = Annotated[
    OrderStatus | None, Query(description="Only orders that have this status now.")
]
CustomerFilter = Annotated[
    Customer | None,
    Query(description="Only orders of this user id, or of the guest with this e-mail address."),
]
PlacedFrom = Annotated[
    Timestamp | None, Query(description="Only orders placed at this time or later.")
]
PlacedBefore = Annotated[
    Timestamp | None, Query(description="Only orders placed before this time.")
]


@routes.get("/v1/staff/orders", tags=["Fulfilment"])
@requires(Permission.READ_ALL_ORDERS)
def list_staff_orders(  # noqa: PLR0913 (the parameters of the query)
    *,
    status: StatusFilter = None,
    customer: CustomerFilter = None,
    placed_from: PlacedFrom = None,
    placed_before: PlacedBefore = None,
    limit: OrderPageLimit = 20,
    cursor: PageCursor = None,
) -> Page[StaffOrderView]:
    """List the orders of all buyers, newest first.

    A change can take a second to appear in the list. A page can be short or empty and still have a
    next page: follow `next_cursor` until it is null.
    """

    def load(limit: int) -> Page[StaffOrderView]:
        query = OrderQuery(status, customer, placed_from, placed_before, limit, cursor)
        page = fulfilment.list_orders(routes.caller, query)
        items = [StaffOrderView.from_model(order) for order in page.items]
        return Page(items=items, next_cursor=page.next_cursor)

    return fit_view(load, limit)


@routes.get("/v1/staff/orders/<order_id>", tags=["Fulfilment"])
@requires(Permission.READ_ALL_ORDERS)
def get_staff_order(order_id: str, if_none_match: IfNoneMatch = None) -> Response[StaffOrderDetail]:
    """Get an order with its buyer, payment, returns, notes, and who made each change."""
    view = StaffOrderDetail.from_model(fulfilment.get_order(order_id))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.post("/v1/orders/<order_id>/mark-paid", tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def mark_order_paid(order_id: str, request: MarkPaidRequest) -> StaffOrderDetail:
    """Record a payment that the shop received itself, for example by bank transfer.

    If the buyer has started a payment at the payment provider, the shop voids that payment. If the
    provider still receives money for it, the shop refunds the money. If you repeat the request with
    the same reference, you get the same answer.
    """
    order = fulfilment.mark_order_paid(routes.caller, order_id, request.reference)
    return StaffOrderDetail.from_model(order)


@routes.post("/v1/orders/<order_id>/ship", tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def ship_order(order_id: str, request: ShipRequest) -> StaffOrderDetail:
    """Record that the carrier has the order, and mail the buyer.

    If the payment is only authorized, the shop now captures it. If you repeat the request with the
    same carrier and tracking number, you get the same answer.
    """
    return StaffOrderDetail.from_model(fulfilment.ship_order(routes.caller, order_id, request))


@routes.post("/v1/orders/<order_id>/deliver", tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def deliver_order(order_id: str) -> StaffOrderDetail:
    """Record that the buyer has received a shipped order.

    If you repeat the request, you get the same answer.
    """
    return StaffOrderDetail.from_model(fulfilment.deliver_order(routes.caller, order_id))


@routes.post("/v1/orders/<order_id>/return", tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def return_order(
    order_id: str, request: ReturnRequest, idempotency_key: IdempotencyKey
) -> Response[StaffOrderDetail]:
    """Restock units that the buyer has returned, so that they can be sold again.

    This refunds no money: use `POST /v1/orders/{order_id}/refund` for that. If you send the same
    `Idempotency-Key` again, nothing more changes and you get the order in its current state.
    """
    outcome = fulfilment.return_order(routes.caller, order_id, request, idempotency_key)
    return _answer(200, outcome.order, is_new=outcome.is_new)


@routes.post("/v1/orders/<order_id>/refund", status_code=202, tags=["Fulfilment"])
@requires(Permission.REFUND_ORDERS)
def refund_order(
    order_id: str, request: RefundRequest, idempotency_key: IdempotencyKey
) -> Response[StaffOrderDetail]:
    """Request a refund of a part of what was paid, or of all that is left.

    The shop then sends the refund to the payment provider. `refunds` of the order has the result.
    If the shop received the payment itself, staff pay the money back themselves, and the refund
    counts as succeeded at once. When everything is refunded, the order becomes `refunded`,
    unless it is cancelled or expired. If the order was not shipped, its units are
    restocked.

    If you send the same `Idempotency-Key` again, nothing more changes and you get the order in its
    current state.
    """
    outcome = fulfilment.refund_order(routes.caller, order_id, request, idempotency_key)
    return _answer(202, outcome.order, is_new=outcome.is_new)


@routes.post("/v1/orders/<order_id>/notes", status_code=201, tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def add_order_note(order_id: str, request: NoteRequest) -> Response[StaffOrderDetail]:
    """Add a note for staff to an order; its buyer does not see the note."""
    order = fulfilment.add_order_note(routes.caller, order_id, request.text)
    view = StaffOrderDetail.from_model(order)
    return created_response(view, location=f"/v1/staff/orders/{view.id}")


@routes.post("/v1/orders/<order_id>/resend-confirmation", status_code=202, tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def resend_order_confirmation(order_id: str) -> Response[Any]:
    """Send the confirmation mail of an order to its buyer again.

    If the order is cancelled, expired or refunded, you get 409 and the shop sends no mail.
    """
    fulfilment.resend_order_confirmation(routes.caller, order_id)
    return accepted_response()


def _answer(status: int, order: Order, *, is_new: bool) -> Response[StaffOrderDetail]:
    return Response(
        status_code=status,
        content_type=JSON,
        body=StaffOrderDetail.from_model(order),
        headers={"Idempotency-Replayed": "false" if is_new else "true"},
    )
