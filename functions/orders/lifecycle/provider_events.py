"""What the payment provider reports, in any order and any number of times. Pure.

As in `decisions`: each function changes the order in memory and returns what to write with it, or
None when the report is not new.
"""

from datetime import timedelta

from orders.lifecycle import balances, order_events, refunds
from orders.lifecycle.balances import AUTHORIZED, CAPTURED, STARTED, VOID
from orders.lifecycle.effects import Effects
from orders.lifecycle.transitions import (
    FINISHED,
    PROVIDER_ACTOR,
    change_status,
    record_event,
    status_conflict,
)
from shared import clock
from shared.errors.orders import OrderExpiredUnpaid
from shared.storage.models.orders import Order

PAYMENT_EXTENSION = timedelta(minutes=15)  # least time to pay, from the start of a first payment


class PaymentMismatch(Exception):
    """The report fits no payment of this order; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def require_payable(order: Order) -> None:
    """Raises OrderStatusConflict and OrderExpiredUnpaid."""
    if order.status != "pending_payment":
        raise status_conflict(order, "paid")
    if order.expires_at <= clock.utc_now():
        raise OrderExpiredUnpaid


def start_payment(order: Order, *, provider: str, payment_id: str) -> Effects | None:
    """Record a payment that was started at the provider. Raises what `require_payable` does."""
    require_payable(order)
    payment = balances.payment_or_empty(order)
    if payment.payment_id == payment_id:
        return None
    if not payment.payment_id:
        order.expires_at = max(order.expires_at, clock.utc_now() + PAYMENT_EXTENSION)
    # A new payment replaces one that was voided.
    payment.provider, payment.payment_id, payment.status = provider, payment_id, STARTED
    order.payment = payment
    return Effects()


def apply_authorization(
    order: Order, *, provider: str, payment_id: str, amount_minor: int
) -> Effects | None:
    """Record that the payment can be captured. Raises PaymentMismatch."""
    _require_match(order, payment_id, amount_minor)
    payment = balances.payment_or_empty(order)
    if payment.status in (AUTHORIZED, CAPTURED, VOID):
        return None
    payment.provider, payment.payment_id, payment.status = provider, payment_id, AUTHORIZED
    order.payment = payment
    if order.status == "pending_payment":
        change_status(order, "paid", by=PROVIDER_ACTOR)
        return Effects(events=[order_events.paid(order)])
    record_event(order, "paid_late", by=PROVIDER_ACTOR)
    return Effects(events=[order_events.void_requested(order)])


def apply_capture(
    order: Order, *, provider: str, payment_id: str, amount_minor: int
) -> Effects | None:
    """Record that the shop has the money, and refund what the order no longer needs of it.

    What was cancelled before is not captured, unless that was at the same moment, or somebody
    captured everything at the provider. Raises PaymentMismatch.
    """
    _require_match(order, payment_id, amount_minor, least_minor=balances.due_minor(order))
    payment = balances.payment_or_empty(order)
    if payment.captured_minor:
        return None
    is_needed = order.status not in FINISHED and not payment.manual_minor
    payment.provider, payment.payment_id, payment.status = provider, payment_id, CAPTURED
    payment.captured_minor = amount_minor
    order.payment = payment
    if order.status == "pending_payment":
        change_status(order, "paid", by=PROVIDER_ACTOR)
        return Effects(events=[order_events.paid(order)])
    if is_needed:
        record_event(order, "captured", by=PROVIDER_ACTOR)
        return _refund_excess(order, amount_minor - balances.due_minor(order), reason="cancelled")
    record_event(order, "paid_late", by=PROVIDER_ACTOR)
    return _refund_excess(order, amount_minor, reason="paid_late")


def _refund_excess(order: Order, amount_minor: int, *, reason: str) -> Effects:
    """Request it, less what a dispute took."""
    amount_minor = min(amount_minor, balances.provider_refundable_minor(order))
    if amount_minor <= 0:
        return Effects()
    return refunds.request_refund(
        order, amount_minor, by=PROVIDER_ACTOR, reason=reason, key="paid_late"
    )


def apply_void(order: Order, *, payment_id: str) -> Effects | None:
    """Record that the provider voided the payment. A payment that was replaced is ignored."""
    payment = balances.payment_or_empty(order)
    if payment.payment_id != payment_id or payment.status in (CAPTURED, VOID):
        return None
    was_authorized = payment.status == AUTHORIZED and order.status not in FINISHED
    payment.status = VOID
    if was_authorized and not payment.manual_minor and balances.due_minor(order):
        record_event(order, "authorization_voided", by=PROVIDER_ACTOR)
        return Effects(events=[order_events.authorization_voided(order)])
    return Effects()


def precedes_capture(order: Order, payment_id: str, amount_minor: int) -> bool:
    """Whether a refund of this payment fits the order, but no capture is recorded yet."""
    payment = balances.payment_or_empty(order)
    fits = payment.payment_id in (None, payment_id) and amount_minor <= balances.total_minor(order)
    return fits and not payment.captured_minor


def apply_refund_update(  # noqa: PLR0913 (the fields of a refund)
    order: Order,
    *,
    payment_id: str,
    refund_id: str | None,
    provider_refund_id: str,
    amount_minor: int,
    status: str,
) -> Effects | None:
    """Apply a refund's status; `refund_id` is our id, or None if the refund was not requested here.

    Raises PaymentMismatch and OrderEntryLimitReached.
    """
    payment = balances.payment_or_empty(order)
    if payment.payment_id != payment_id:
        raise PaymentMismatch("unknown_payment")
    refund = refunds.find_refund_by_any_id(order, refund_id, provider_refund_id)
    if amount_minor > payment.captured_minor or (refund and amount_minor != refund.amount_minor):
        raise PaymentMismatch("amount_differs")
    if refund:
        return refunds.apply_refund_status(
            order, refund, status=status, provider_refund_id=provider_refund_id
        )
    return refunds.record_external_refund(
        order,
        by=PROVIDER_ACTOR,
        provider_refund_id=provider_refund_id,
        amount_minor=amount_minor,
        status=status,
    )


def _require_match(
    order: Order, payment_id: str, amount_minor: int, *, least_minor: int | None = None
) -> None:
    """The amount must be the total; from `least_minor` on, less is enough."""
    known = order.payment.payment_id if order.payment else None
    if known not in (None, payment_id):
        raise PaymentMismatch("unknown_payment")
    total_minor = balances.total_minor(order)
    least_minor = total_minor if least_minor is None else least_minor
    if not least_minor <= amount_minor <= total_minor:
        raise PaymentMismatch("amount_differs")
