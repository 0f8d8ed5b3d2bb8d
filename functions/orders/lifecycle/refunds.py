"""Paying back: asked for here, or found in what the provider tells. Pure.

The provider is asked for what it has captured. What was paid by hand is paid back by hand, and
counts as done when it is entered.
"""

from orders.lifecycle import balances, order_events, order_quantities
from orders.lifecycle.balances import FAILED, REQUESTED, SUCCEEDED, left_minor
from orders.lifecycle.transitions import (
    TRANSITIONS,
    Effects,
    advance,
    record,
    require_room,
)
from shared import clock, ids
from shared.errors.orders import RefundTooLarge
from shared.storage.models.orders import Order, OrderRefund


def refund_id(order: Order, key: str) -> str:
    """`key` tells one refund of the order from another."""
    return ids.derived_id("rfd", order.order_id, key)


def find(order: Order, refund_id: str) -> OrderRefund | None:
    return next((it for it in order.refunds if it.refund_id == refund_id), None)


def known_as(order: Order, refund_id: str | None, provider_refund_id: str) -> OrderRefund | None:
    """By our id, which the provider may have lost, or by its own."""
    mine = find(order, refund_id) if refund_id else None
    its = (it for it in order.refunds if it.provider_refund_id == provider_refund_id)
    return mine or next(its, None)


def request_refund(  # noqa: PLR0913 (what a refund is)
    order: Order,
    amount_minor: int,
    *,
    by: str,
    reason: str | None,
    key: str,
    fingerprint: str | None = None,
) -> Effects:
    """Raises RefundTooLarge."""
    by_provider, manual = left_minor(order, manual=False), left_minor(order, manual=True)
    if amount_minor > max(by_provider, manual):
        raise RefundTooLarge(
            "There is not so much left to pay back.",
            refundable_minor=max(by_provider, manual),
            currency=order.currency,
        )
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
        return _succeeded(order, refund)
    record(order, "refund_requested", by=by, reason=reason)
    return Effects(events=[order_events.refund_requested(order, refund)])


def refund_all(order: Order, *, by: str, reason: str) -> Effects:
    """All that the provider has. What was paid by hand is owed until staff enter its refund."""
    effects = Effects()
    by_provider = left_minor(order, manual=False)
    if by_provider:
        effects.add(
            request_refund(order, by_provider, by=by, reason=reason, key=f"{reason} by provider")
        )
    if left_minor(order, manual=True):
        record(order, "manual_refund_required", by=by, reason=reason)
        effects.events.append(order_events.manual_refund_required(order))
    return effects


def settled(
    order: Order, refund: OrderRefund, *, status: str, provider_refund_id: str
) -> Effects | None:
    """What became of a refund: `requested` (it is under way), `succeeded` or `failed`.

    One that has succeeded may still fail, as when an account is closed; none comes back from that.
    """
    is_known = refund.provider_refund_id == provider_refund_id
    refund.provider_refund_id = provider_refund_id
    if refund.status == FAILED or status in (refund.status, REQUESTED):
        return None if is_known else Effects()
    if status == SUCCEEDED:
        return _succeeded(order, refund)
    refund.status = FAILED
    record(order, "refund_failed", by=refund.by)
    return Effects(events=[order_events.refund_failed(order, refund)])


def found(
    order: Order, *, by: str, provider_refund_id: str, amount_minor: int, status: str
) -> Effects | None:
    """One that nobody has asked for here: made in the provider's own pages.

    Raises OrderEntryLimitReached.
    """
    known = find(order, refund_id(order, provider_refund_id))
    if known is None:
        require_room(order, order.refunds)
        known = OrderRefund(
            refund_id=refund_id(order, provider_refund_id),
            amount_minor=amount_minor,
            status=REQUESTED,
            is_manual=False,
            reason="by_provider",
            by=by,
            at=clock.utc_now(),
        )
        order.refunds.append(known)
    return settled(order, known, status=status, provider_refund_id=provider_refund_id)


def _succeeded(order: Order, refund: OrderRefund) -> Effects:
    refund.status = SUCCEEDED
    is_full = balances.is_all_paid_back(order)
    effects = Effects(events=[order_events.refunded(order, refund, is_full=is_full)])
    if is_full and "refunded" in TRANSITIONS[order.status]:
        effects.stock = order_quantities.give_back_unshipped(order)
        advance(order, "refunded", by=refund.by, reason=refund.reason)
    else:
        record(order, "refunded", by=refund.by, reason=refund.reason)
    return effects
