"""Refunds: requested here, or reported by the payment provider. Pure.

The provider refunds what it captured. Staff refund what they received themselves; such a refund
counts as succeeded when they enter it.
"""

from orders.lifecycle import balances, order_events, order_quantities
from orders.lifecycle.balances import FAILED, REQUESTED, SUCCEEDED
from orders.lifecycle.effects import Effects
from orders.lifecycle.transitions import (
    change_status,
    next_statuses,
    record_event,
    require_room_for_entry,
)
from shared import clock, ids
from shared.errors.orders import RefundTooLarge
from shared.storage.models.orders import Order, OrderRefund

REFUSED_REFUND_ID = "none"  # stored as the provider's id of a refund that it has refused


def refund_id(order: Order, key: str) -> str:
    """The id of the refund with this key; keys are unique within an order."""
    return ids.derived_id("rfd", order.order_id, key)


def find_refund(order: Order, refund_id: str) -> OrderRefund | None:
    return next((refund for refund in order.refunds if refund.refund_id == refund_id), None)


def find_refund_by_any_id(
    order: Order, refund_id: str | None, provider_refund_id: str
) -> OrderRefund | None:
    """By our id if the provider still has it, else by the provider's own id."""
    by_our_id = find_refund(order, refund_id) if refund_id else None
    by_provider_id = (
        refund for refund in order.refunds if refund.provider_refund_id == provider_refund_id
    )
    return by_our_id or next(by_provider_id, None)


def request_refund(  # noqa: PLR0913 (the fields of a refund)
    order: Order,
    amount_minor: int,
    *,
    by: str,
    reason: str | None,
    key: str,
    fingerprint: str | None = None,
) -> Effects:
    """Refund through the provider if it holds enough, else manually. Raises RefundTooLarge."""
    by_provider = balances.provider_refundable_minor(order)
    largest = max(by_provider, balances.manual_refundable_minor(order))
    if amount_minor > largest:
        raise RefundTooLarge(refundable_minor=largest, currency=order.currency)
    refund = OrderRefund(
        refund_id=refund_id(order, key),
        amount_minor=amount_minor,
        status=REQUESTED,
        is_manual=amount_minor > by_provider,
        reason=reason,
        by=by,
        at=clock.utc_now(),
        fingerprint=fingerprint,
    )
    order.refunds.append(refund)
    if refund.is_manual:
        return _succeed(order, refund)
    record_event(order, "refund_requested", by=by, reason=reason)
    return Effects(events=[order_events.refund_requested(order, refund)])


def refund_all(order: Order, *, by: str, reason: str) -> Effects:
    """Request everything from the provider. A manual payment waits until staff enter its refund."""
    effects = Effects()
    by_provider = balances.provider_refundable_minor(order)
    if by_provider:
        effects.add(
            request_refund(order, by_provider, by=by, reason=reason, key=f"{reason} by provider")
        )
    if balances.manual_refundable_minor(order):
        record_event(order, "manual_refund_required", by=by, reason=reason)
        effects.events.append(order_events.manual_refund_required(order))
    return effects


def apply_refund_status(
    order: Order, refund: OrderRefund, *, status: str, provider_refund_id: str
) -> Effects | None:
    """Apply the provider's status of a refund: `requested`, `succeeded` or `failed`.

    A succeeded refund can still fail, for example when the buyer's account is closed. A failed
    one stays failed, unless the provider refused one call and made the refund by another. Any other
    status is new at the provider and changes nothing. None if nothing is new.
    """
    if refund.provider_refund_id == REFUSED_REFUND_ID and status in (REQUESTED, SUCCEEDED):
        refund.status = REQUESTED
    is_known = refund.provider_refund_id == provider_refund_id
    refund.provider_refund_id = provider_refund_id
    if refund.status in (FAILED, status) or status not in (SUCCEEDED, FAILED):
        return None if is_known else Effects()
    if status == SUCCEEDED:
        return _succeed(order, refund)
    refund.status = FAILED
    record_event(order, "refund_failed", by=refund.by)
    return Effects(events=[order_events.refund_failed(order, refund)])


def apply_refusal(order: Order, refund: OrderRefund, *, left_minor: int | None) -> Effects | None:
    """Fail a refund that the provider refused. None if it was settled before.

    `left_minor` is what the provider can still refund of the payment. If that is less than an
    automatic refund, somebody refunded in the dashboard first, and only the rest is requested.
    """
    if refund.status != REQUESTED:
        return None
    is_replaced = left_minor is not None and left_minor < refund.amount_minor
    if not is_replaced:
        return apply_refund_status(
            order, refund, status=FAILED, provider_refund_id=REFUSED_REFUND_ID
        )
    refund.status, refund.provider_refund_id = FAILED, REFUSED_REFUND_ID
    record_event(order, "refund_replaced", by=refund.by)
    rest = min(left_minor or 0, balances.provider_refundable_minor(order))
    if not rest:
        return Effects()
    return request_refund(
        order, rest, by=refund.by, reason=refund.reason, key=f"rest of {refund.refund_id}"
    )


def is_automatic(refund: OrderRefund) -> bool:
    """Whether the shop requested the refund itself: requests of staff have a fingerprint."""
    return refund.fingerprint is None


def record_external_refund(
    order: Order, *, by: str, provider_refund_id: str, amount_minor: int, status: str
) -> Effects | None:
    """Record a refund that was made in the provider's dashboard.

    Raises OrderEntryLimitReached.
    """
    refund = find_refund(order, refund_id(order, provider_refund_id))
    if refund is None:
        require_room_for_entry(order, order.refunds)
        refund = OrderRefund(
            refund_id=refund_id(order, provider_refund_id),
            amount_minor=amount_minor,
            status=REQUESTED,
            is_manual=False,
            reason="by_provider",
            by=by,
            at=clock.utc_now(),
        )
        order.refunds.append(refund)
    return apply_refund_status(order, refund, status=status, provider_refund_id=provider_refund_id)


def _succeed(order: Order, refund: OrderRefund) -> Effects:
    """Count the refund, but never more than was received; beyond that a person must look."""
    before, excess_before = balances.refunded_minor(order), balances.excess_refund_minor(order)
    refund.status = SUCCEEDED
    counted = balances.refunded_minor(order) - before
    is_full = balances.is_fully_refunded(order)
    effects = Effects()
    if counted:
        effects.events.append(
            order_events.refunded(order, refund, amount_minor=counted, is_full=is_full)
        )
    if balances.excess_refund_minor(order) > excess_before:
        effects.incident = "refunds_exceed_payment"
    if is_full and "refunded" in next_statuses(order):
        effects.stock = order_quantities.restock_unshipped(order)
        change_status(order, "refunded", by=refund.by, reason=refund.reason)
    else:
        record_event(order, "refunded", by=refund.by, reason=refund.reason)
    return effects
