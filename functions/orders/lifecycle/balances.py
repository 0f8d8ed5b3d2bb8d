"""The money of an order: what was received, and what of it is paid back. Pure."""

from orders.lifecycle.transitions import FINISHED
from shared.storage.models.orders import Order, OrderPayment

STARTED, AUTHORIZED, CAPTURED, VOID = "started", "authorized", "captured", "void"
REQUESTED, SUCCEEDED, FAILED = "requested", "succeeded", "failed"


def payment_of(order: Order) -> OrderPayment:
    """The order's, or one that nothing has come of yet: it is the order's once it is set."""
    if order.payment is None:
        return OrderPayment(captured_minor=0, manual_minor=0)
    return order.payment


def total_minor(order: Order) -> int:
    return int(order.totals.total_minor)


def received_minor(order: Order) -> int:
    return _received(order, manual=False) + _received(order, manual=True)


def paid_back_minor(order: Order) -> int:
    """What has reached the buyer."""
    return sum(int(it.amount_minor) for it in order.refunds if it.status == SUCCEEDED)


def refundable_minor(order: Order) -> int:
    """What is left once all that was asked for is paid back."""
    return left_minor(order, manual=False) + left_minor(order, manual=True)


def is_being_paid_back(order: Order) -> bool:
    """All of it, or it was already."""
    return received_minor(order) > 0 and refundable_minor(order) == 0


def is_lost(order: Order) -> bool:
    """Its payment came to nothing after it was certain, and nothing else was received."""
    was_certain = order.status not in FINISHED | {"pending_payment"}
    return was_certain and payment_of(order).status == VOID and received_minor(order) == 0


def is_all_paid_back(order: Order) -> bool:
    return 0 < received_minor(order) <= paid_back_minor(order)


def left_minor(order: Order, *, manual: bool) -> int:
    """Of what was received in that way, what nobody has asked back."""
    asked_back = sum(
        int(it.amount_minor)
        for it in order.refunds
        if it.status != FAILED and bool(it.is_manual) is manual
    )
    # Refunds that are made in the provider's own pages cross with those that were asked for here.
    return max(0, _received(order, manual=manual) - asked_back)


def _received(order: Order, *, manual: bool) -> int:
    if order.payment is None:
        return 0
    return int(order.payment.manual_minor if manual else order.payment.captured_minor)
