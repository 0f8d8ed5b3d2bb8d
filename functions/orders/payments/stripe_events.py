"""Conversion of Stripe's webhook events into the shop's. Pure.

The types are in docs.stripe.com/api/events/types.
"""

from collections.abc import Callable
from typing import Any

from orders.lifecycle.balances import FAILED, REQUESTED, SUCCEEDED
from orders.payments.provider import (
    UNKNOWN,
    Authorized,
    Captured,
    DisputeUpdate,
    ProviderEvent,
    Refund,
    RefundUpdate,
    Voided,
)
from orders.payments.stripe_amounts import from_stripe
from orders.payments.webhook_fields import (
    Id,
    PositiveAmount,
    ReferencedOrder,
    StrictModel,
    UnixSeconds,
    Word,
    is_unused,
    parse_object,
    strict_fields,
    to_time,
)
from shared import observability

PAYMENT_AUTHORIZED = "payment_intent.amount_capturable_updated"
PAYMENT_CAPTURED = "payment_intent.succeeded"
PAYMENT_VOIDED = "payment_intent.canceled"
PAYMENT_FAILED = "payment_intent.payment_failed"
PAYMENT_EVENTS = (PAYMENT_AUTHORIZED, PAYMENT_CAPTURED, PAYMENT_VOIDED, PAYMENT_FAILED)
REFUND_EVENTS = ("refund.created", "refund.updated", "refund.failed")
DISPUTE_EVENTS = (
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
# The events that the webhook endpoint at Stripe must be subscribed to. Others are ignored.
SUBSCRIBED_EVENTS = (*PAYMENT_EVENTS, *REFUND_EVENTS, *DISPUTE_EVENTS)

REFUND_STATUSES = {
    "pending": REQUESTED,
    "requires_action": REQUESTED,
    "succeeded": SUCCEEDED,
    "failed": FAILED,
    "canceled": FAILED,
}

FindOrderId = Callable[[str], str | None]  # from the id of a payment


class _EventData(StrictModel):
    object: dict[str, Any]


class _Event(StrictModel):
    id: Id
    type: str
    created: Any = None  # only a dispute needs it
    data: _EventData


class _PaymentIntent(StrictModel):
    id: Id
    currency: str
    amount_capturable: int = 0
    amount_received: int = 0
    metadata: dict[str, str]


class _Refund(StrictModel):
    id: Id
    amount: PositiveAmount
    currency: str
    payment_intent: Id | None
    status: Word | None
    metadata: dict[str, str] | None
    balance_transaction: Any = ""  # an id, or what it stands for


class _Dispute(StrictModel):
    id: Id
    amount: PositiveAmount
    currency: str
    payment_intent: Id | None
    status: Word
    reason: Word
    created: UnixSeconds  # of the event


def parse_event(body: bytes, find_order_id: FindOrderId) -> ProviderEvent | None:
    """Return the event, or None if the shop does not use it or it belongs to no order.

    A refund or a dispute does not carry its order's id; `find_order_id` looks it up by the
    payment. Raises MalformedEvent.
    """
    content = parse_object(body)
    if is_unused(content, SUBSCRIBED_EVENTS):
        return None
    with strict_fields():
        event = _Event.model_validate(content)
    if event.type in REFUND_EVENTS:
        return _parse_refund(event, find_order_id)
    if event.type in DISPUTE_EVENTS:
        return _parse_dispute(event, find_order_id)
    return _parse_payment(event)


def _parse_payment(event: _Event) -> ProviderEvent | None:
    with strict_fields():
        intent = _PaymentIntent.model_validate(event.data.object)
    order_id = _to_order_id(intent.metadata.get("order_id"))
    if not order_id:  # the shop may use its Stripe account for other sales too
        return None
    common = event.id, event.type, order_id, intent.id
    with strict_fields():
        if event.type == PAYMENT_AUTHORIZED:
            return Authorized(*common, from_stripe(intent.amount_capturable, intent.currency))
        if event.type == PAYMENT_CAPTURED:
            return Captured(*common, from_stripe(intent.amount_received, intent.currency))
    if event.type == PAYMENT_VOIDED:
        return Voided(*common)
    # PAYMENT_FAILED changes nothing: the buyer may try another card.
    observability.logger.info("payment failed", order_id=order_id, payment_id=intent.id)
    return None


def _parse_refund(event: _Event, find_order_id: FindOrderId) -> RefundUpdate | None:
    with strict_fields():
        refund = _Refund.model_validate(event.data.object)
        amount = from_stripe(refund.amount, refund.currency)
    payment_id = refund.payment_intent
    order_id = _to_order_id(find_order_id(payment_id)) if payment_id else None
    refund_id = (refund.metadata or {}).get("refund_id")
    if not payment_id or not order_id or is_release(refund, refund_id):
        return None
    return RefundUpdate(
        event.id,
        event.type,
        order_id,
        payment_id,
        refund_id=refund_id,
        refund=to_refund(refund.id, refund.status),
        amount=amount,
    )


def is_release(refund: Any, refund_id: str | None) -> bool:
    """Whether it is no refund, but what Stripe released of a payment that was captured in part.

    Such a record moves no money: it has no balance transaction. `refund_id` is the shop's.
    """
    moves_nothing = getattr(refund, "balance_transaction", "") is None
    return moves_nothing and refund.status == "succeeded" and refund_id is None


def to_refund(refund_id: str, status: str | None) -> Refund:
    """From Stripe's fields. Stripe documents that the status may be null: nothing is known yet."""
    return Refund(refund_id, REFUND_STATUSES.get(status or "pending", UNKNOWN))


def _parse_dispute(event: _Event, find_order_id: FindOrderId) -> DisputeUpdate | None:
    with strict_fields():
        dispute = _Dispute.model_validate(event.data.object | {"created": event.created})
        amount = from_stripe(dispute.amount, dispute.currency)
    payment_id = dispute.payment_intent
    order_id = _to_order_id(find_order_id(payment_id)) if payment_id else None
    if not payment_id or not order_id:
        return None
    return DisputeUpdate(
        event.id,
        event.type,
        order_id,
        payment_id,
        dispute_id=dispute.id,
        amount=amount,
        status=dispute.status,
        reason=dispute.reason,
        reported_at=to_time(dispute.created),
    )


def _to_order_id(text: str | None) -> str | None:
    """None for a payment that belongs to no order. Raises MalformedEvent."""
    if not text:
        return None
    with strict_fields():
        return ReferencedOrder(order_id=text).order_id
