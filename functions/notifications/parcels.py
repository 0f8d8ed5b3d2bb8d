"""What a mail says about a parcel, or about units that were cancelled. Pure.

The order says it, not the event: staff may have corrected the parcel since.
"""

from collections.abc import Mapping
from typing import Any

from notifications.relevance import find_parcel
from shared.events.all_events import AnyEvent
from shared.events.orders import OrderPartiallyCancelled, OrderPartiallyShipped, OrderShipped
from shared.money import Money
from shared.storage.models.orders import Order, OrderCancellation

Variables = dict[str, Any]


def describe(event: AnyEvent, order: Order) -> Variables:
    """The variables that the templates of the event have beside those of every order."""
    match event:
        case OrderPartiallyShipped() | OrderShipped():
            return {"parcel": _describe_parcel(event, order)}
        case OrderPartiallyCancelled():
            return _describe_cancellation(event, order)
    return {}


def _describe_parcel(event: OrderPartiallyShipped | OrderShipped, order: Order) -> Variables:
    parcel = find_parcel(event, order)
    known = parcel or event.data
    ordered = {line.product_id: int(line.quantity) for line in order.lines}
    is_part = parcel is not None and parcel.quantities_json != ordered
    return {
        "carrier": known.carrier,
        "tracking_number": known.tracking_number,
        "tracking_url": known.tracking_url,
        # A whole order is listed in its summary.
        "lines": _lines(order, parcel.quantities_json) if parcel and is_part else [],
        "is_rest": len(order.shipments) > 1,
        "is_more_to_come": order.status == "partially_shipped",
    }


def _describe_cancellation(event: OrderPartiallyCancelled, order: Order) -> Variables:
    cancellation = next(
        (
            known
            for known in order.cancellations
            if known.cancellation_id == event.data.cancellation_id
        ),
        None,
    )
    amount = event.data.amount
    return {
        "cancelled_lines": _lines(order, cancellation.quantities_json) if cancellation else [],
        "amount": str(amount) if amount.amount_minor else None,
        "money": _follow_money(order, cancellation, amount),
    }


def _follow_money(
    order: Order, cancellation: OrderCancellation | None, amount: Money
) -> str | None:
    """`paid_back`, `due`, or `not_charged`; None if there is nothing to say about money."""
    if cancellation is None or not amount.amount_minor:
        return None
    payment = order.payment
    if payment is None or not (payment.captured_minor or payment.manual_minor):
        return "not_charged"
    statuses = {refund.refund_id: refund.status for refund in order.refunds}
    if not cancellation.refund_id:
        return "due" if payment.manual_minor else None
    return {"succeeded": "paid_back", "requested": "due"}.get(statuses[cancellation.refund_id])


def _lines(order: Order, quantities: Mapping[str, int]) -> list[Variables]:
    return [
        {"quantity": int(quantities[line.product_id]), "name": line.name, "sku": line.sku}
        for line in order.lines
        if quantities.get(line.product_id)
    ]
