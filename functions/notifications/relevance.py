"""How the mail of an event is written, so that it is true when it is written. Pure.

Events come late, twice and in any order. So the order and the account as they stand decide whether
a mail is written as is, adapted to what has happened since, or not at all.
"""

from collections import Counter
from datetime import datetime
from enum import Enum

from shared.events.accounts import (
    ApiKeyCreated,
    EmailChanged,
    PasswordChanged,
    ReuseDetected,
    SecondFactorChanged,
    VerificationRequested,
)
from shared.events.all_events import AnyEvent
from shared.events.orders import (
    ConfirmationRequested,
    OrderAddressChanged,
    OrderBuyerChanged,
    OrderCancelled,
    OrderExpired,
    OrderPaid,
    OrderPartiallyCancelled,
    OrderPartiallyShipped,
    OrderPlaced,
    OrderRefunded,
    OrderShipped,
)
from shared.storage.models.accounts import User
from shared.storage.models.orders import Order, OrderShipment


class Wording(Enum):
    AS_IS = "as is"
    ADAPTED = "adapted"  # its templates say what has happened since
    NOT_MAILED = "not mailed"
    TOO_EARLY = "too early"  # the event says more than its order shows


_AS_IS, _ADAPTED, _NO, _EARLY = Wording

# By the order's status, in this order. `_adapt` below refines what is mailed.
_STATUSES = (
    *("pending_payment", "paid", "partially_shipped", "shipped", "delivered"),
    *("cancelled", "expired", "refunded"),
)
_BY_STATUS = {
    OrderPlaced: (_AS_IS, _AS_IS, _AS_IS, _AS_IS, _AS_IS, _NO, _NO, _NO),
    ConfirmationRequested: (_AS_IS, _AS_IS, _AS_IS, _AS_IS, _AS_IS, _NO, _NO, _NO),
    OrderPaid: (_EARLY, _AS_IS, _ADAPTED, _ADAPTED, _ADAPTED, _NO, _NO, _NO),
    OrderPartiallyShipped: (_EARLY, _EARLY, _AS_IS, _AS_IS, _ADAPTED, _NO, _NO, _NO),
    OrderShipped: (_EARLY, _EARLY, _EARLY, _AS_IS, _ADAPTED, _NO, _NO, _NO),
    OrderPartiallyCancelled: (_EARLY, _AS_IS, _AS_IS, _AS_IS, _AS_IS, _NO, _NO, _NO),
    OrderAddressChanged: (_AS_IS, _AS_IS, _AS_IS, _AS_IS, _AS_IS, _NO, _NO, _NO),
    OrderBuyerChanged: (_AS_IS, _AS_IS, _AS_IS, _AS_IS, _AS_IS, _NO, _NO, _NO),
    OrderCancelled: (_EARLY, _EARLY, _EARLY, _EARLY, _EARLY, _AS_IS, _NO, _NO),
    OrderExpired: (_EARLY, _NO, _NO, _NO, _NO, _NO, _AS_IS, _NO),
    OrderRefunded: (_AS_IS,) * len(_STATUSES),
}
# These say what was done to the account, so that its owner can act on a stranger's doing.
_NOTICES = (PasswordChanged, SecondFactorChanged, ApiKeyCreated, ReuseDetected)


def choose_order_wording(event: AnyEvent, order: Order, now: datetime) -> Wording:
    """How to write the mail about this order. Raises LookupError for an event without a mail."""
    wording = _BY_STATUS[type(event)][_STATUSES.index(order.status)]
    if wording in (_NO, _EARLY):
        return wording
    return _adapt(event, order, now) or wording


def _adapt(event: AnyEvent, order: Order, now: datetime) -> Wording | None:
    """What the order's time, money and returns say; None if the status alone decides."""
    match event:
        case OrderPaid():
            return None if _is_paid_for_good(order) else _NO
        case OrderPartiallyShipped() | OrderShipped():
            return _adapt_shipped(event, order)
        case OrderPartiallyCancelled() | OrderAddressChanged():
            return None
        case OrderRefunded():
            return _adapt_refunded(event, order)
        case OrderBuyerChanged() if _is_given_on(event, order):
            return _NO
        case OrderCancelled():
            is_adapted = is_paid_back(order)
        case OrderExpired():
            is_adapted = _received_minor(order) > 0
        case _:
            is_adapted = _is_overdue(order, now)
    return _ADAPTED if is_adapted else None


def choose_account_wording(event: AnyEvent, user: User) -> Wording:
    """How to write the mail to this user, whose account was not deleted.

    A disabled account gets no link and no advice that does not work for it.
    """
    is_active = user.status == "active"
    if isinstance(event, EmailChanged):
        return _AS_IS
    if isinstance(event, _NOTICES):
        return _AS_IS if is_active and not is_reverted(event, user) else _ADAPTED
    if isinstance(event, VerificationRequested) and user.email_verified:
        return _NO
    return _AS_IS if is_active else _NO


