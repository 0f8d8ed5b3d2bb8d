"""What is decided about an order that was read, and what is written with it. Pure.

Each changes the order in memory and says what goes with that; None if it was done before, so that
a retry whose first answer was lost is answered like it. Nothing is changed by one that raises.
"""

from collections.abc import Mapping

from orders.lifecycle import anonymize, balances, order_events, order_quantities, refunds
from orders.lifecycle.anonymize import ERASED
from orders.lifecycle.transitions import (
    BEFORE_SHIPPING,
    FINISHED,
    Effects,
    advance,
    conflict,
    record,
    require_room,
)
from shared import clock, ids
from shared.errors.requests import IdempotencyKeyReused
from shared.events.all_events import OrderEvent
from shared.storage.models.orders import Order, OrderNote, OrderReturn, OrderShipment

SHOP = "shop"  # who acts where nobody does: on the clock, or by its own rules


def cancel(order: Order, *, by: str, is_staff: bool, reason: str | None) -> Effects | None:
    """Before it is shipped; by staff, after that too: then nothing comes back to stock by itself.

    What was received is paid back. Raises OrderStatusConflict.
    """
    if order.status == "cancelled":
        return None
    if not is_staff and order.status not in BEFORE_SHIPPING:
        raise conflict(order, "cancelled")
    advance(order, "cancelled", by=by, reason=reason)
    effects = Effects(
        events=[order_events.cancelled(order), *_void(order)],
        stock=order_quantities.give_back_unshipped(order),
        gives_promotion_back=True,
    )
    effects.add(refunds.refund_all(order, by=by, reason="cancelled"))
    return effects


def expire(order: Order) -> Effects | None:
    """Nobody has paid in time. None if it was paid, or given more time, meanwhile."""
    if order.status != "pending_payment" or order.expires_at > clock.utc_now():
        return None
    advance(order, "expired", by=SHOP)
    return Effects(
        events=[order_events.expired(order), *_void(order)],
        stock=order_quantities.give_back_unshipped(order),
        gives_promotion_back=True,
    )


def mark_paid_manually(order: Order, *, by: str, reference: str) -> Effects | None:
    """Staff have seen the money; also in place of a payment that was lost.

    Raises OrderStatusConflict.
    """
    payment = balances.payment_of(order)
    if payment.manual_minor and payment.reference == reference:
        return None
    effects = Effects()
    if balances.is_lost(order):
        record(order, "paid_manually", by=by, reason=reference)
    else:
        advance(order, "paid", by=by, reason=reference)
        effects.events += [order_events.paid(order), *_void(order)]
    payment.manual_minor, payment.reference = balances.total_minor(order), reference
    order.payment = payment
    return effects


def ship(order: Order, *, by: str, carrier: str, tracking_number: str | None) -> Effects | None:
    """Raises OrderStatusConflict, also where the payment was lost, or is all being paid back."""
    shipment = OrderShipment(carrier=carrier, tracking_number=tracking_number)
    if order.status in ("shipped", "delivered") and _same(order.shipment, shipment):
        return None
    if balances.is_being_paid_back(order) or balances.is_lost(order):
        raise conflict(order, "shipped")
    advance(order, "shipped", by=by)
    order.shipment = shipment
    effects = Effects(
        events=[order_events.shipped(order, shipment)], stock=order_quantities.ship(order)
    )
    payment = balances.payment_of(order)
    if payment.status == balances.AUTHORIZED and not payment.manual_minor:
        effects.events.append(order_events.capture_requested(order))
    return effects


def deliver(order: Order, *, by: str) -> Effects | None:
    """Raises OrderStatusConflict."""
    if order.status == "delivered":
        return None
    advance(order, "delivered", by=by)
    return Effects(events=[order_events.delivered(order)])


def return_items(  # noqa: PLR0913 (what a return is)
    order: Order,
    quantities: Mapping[str, int],
    *,
    by: str,
    reason: str | None,
    key: str,
    fingerprint: str,
) -> Effects | None:
    """Units of the order are in stock again. `key` tells one return of the order from another.

    Raises ReturnQuantityExceeded, IdempotencyKeyReused, OrderStatusConflict (an order that is not paid is
    cancelled instead), and OrderEntryLimitReached.
    """
    return_id = ids.derived_id("ret", order.order_id, key)
    for known in order.returns:
        if known.return_id == return_id:
            require_same(known.fingerprint, fingerprint)
            return None
    if order.status == "pending_payment":
        raise conflict(order, "returned")
    require_room(order, order.returns)
    moves = order_quantities.give_back(order, quantities)
    order.returns.append(
        OrderReturn(
            return_id=return_id,
            quantities_json=dict(quantities),
            reason=reason,
            by=by,
            at=clock.utc_now(),
            fingerprint=fingerprint,
        )
    )
    record(order, "returned", by=by, reason=reason)
    return Effects(events=[order_events.returned(order, quantities)], stock=moves)


def refund(  # noqa: PLR0913 (what a refund is)
    order: Order,
    amount_minor: int | None,
    *,
    by: str,
    reason: str | None,
    key: str,
    fingerprint: str,
) -> Effects | None:
    """Pay that much back, or all that is left: of what the provider captured, else of what was paid
    by hand. `key` tells one refund of the order from another.

    Raises RefundTooLarge, IdempotencyKeyReused and OrderEntryLimitReached.
    """
    key = f"asked for {key}"  # no key of a client's is one of those that are paid back unasked
    known = refunds.find(order, refunds.refund_id(order, key))
    if known:
        require_same(known.fingerprint, fingerprint)
        return None
    require_room(order, order.refunds)
    if amount_minor is None:
        by_provider, manual = (balances.left_minor(order, manual=it) for it in (False, True))
        amount_minor = by_provider or manual or 1  # more than nothing, and so too much
    return refunds.request_refund(
        order, amount_minor, by=by, reason=reason, key=key, fingerprint=fingerprint
    )


def erase(order: Order) -> Effects | None:
    """Its buyer's account was deleted: nobody pays for it any more, but what is paid is sent."""
    if order.fingerprint == ERASED or order.is_erased_when_sent:
        return None
    if order.status == "paid":
        order.is_erased_when_sent = True
        return Effects()
    is_open = order.status == "pending_payment"
    effects = cancel(order, by=SHOP, is_staff=True, reason="account_deleted") if is_open else None
    anonymize.erase(order)
    return effects or Effects()


def note(order: Order, text: str, *, by: str) -> Effects:
    """Raises OrderEntryLimitReached."""
    require_room(order, order.notes)
    order.notes.append(OrderNote(text=text, by=by, at=clock.utc_now()))
    return Effects()


def confirm_again(order: Order) -> Effects:
    """The mail about it is sent once more. Raises OrderStatusConflict for one that is over."""
    if order.status in FINISHED:
        raise conflict(order, "confirmed")
    return Effects(events=[order_events.confirmation_requested(order)])


def require_same(known: str | None, fingerprint: str | None) -> None:
    """Raises IdempotencyKeyReused."""
    if known != fingerprint:
        raise IdempotencyKeyReused(
            "This Idempotency-Key was sent with another request. Use a new key for a new one."
        )


def _same(known: OrderShipment | None, shipment: OrderShipment) -> bool:
    return (
        known is not None
        and known.carrier == shipment.carrier
        and known.tracking_number == shipment.tracking_number
    )


def _void(order: Order) -> list[OrderEvent]:
    """Of a payment that was begun and that nobody waits for any more."""
    if order.payment and order.payment.status in (balances.STARTED, balances.AUTHORIZED):
        return [order_events.void_requested(order)]
    return []
