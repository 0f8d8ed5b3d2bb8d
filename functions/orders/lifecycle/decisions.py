"""What may be done to an order, and what is written with it. Pure.

Each function changes the order in memory and returns its effects, or None when the change was
made before: a client that retries after a lost answer gets the same answer. A function that
raises has changed nothing.
"""

from collections.abc import Mapping

from orders.lifecycle import balances, order_events, order_quantities, refunds, transitions
from orders.lifecycle.effects import Effects
from orders.lifecycle.transitions import (
    ANONYMIZED,
    BEFORE_SHIPPING,
    FINISHED,
    SHOP_ACTOR,
    TO_SHIP,
    change_status,
    record_event,
    require_next,
    require_room_for_entry,
    status_conflict,
)
from shared import clock, ids
from shared.errors.requests import IdempotencyKeyReused
from shared.events.orders import OrderEvent
from shared.storage.models.orders import Order, OrderNote, OrderReturn


def cancel(order: Order, *, by: str, is_staff: bool, reason: str | None) -> Effects | None:
    """Cancel the order and refund what was received. Raises OrderStatusConflict.

    Only staff cancel an order that was shipped; its units are not restocked automatically.
    """
    if order.status == "cancelled":
        return None
    if not is_staff and order.status not in BEFORE_SHIPPING:
        raise status_conflict(order, "cancelled")
    require_next(order, "cancelled")
    stock = order_quantities.restock_unshipped(order)
    change_status(order, "cancelled", by=by, reason=reason)
    effects = Effects(
        events=[order_events.cancelled(order), *_void_events(order)],
        stock=stock,
        releases_promotion=True,
    )
    effects.add(refunds.refund_all(order, by=by, reason="cancelled"))
    return effects


def expire(order: Order) -> Effects | None:
    """Expire an order that was not paid in time. None if it is paid or has time left."""
    if order.status != "pending_payment" or order.expires_at > clock.utc_now():
        return None
    stock = order_quantities.restock_unshipped(order)
    change_status(order, "expired", by=SHOP_ACTOR)
    return Effects(
        events=[order_events.expired(order), *_void_events(order)],
        stock=stock,
        releases_promotion=True,
    )


def mark_paid_manually(order: Order, *, by: str, reference: str) -> Effects | None:
    """Record money that staff received, also in place of a lost authorization.

    Raises OrderStatusConflict.
    """
    payment = balances.payment_or_empty(order)
    if payment.manual_minor and payment.reference == reference:
        return None
    effects = Effects()
    if balances.has_lost_authorization(order):
        record_event(order, "paid_manually", by=by, reason=reference)
    else:
        change_status(order, "paid", by=by, reason=reference)
        effects.events += [order_events.paid(order), *_void_events(order)]
    payment.manual_minor, payment.reference = balances.due_minor(order), reference
    order.payment = payment
    return effects


def deliver(order: Order, *, by: str) -> Effects | None:
    """Raises OrderStatusConflict."""
    if order.status == "delivered":
        return None
    change_status(order, "delivered", by=by)
    return Effects(events=[order_events.delivered(order)])


def return_items(  # noqa: PLR0913 (the fields of a return)
    order: Order,
    quantities: Mapping[str, int],
    *,
    by: str,
    reason: str | None,
    key: str,
    fingerprint: str,
) -> Effects | None:
    """Restock returned units: shipped ones, or those of a paid order that is not shipped.

    `key` identifies the return within the order.

    Raises ReturnQuantityExceeded, IdempotencyKeyReused, OrderEntryLimitReached, and
    OrderStatusConflict for an unpaid order: cancel that instead.
    """
    return_id = ids.derived_id("ret", order.order_id, key)
    for known in order.returns:
        if known.return_id == return_id:
            require_same_request(known.fingerprint, fingerprint)
            return None
    if order.status == "pending_payment":
        raise status_conflict(order, "returned")
    require_room_for_entry(order, order.returns)
    moves = order_quantities.restock(order, quantities)
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
    record_event(order, "returned", by=by, reason=reason)
    return Effects(events=[order_events.returned(order, quantities)], stock=moves)


def refund(  # noqa: PLR0913 (the fields of a refund)
    order: Order,
    amount_minor: int | None,
    *,
    by: str,
    reason: str | None,
    key: str,
    fingerprint: str,
) -> Effects | None:
    """Refund this amount; with None, all that the provider captured, else all that staff received.

    `key` identifies the refund within the order. Raises RefundTooLarge, IdempotencyKeyReused and
    OrderEntryLimitReached.
    """
    key = f"requested {key}"  # keeps clients' keys apart from those of automatic refunds
    known = refunds.find_refund(order, refunds.refund_id(order, key))
    if known:
        require_same_request(known.fingerprint, fingerprint)
        return None
    require_room_for_entry(order, order.refunds)
    if amount_minor is None:
        by_provider = balances.provider_refundable_minor(order)
        # 1 when nothing is left, so that the request is refused as too large.
        amount_minor = by_provider or balances.manual_refundable_minor(order) or 1
    return refunds.request_refund(
        order, amount_minor, by=by, reason=reason, key=key, fingerprint=fingerprint
    )


def anonymize(order: Order, *, user_id: str) -> Effects | None:
    """Remove the personal data of a buyer whose account was deleted.

    An unpaid order is cancelled. A paid order keeps its address until all of it is shipped. None
    if staff gave the order to another buyer before.
    """
    if order.buyer_id != user_id:
        return None
    if order.fingerprint == ANONYMIZED or order.awaits_anonymization:
        return None
    if order.status in TO_SHIP:
        order.awaits_anonymization = True
        return Effects()
    effects = None
    if order.status == "pending_payment":
        effects = cancel(order, by=SHOP_ACTOR, is_staff=True, reason="account_deleted")
    transitions.anonymize(order)
    return effects or Effects()


def link_to_user(order: Order, *, user_id: str, email: str) -> Effects | None:
    """Give a guest's order to the user who confirmed its e-mail address.

    None if the order has another address by now, or none: it was linked before, or anonymized.
    """
    if order.guest_email != email:
        return None
    order.buyer_id, order.guest_email = user_id, None
    return Effects()


def add_note(order: Order, text: str, *, by: str) -> Effects:
    """Raises OrderEntryLimitReached."""
    require_room_for_entry(order, order.notes)
    order.notes.append(OrderNote(text=text, by=by, at=clock.utc_now()))
    return Effects()


def resend_confirmation(order: Order) -> Effects:
    """Request the confirmation mail again. Raises OrderStatusConflict for a finished order."""
    if order.status in FINISHED:
        raise status_conflict(order, "confirmed")
    return Effects(events=[order_events.confirmation_requested(order)])


def require_same_request(known: str | None, fingerprint: str | None) -> None:
    """Compare the fingerprints of two requests with one key. Raises IdempotencyKeyReused."""
    if known != fingerprint:
        raise IdempotencyKeyReused


def _void_events(order: Order) -> list[OrderEvent]:
    """Ask the provider to void a payment that was started and is no longer needed."""
    if order.payment and order.payment.status in (balances.STARTED, balances.AUTHORIZED):
        return [order_events.void_requested(order)]
    return []