def is_reverted(event: AnyEvent, user: User) -> bool:
    """Whether the second factor was turned on or off again after the event."""
    return isinstance(event, SecondFactorChanged) and event.data.enabled != user.second_factor


def is_paid_back(order: Order) -> bool:
    """Whether everything that was received for the order is refunded."""
    return _received_minor(order) > 0 and _unrefunded_minor(order, "succeeded") == 0


def is_refund_due(order: Order) -> bool:
    """Whether the shop has money to pay back, or would have if the buyer paid.

    What the buyer's bank took back in a lost dispute is not the shop's to pay.
    """
    return not _received_minor(order) or _unrefunded_minor(order, "succeeded") > _lost_minor(order)


def has_other_refunds(event: AnyEvent, order: Order) -> bool:
    """Whether another refund than the event's succeeded too."""
    return isinstance(event, OrderRefunded) and any(
        refund.status == "succeeded" and refund.refund_id != event.data.refund_id
        for refund in order.refunds
    )


def _is_given_on(event: OrderBuyerChanged, order: Order) -> bool:
    """Whether staff gave the order to yet another buyer. That an account got a guest's is not."""
    given = [step.buyer_id for step in order.history if step.event == "buyer_changed"]
    return given[-1:] not in ([], [event.data.buyer_id])


def _is_overdue(order: Order, now: datetime) -> bool:
    return order.status == "pending_payment" and bool(order.expires_at <= now)


def _is_paid_for_good(order: Order) -> bool:
    """Not if the payment is void, or all of it is refunded, will be, or is lost in disputes."""
    if not _received_minor(order):
        return order.payment is None or order.payment.status != "void"
    return _unrefunded_minor(order, "succeeded", "requested") > _lost_minor(order)


def _adapt_shipped(event: OrderPartiallyShipped | OrderShipped, order: Order) -> Wording | None:
    """Units that came back are not on their way. Without a parcel, there is another mail about it:
    what was left to ship was cancelled.
    """
    if event.data.shipment_id is None and order.shipments:
        return _NO
    if not _has_kept_units(find_parcel(event, order), order):
        return _NO
    returned_after_shipping = any(
        step.event == "returned" and step.status in ("shipped", "delivered")
        for step in order.history
    )
    return _ADAPTED if returned_after_shipping else None


def _has_kept_units(parcel: OrderShipment | None, order: Order) -> bool:
    """Whether units of a product in the parcel have not come back; without one, any units."""
    if parcel is None:
        return any(line.quantity > line.returned for line in order.lines)
    shipped: Counter[str] = Counter()
    for each in order.shipments:
        shipped.update(each.quantities_json)
    return any(
        shipped[line.product_id] > line.returned - (line.cancelled or 0)
        for line in order.lines
        if line.product_id in parcel.quantities_json
    )


def find_parcel(event: OrderPartiallyShipped | OrderShipped, order: Order) -> OrderShipment | None:
    """The event's parcel, as staff may have corrected it; None for an order shipped as a whole."""
    return next(
        (parcel for parcel in order.shipments if parcel.shipment_id == event.data.shipment_id),
        None,
    )


def _adapt_refunded(event: OrderRefunded, order: Order) -> Wording | None:
    (status,) = {
        refund.status for refund in order.refunds if refund.refund_id == event.data.refund_id
    } or {"succeeded"}
    if status == "failed":  # also after it had succeeded
        return _NO
    if status == "requested":
        return _EARLY
    is_full_no_more = event.data.is_full and _received_minor(order) and not is_paid_back(order)
    return _ADAPTED if is_full_no_more else None


def _received_minor(order: Order) -> int:
    return _received_through(order, manual=False) + _received_through(order, manual=True)


def _lost_minor(order: Order) -> int:
    """What the buyer's bank took back."""
    return sum(int(each.amount_minor) for each in order.disputes if each.status == "lost")


def _unrefunded_minor(order: Order, *statuses: str) -> int:
    """What was received and not given back by refunds of these statuses.

    The provider and staff each pay back only what they received (orders.lifecycle.balances).
    """
    return sum(
        max(
            0,
            _received_through(order, manual=manual)
            - sum(
                int(refund.amount_minor)
                for refund in order.refunds
                if refund.status in statuses and bool(refund.is_manual) is manual
            ),
        )
        for manual in (False, True)
    )


def _received_through(order: Order, *, manual: bool) -> int:
    if order.payment is None:
        return 0
    return int(order.payment.manual_minor if manual else order.payment.captured_minor)
