"""What an order still needs from the payment provider, by its state alone. Pure.

The events that request it can be lost. So an order that needs something carries the time when the
sweep (`workers.sweep_payments`) must look at it, until it needs nothing more.
"""

from datetime import timedelta

from orders.lifecycle import balances
from orders.lifecycle.balances import AUTHORIZED, REQUESTED, STARTED
from orders.lifecycle.transitions import FINISHED, SHIPPING
from shared import clock
from shared.storage.models.orders import SETTLEMENT_OPEN, Order, OrderRefund

# The queue gets this time first. Both may act at once: the provider's calls are idempotent.
GRACE = timedelta(minutes=15)


def list_requested_refunds(order: Order) -> list[OrderRefund]:
    """The refunds that the provider has not made yet: not requested there, or pending there."""
    return [refund for refund in order.refunds if refund.status == REQUESTED]


def needs_capture(order: Order) -> bool:
    """A parcel has left and the payment is only authorized."""
    return is_uncaptured(order) and balances.due_minor(order) > 0


def needs_void(order: Order) -> bool:
    """The buyer's payment is still open, but the order has ended, staff received the money, or
    what was shipped costs nothing.
    """
    payment = balances.payment_or_empty(order)
    is_unneeded = order.status in FINISHED or bool(payment.manual_minor)
    is_unneeded |= is_uncaptured(order) and not balances.due_minor(order)
    return is_unneeded and payment.status in (STARTED, AUTHORIZED)


def is_uncaptured(order: Order) -> bool:
    """A parcel has left, and the payment that the shop needs is only authorized."""
    payment = balances.payment_or_empty(order)
    is_authorized = payment.status == AUTHORIZED and not payment.manual_minor
    return order.status in SHIPPING and is_authorized


def is_settled(order: Order) -> bool:
    return not (list_requested_refunds(order) or needs_capture(order) or needs_void(order))


def schedule_settlement(order: Order) -> None:
    """Have the sweep look at the order soon, or not at all if it needs nothing."""
    if is_settled(order):
        order.settlement = order.settlement_due_at = None
        return
    due = clock.utc_now() + GRACE
    if not order.settlement or order.settlement_due_at > due:
        order.settlement_due_at = due
    order.settlement = SETTLEMENT_OPEN
