"""The money of an order: received, refunded, and still refundable. Pure.

The payment provider and staff (cash, bank transfer) are two channels. Each pays back only what
came in through it.
"""

from shared.storage.models.orders import Order, OrderPayment

STARTED, AUTHORIZED, CAPTURED, VOID = "started", "authorized", "captured", "void"
REQUESTED, SUCCEEDED, FAILED = "requested", "succeeded", "failed"

_PAYMENT_IS_CERTAIN = frozenset({"paid", "shipped", "delivered"})  # statuses


def payment_or_empty(order: Order) -> OrderPayment:
    """The order's payment, or an empty one; set it on the order to keep what you change."""
    if order.payment is None:
        return OrderPayment(captured_minor=0, manual_minor=0)
    return order.payment


def total_minor(order: Order) -> int:
    return int(order.totals.total_minor)


def received_minor(order: Order) -> int:
    return _received(order, manual=False) + _received(order, manual=True)


def refunded_minor(order: Order) -> int:
    """The sum of all refunds that succeeded."""
    return sum(int(refund.amount_minor) for refund in order.refunds if refund.status == SUCCEEDED)


def refundable_minor(order: Order) -> int:
    """What was received and is not refunded or requested to be."""
    return provider_refundable_minor(order) + manual_refundable_minor(order)


def provider_refundable_minor(order: Order) -> int:
    """What the provider captured and has neither refunded nor been asked to refund."""
    return _refundable(order, manual=False)


def manual_refundable_minor(order: Order) -> int:
    """What staff received and have not refunded."""
    return _refundable(order, manual=True)


def is_fully_claimed(order: Order) -> bool:
    """Money was received, and refunds for all of it succeeded or are requested."""
    return received_minor(order) > 0 and refundable_minor(order) == 0


def is_fully_refunded(order: Order) -> bool:
    return 0 < received_minor(order) <= refunded_minor(order)


def has_lost_authorization(order: Order) -> bool:
    """The provider voided the payment after the order counted as paid, and no other money came."""
    is_void = payment_or_empty(order).status == VOID
    return order.status in _PAYMENT_IS_CERTAIN and is_void and received_minor(order) == 0


def _refundable(order: Order, *, manual: bool) -> int:
    claimed = sum(
        int(refund.amount_minor)
        for refund in order.refunds
        if refund.status != FAILED and bool(refund.is_manual) is manual
    )
    # Refunds made in the provider's dashboard can cross with ours and exceed what was received.
    return max(0, _received(order, manual=manual) - claimed)


def _received(order: Order, *, manual: bool) -> int:
    if order.payment is None:
        return 0
    return int(order.payment.manual_minor if manual else order.payment.captured_minor)
