"""What is learnt from the payment provider, in whatever order it comes, and however often. Pure.

As in `decisions`: an order is changed in memory; None where there is nothing new in it.
"""

from datetime import timedelta

from orders.lifecycle import balances, order_events, refunds
from orders.lifecycle.balances import AUTHORIZED, CAPTURED, STARTED, VOID
from orders.lifecycle.transitions import FINISHED, Effects, advance, conflict, record
from shared import clock
from shared.errors.orders import OrderExpiredUnpaid
from shared.storage.models.orders import Order

PROVIDER = "payments"  # who acts when the provider tells something
MORE_TIME = timedelta(minutes=15)  # to pay, from when the first payment is begun


class PaymentMismatch(Exception):
    """What the provider tells is about no payment of this order; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def require_payable(order: Order) -> None:
    """Raises OrderStatusConflict and OrderExpiredUnpaid."""
    if order.status != "pending_payment":
        raise conflict(order, "paid")
    if order.expires_at <= clock.utc_now():
        raise OrderExpiredUnpaid("This order was not paid in time. Place a new one.")


def begin(order: Order, *, provider: str, payment_id: str) -> Effects | None:
    """A payment was begun at the provider. Raises what `require_payable` does."""
    require_payable(order)
    payment = balances.payment_of(order)
    if payment.payment_id == payment_id:
        return None
    if not payment.payment_id:
        order.expires_at = max(order.expires_at, clock.utc_now() + MORE_TIME)
    # One that came to nothing may be followed by another.
    payment.provider, payment.payment_id, payment.status = provider, payment_id, STARTED
    order.payment = payment
    return Effects()


def authorized(
    order: Order, *, provider: str, payment_id: str, amount_minor: int
) -> Effects | None:
    """It can be captured. Raises PaymentMismatch."""
    _require_fit(order, payment_id, amount_minor)
    payment = balances.payment_of(order)
    if payment.status in (AUTHORIZED, CAPTURED, VOID):
        return None
    payment.provider, payment.payment_id, payment.status = provider, payment_id, AUTHORIZED
    order.payment = payment
    if order.status == "pending_payment":
        advance(order, "paid", by=PROVIDER)
        return Effects(events=[order_events.paid(order)])
    record(order, "paid_late", by=PROVIDER)
    return Effects(events=[order_events.void_requested(order)])


def captured(order: Order, *, provider: str, payment_id: str, amount_minor: int) -> Effects | None:
    """The money is the shop's. What no order waits for any more is paid back. Raises PaymentMismatch."""
    _require_fit(order, payment_id, amount_minor)
    payment = balances.payment_of(order)
    if payment.captured_minor:
        return None
    is_awaited = order.status not in FINISHED and not payment.manual_minor
    payment.provider, payment.payment_id, payment.status = provider, payment_id, CAPTURED
    payment.captured_minor = amount_minor
    order.payment = payment
    if order.status == "pending_payment":
        advance(order, "paid", by=PROVIDER)
        return Effects(events=[order_events.paid(order)])
    if is_awaited:
        record(order, "captured", by=PROVIDER)
        return Effects()
    record(order, "paid_late", by=PROVIDER)
    return refunds.request_refund(
        order, amount_minor, by=PROVIDER, reason="paid_late", key="paid_late"
    )


def voided(order: Order, *, payment_id: str) -> Effects | None:
    """Nothing will come of the payment: of one that another has followed, that is no news."""
    payment = balances.payment_of(order)
    if payment.payment_id != payment_id or payment.status in (CAPTURED, VOID):
        return None
    is_lost = payment.status == AUTHORIZED and order.status not in FINISHED
    payment.status = VOID
    if is_lost and not payment.manual_minor:
        record(order, "authorization_voided", by=PROVIDER)
        return Effects(events=[order_events.authorization_voided(order)])
    return Effects()


def refund_told(  # noqa: PLR0913 (what a refund is)
    order: Order,
    *,
    payment_id: str,
    refund_id: str | None,
    provider_refund_id: str,
    amount_minor: int,
    status: str,
) -> Effects | None:
    """`refund_id` is ours, if the refund was asked for here. Raises PaymentMismatch, OrderEntryLimitReached."""
    payment = balances.payment_of(order)
    if payment.payment_id != payment_id:
        raise PaymentMismatch("unknown_payment")
    known = refunds.known_as(order, refund_id, provider_refund_id)
    if amount_minor > payment.captured_minor or (known and amount_minor != known.amount_minor):
        raise PaymentMismatch("amount_differs")
    if known:
        return refunds.settled(order, known, status=status, provider_refund_id=provider_refund_id)
    return refunds.found(
        order,
        by=PROVIDER,
        provider_refund_id=provider_refund_id,
        amount_minor=amount_minor,
        status=status,
    )


def _require_fit(order: Order, payment_id: str, amount_minor: int) -> None:
    known = order.payment.payment_id if order.payment else None
    if known not in (None, payment_id):
        raise PaymentMismatch("unknown_payment")
    if amount_minor != balances.total_minor(order):
        raise PaymentMismatch("amount_differs")
