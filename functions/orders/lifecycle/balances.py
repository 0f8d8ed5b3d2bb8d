"""The money of an order: received, refunded, and still refundable. Pure.

The payment provider and staff (cash, bank transfer) are two channels. Each pays back only what
came in through it. What a dispute takes, the provider pays to the buyer's bank.
"""

from shared.storage.models.orders import Order, OrderPayment

STARTED, AUTHORIZED, CAPTURED, VOID = "started", "authorized", "captured", "void"
REQUESTED, SUCCEEDED, FAILED = "requested", "succeeded", "failed"

# Of a dispute, in the provider's words (docs.stripe.com/disputes/how-disputes-work). The provider
# takes the amount when a dispute opens, also with a status that is not known here.
DISPUTE_WON, DISPUTE_LOST = "won", "lost"
INQUIRY = "warning_"  # the first part of statuses before a dispute: no money has moved
DISPUTES_WITHOUT_LOSS = frozenset({DISPUTE_WON, "prevented"})

_PAYMENT_IS_CERTAIN = frozenset({"paid", "partially_shipped", "shipped", "delivered"})  # statuses


def payment_or_empty(order: Order) -> OrderPayment:
    """The order's payment, or an empty one; set it on the order to keep what you change."""
    if order.payment is None:
        return OrderPayment(captured_minor=0, manual_minor=0)
    return order.payment


def total_minor(order: Order) -> int:
    return int(order.totals.total_minor)


def due_minor(order: Order) -> int:
    """The total without what was cancelled: what the shop may still charge for the order."""
    cancelled = sum(int(cancellation.amount_minor) for cancellation in order.cancellations)
    return max(0, total_minor(order) - cancelled)


def received_minor(order: Order) -> int:
    return _received(order, manual=False) + _received(order, manual=True)


def refunded_minor(order: Order) -> int:
    """The refunds that succeeded; in each channel at most what was received through it."""
    return sum(
        min(_received(order, manual=manual), _refunded(order, manual=manual))
        for manual in (False, True)
    )


def excess_refund_minor(order: Order) -> int:
    """What the provider says it refunded beyond what it captured. A person must look at it."""
    return max(0, _refunded(order, manual=False) - _received(order, manual=False))


def refundable_minor(order: Order) -> int:
    """What was received and is not refunded, requested to be, or disputed."""
    return provider_refundable_minor(order) + manual_refundable_minor(order)


def provider_refundable_minor(order: Order) -> int:
    """What the provider captured and has neither refunded nor been asked to refund.

    A dispute takes its amount away, unless the shop wins it: the provider refuses to refund that.
    """
    return _unclaimed(order, manual=False, disputed_minor=_disputed(order))


def undisputed_minor(order: Order) -> int:
    """What the provider captured, less what it has refunded and what disputes took."""
    refunded = _refunded(order, manual=False)
    return max(0, _received(order, manual=False) - refunded - _disputed(order))


def manual_refundable_minor(order: Order) -> int:
    """What staff received and have not refunded."""
    return _unclaimed(order, manual=True)


def is_fully_claimed(order: Order) -> bool:
    """Money was received, and all of it is refunded, requested to be, or lost in disputes."""
    lost = sum(
        int(dispute.amount_minor) for dispute in order.disputes if dispute.status == DISPUTE_LOST
    )
    by_provider = _unclaimed(order, manual=False, disputed_minor=lost)
    return received_minor(order) > 0 and by_provider + manual_refundable_minor(order) == 0


def is_fully_refunded(order: Order) -> bool:
    return 0 < received_minor(order) <= refunded_minor(order)


def has_lost_authorization(order: Order) -> bool:
    """The provider voided the payment after the order counted as paid, and no other money came.

    Not if everything that costs something was cancelled: then the shop voids the payment.
    """
    is_void = payment_or_empty(order).status == VOID and due_minor(order) > 0
    return order.status in _PAYMENT_IS_CERTAIN and is_void and received_minor(order) == 0


def _unclaimed(order: Order, *, manual: bool, disputed_minor: int = 0) -> int:
    claimed = sum(
        int(refund.amount_minor)
        for refund in order.refunds
        if refund.status != FAILED and bool(refund.is_manual) is manual
    )
    # Refunds made in the provider's dashboard can cross with ours and exceed what was received.
    return max(0, _received(order, manual=manual) - claimed - disputed_minor)


def _disputed(order: Order) -> int:
    return sum(
        int(dispute.amount_minor)
        for dispute in order.disputes
        if not dispute.status.startswith(INQUIRY) and dispute.status not in DISPUTES_WITHOUT_LOSS
    )


def _refunded(order: Order, *, manual: bool) -> int:
    return sum(
        int(refund.amount_minor)
        for refund in order.refunds
        if refund.status == SUCCEEDED and bool(refund.is_manual) is manual
    )


def _received(order: Order, *, manual: bool) -> int:
    if order.payment is None:
        return 0
    return int(order.payment.manual_minor if manual else order.payment.captured_minor)
