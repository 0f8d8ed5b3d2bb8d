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
    StaffOrderDetail,
    StaffOrderView,
)
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.parameters import IdempotencyKey, OrderPageLimit, PageCursor
from shared.http.responses import JSON, accepted_response, created_response
from shared.http.schemas import Page
from shared.security.permissions import Permission
from shared.timestamps import Timestamp

routes = Routes()

WithStatus = Annotated[OrderStatus | None, Query(description="Only orders that are this now.")]
OfCustomer = Annotated[
    Customer | None,
    Query(description="Only this user's orders; or this guest's, by the e-mail address."),
]
PlacedFrom = Annotated[Timestamp | None, Query(description="Only orders placed then or later.")]
PlacedBefore = Annotated[
    Timestamp | None, Query(description="Only orders placed earlier than that.")
]


@routes.get("/v1/staff/orders", tags=["Fulfilment"])
@requires(Permission.READ_ALL_ORDERS)
def list_orders_for_staff(  # noqa: PLR0913 (each is a parameter of the query)
    *,
    status: WithStatus = None,
    customer: OfCustomer = None,
    placed_from: PlacedFrom = None,
    placed_before: PlacedBefore = None,
    limit: OrderPageLimit = 20,
    cursor: PageCursor = None,
) -> Page[StaffOrderView]:
    """Everybody's orders, newest first. What has changed within a second may be missing.

    A page may be short, or empty, and still have a successor: follow `next_cursor`.
    """
    query = OrderQuery(status, customer, placed_from, placed_before, limit, cursor)
    page = fulfilment.browse(routes.caller, query)
    items = [StaffOrderView.from_model(order) for order in page.items]
    return Page(items=items, next_cursor=page.next_cursor)


@routes.get("/v1/staff/orders/<order_id>", tags=["Fulfilment"])
@requires(Permission.READ_ALL_ORDERS)
def get_order_for_staff(order_id: str) -> StaffOrderDetail:
    """One order, with whose it is, its payment, its notes, and who did what."""
    return StaffOrderDetail.from_model(fulfilment.find(order_id))


@routes.post("/v1/orders/<order_id>/mark-paid", tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def mark_order_paid(order_id: str, request: MarkPaidRequest) -> StaffOrderDetail:
    """Say that the order was paid in a way that the shop is not told of, as by bank transfer.

    A payment that was begun at the provider is let go of; if it arrives all the same, it is paid
    back. A second time, with the same reference, it answers the same.
    """
    paid = fulfilment.mark_paid(routes.caller, order_id, request.reference)
    return StaffOrderDetail.from_model(paid)


@routes.post("/v1/orders/<order_id>/ship", tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def ship_order(order_id: str, request: ShipRequest) -> StaffOrderDetail:
    """Say that the order has left. A payment that was only authorized is captured then.

    A second time, with the same carrier and tracking number, it answers the same.
    """
    return StaffOrderDetail.from_model(fulfilment.ship(routes.caller, order_id, request))


@routes.post("/v1/orders/<order_id>/deliver", tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def deliver_order(order_id: str) -> StaffOrderDetail:
    """Say that the order has arrived. A second time it answers the same."""
    return StaffOrderDetail.from_model(fulfilment.deliver(routes.caller, order_id))


@routes.post("/v1/orders/<order_id>/return", tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def return_order(
    order_id: str, request: ReturnRequest, idempotency_key: IdempotencyKey
) -> Response[StaffOrderDetail]:
    """Say which units are back in stock, where they can be sold again. No money is paid back by it.

    Sent again with the same key, it changes nothing more and answers with the order as it stands.
    """
    outcome = fulfilment.take_back(routes.caller, order_id, request, idempotency_key)
    return _answer(200, outcome)


@routes.post("/v1/orders/<order_id>/refund", status_code=202, tags=["Fulfilment"])
@requires(Permission.REFUND_ORDERS)
def refund_order(
    order_id: str, request: RefundRequest, idempotency_key: IdempotencyKey
) -> Response[StaffOrderDetail]:
    """Pay back some of what was paid, or all that is left.

    The payment provider is asked for it afterwards: `refunds` tells what came of it. What was paid
    by hand is to be paid back by hand, and counts as done. An order that is paid back in full is
    `refunded`; if it had not been shipped, its units can be sold again.

    Sent again with the same key, it changes nothing more and answers with the order as it stands.
    """
    outcome = fulfilment.refund(routes.caller, order_id, request, idempotency_key)
    return _answer(202, outcome)


@routes.post("/v1/orders/<order_id>/notes", status_code=201, tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def add_note_to_order(order_id: str, request: NoteRequest) -> Response[StaffOrderDetail]:
    """Write down something about an order, for the shop's own people."""
    view = StaffOrderDetail.from_model(fulfilment.note(routes.caller, order_id, request.text))
    return created_response(view, location=f"/v1/staff/orders/{view.id}")


@routes.post("/v1/orders/<order_id>/resend-confirmation", status_code=202, tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def resend_confirmation_of_order(order_id: str) -> Response[Any]:
    """Have the order's confirmation mailed to its buyer once more."""
    fulfilment.confirm_again(routes.caller, order_id)
    return accepted_response()


def _answer(status: int, outcome: fulfilment.Outcome) -> Response[StaffOrderDetail]:
    return Response(
        status_code=status,
        content_type=JSON,
        body=StaffOrderDetail.from_model(outcome.order),
        headers={"Idempotency-Replayed": "false" if outcome.is_new else "true"},
    )
