"""Disputes: the buyer's bank claims a payment back. Pure.

The provider reports each dispute several times, in any order. The latest report holds, but no
report reopens a dispute that is closed.
"""

from datetime import datetime

from orders.lifecycle import balances, order_events, refunds
from orders.lifecycle.balances import DISPUTE_LOST, DISPUTE_WON
from orders.lifecycle.effects import Effects
from orders.lifecycle.provider_events import PaymentMismatch
from orders.lifecycle.transitions import (
    FINISHED,
    PROVIDER_ACTOR,
    record_event,
    require_room_for_entry,
)
from shared.storage.models.orders import Order, OrderDispute

CLOSED_STATUSES = frozenset({DISPUTE_WON, DISPUTE_LOST, "warning_closed", "prevented"})


def apply_dispute(order: Order, reported: OrderDispute, *, payment_id: str) -> Effects | None:
    """Record a dispute or its new status. None if a later report was applied before.

    A dispute can be reported before the capture. Raises PaymentMismatch and OrderEntryLimitReached.
    """
    if balances.payment_or_empty(order).payment_id not in (None, payment_id):
        raise PaymentMismatch("unknown_payment")
    known = _find_dispute(order, reported.dispute_id)
    if known is not None and _sequence(reported) <= _sequence(known):
        return None
    effects, status_before = Effects(), known.status if known else None
    if known is None:
        require_room_for_entry(order, order.disputes)
        order.disputes.append(reported)
        record_event(order, "disputed", by=PROVIDER_ACTOR, reason=reported.reason)
        effects.events.append(order_events.disputed(order, reported))
    else:
        known.status, known.reason = reported.status, reported.reason
        known.amount_minor, known.reported_at = reported.amount_minor, reported.reported_at
    if reported.status in CLOSED_STATUSES and reported.status != status_before:
        effects.add(_close(order, reported, is_first=status_before not in CLOSED_STATUSES))
    return effects


def _close(order: Order, dispute: OrderDispute, *, is_first: bool) -> Effects:
    if is_first:  # a dispute adds at most two entries to the history, however often it is closed
        record_event(order, "dispute_closed", by=PROVIDER_ACTOR, reason=dispute.status)
    effects = Effects(events=[order_events.dispute_closed(order, dispute)])
    by_provider = balances.provider_refundable_minor(order)
    if order.status in FINISHED and by_provider:
        # The provider refused to refund this money while the dispute was open. A lost dispute can
        # take less than it claimed at first.
        key = f"dispute {dispute.dispute_id} {dispute.status}"
        if refunds.find_refund(order, refunds.refund_id(order, key)) is None:
            effects.add(
                refunds.request_refund(
                    order, by_provider, by=PROVIDER_ACTOR, reason="dispute_closed", key=key
                )
            )
    return effects


def _find_dispute(order: Order, dispute_id: str) -> OrderDispute | None:
    return next((known for known in order.disputes if known.dispute_id == dispute_id), None)


def _sequence(dispute: OrderDispute) -> tuple[bool, datetime, str]:
    return dispute.status in CLOSED_STATUSES, dispute.reported_at, dispute.status
