"""Cancels units that are not shipped yet, and pays them back. Pure; as in `decisions`.

A unit is worth its share of what its line costs: after the discount, and with the tax that was
added. Shares are rounded down to whole minor units, and the last cancelled unit of a line takes the
rest: all units together are worth exactly the line. Shipping is paid back with a whole order only.
"""

from collections.abc import Mapping

from orders.lifecycle import balances, decisions, order_events, order_quantities, refunds
from orders.lifecycle.cancelled_taxes import share_of_line, taxes_of_rest, taxes_of_units
from orders.lifecycle.effects import Effects
from orders.lifecycle.transitions import (
    TO_SHIP,
    change_status,
    record_event,
    require_room_for_entry,
    status_conflict,
)
from shared import clock, ids
from shared.records import Record
from shared.storage.models.orders import Order, OrderCancellation, OrderLine


class Worth(Record):
    """What units cost, and the tax in it."""

    amount_minor: int
    tax_minor: int


def cancel_units(  # noqa: PLR0913 (the fields of a cancellation)
    order: Order,
    quantities: Mapping[str, int] | None,
    *,
    by: str,
    reason: str | None,
    key: str,
    fingerprint: str,
) -> Effects | None:
    """Cancel these open units by product, or all of them. `key` identifies the cancellation.

    Without its last open unit, an order is shipped, or cancelled if no parcel has left. Raises
    OpenQuantityExceeded, IdempotencyKeyReused, OrderEntryLimitReached and OrderStatusConflict.
    """
    cancellation_id = ids.derived_id("cnl", order.order_id, key)
    for known in order.cancellations:
        if known.cancellation_id == cancellation_id:
            decisions.require_same_request(known.fingerprint, fingerprint)
            return None
    open_units = order_quantities.count_open(order)
    if order.status not in TO_SHIP or not open_units:
        raise status_conflict(order, "cancelled")
    chosen = order_quantities.choose_open(order, quantities)
    require_room_for_entry(order, order.cancellations)
    is_rest = sum(chosen.values()) == open_units
    is_whole = is_rest and order.status == "paid"
    worth = worth_of_rest(order) if is_whole else worth_of_units(order, chosen)
    cancellation = OrderCancellation(
        cancellation_id=cancellation_id,
        quantities_json=chosen,
        amount_minor=worth.amount_minor,
        tax_minor=worth.tax_minor,
        taxes=taxes_of_rest(order) if is_whole else taxes_of_units(order, chosen),
        reason=reason,
        by=by,
        at=clock.utc_now(),
        fingerprint=fingerprint,
    )
    if is_whole:
        effects = decisions.cancel(order, by=by, is_staff=True, reason=reason) or Effects()
        order.cancellations.append(cancellation)
        return effects
    return _cancel_part(order, cancellation, is_rest=is_rest)


def worth_of_units(order: Order, quantities: Mapping[str, int]) -> Worth:
    """Of open units, after those that were cancelled before."""
    units = order_quantities.units_by_product(order)
    amount_minor = tax_minor = 0
    for line in order.lines:
        quantity = quantities.get(line.product_id, 0)
        before = units[line.product_id].cancelled
        charged, tax = _charged_minor(order, line), int(line.tax_minor)
        amount_minor += share_of_line(line, charged, before + quantity) - share_of_line(
            line, charged, before
        )
        tax_minor += share_of_line(line, tax, before + quantity) - share_of_line(line, tax, before)
    return Worth(amount_minor, tax_minor)


def worth_of_rest(order: Order) -> Worth:
    """All that the order still costs, shipping too."""
    cancelled_tax = sum(int(cancellation.tax_minor) for cancellation in order.cancellations)
    return Worth(balances.due_minor(order), int(order.totals.tax_minor) - cancelled_tax)


def _cancel_part(order: Order, cancellation: OrderCancellation, *, is_rest: bool) -> Effects:
    effects = Effects(stock=order_quantities.cancel(order, cancellation.quantities_json))
    # Before the refund: a refund of everything finishes the order.
    order.cancellations.append(cancellation)
    record_event(order, "partially_cancelled", by=cancellation.by, reason=cancellation.reason)
    if is_rest:
        change_status(order, "shipped", by=cancellation.by)
        effects.events.append(order_events.shipped(order, None))
    effects.add(_pay_back(order, cancellation))
    effects.events.append(order_events.partially_cancelled(order, cancellation))
    return effects


def _pay_back(order: Order, cancellation: OrderCancellation) -> Effects:
    """Refund the amount, less what was refunded before.

    Nothing is received of a payment that is only authorized: the shop captures less of it.
    """
    by_provider = balances.provider_refundable_minor(order)
    amount_minor = min(int(cancellation.amount_minor), by_provider)
    if amount_minor:
        key = f"cancellation {cancellation.cancellation_id}"
        cancellation.refund_id = refunds.refund_id(order, key)
        return refunds.request_refund(
            order, amount_minor, by=cancellation.by, reason=cancellation.reason, key=key
        )
    if cancellation.amount_minor and balances.manual_refundable_minor(order):
        record_event(order, "manual_refund_required", by=cancellation.by)
        return Effects(events=[order_events.manual_refund_required(order)])
    return Effects()


def _charged_minor(order: Order, line: OrderLine) -> int:
    added_tax = 0 if order.tax_included else int(line.tax_minor)
    return int(line.line_total_minor) - int(line.discount_minor) + added_tax
