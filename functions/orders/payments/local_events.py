"""Conversion of the local provider's webhook events into the shop's. Pure."""

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
from orders.payments.webhook_fields import (
    Id,
    PositiveAmount,
    StrictModel,
    UnixSeconds,
    Word,
    is_unused,
    parse_object,
    strict_fields,
    to_time,
)
from shared.money import Money

REFUND_STATUSES = {"pending": REQUESTED, "succeeded": SUCCEEDED, "failed": FAILED}


class _Event(StrictModel):
    id: Id
    type: str
    created: Any = None  # only a dispute needs it
    data: dict[str, Any]


class _Subject(StrictModel):
    """A payment, a refund or a dispute."""

    id: Id
    order_id: Id


class _Payment(_Subject):
    amount_minor: int
    captured_minor: int
    currency: str


class _Refund(_Subject):
    payment_id: Id
    refund_id: Id | None
    amount_minor: PositiveAmount
    currency: str
    status: Word


class _Dispute(_Subject):
    payment_id: Id
    amount_minor: PositiveAmount
    currency: str
    status: Word
    reason: Word
    created: UnixSeconds  # of the event


def parse_event(body: bytes) -> ProviderEvent | None:
    """Return the event, or None if the shop does not use it. Raises MalformedEvent."""
    content = parse_object(body)
    if is_unused(content, _PARSERS):
        return None
    with strict_fields():
        event = _Event.model_validate(content)
        return _PARSERS[event.type](event)


def _parse_authorization(event: _Event) -> Authorized:
    payment = _Payment.model_validate(event.data)
    amount = Money(amount_minor=payment.amount_minor, currency=payment.currency)
    return Authorized(event.id, event.type, payment.order_id, payment.id, amount)


def _parse_capture(event: _Event) -> Captured:
    payment = _Payment.model_validate(event.data)
    amount = Money(amount_minor=payment.captured_minor, currency=payment.currency)
    return Captured(event.id, event.type, payment.order_id, payment.id, amount)


def _parse_void(event: _Event) -> Voided:
    payment = _Subject.model_validate(event.data)
    return Voided(event.id, event.type, payment.order_id, payment.id)


def _parse_refund(event: _Event) -> RefundUpdate:
    refund = _Refund.model_validate(event.data)
    return RefundUpdate(
        event.id,
        event.type,
        refund.order_id,
        refund.payment_id,
        refund_id=refund.refund_id,
        refund=Refund(refund.id, REFUND_STATUSES.get(refund.status, UNKNOWN)),
        amount=Money(amount_minor=refund.amount_minor, currency=refund.currency),
    )


def _parse_dispute(event: _Event) -> DisputeUpdate:
    dispute = _Dispute.model_validate(event.data | {"created": event.created})
    return DisputeUpdate(
        event.id,
        event.type,
        dispute.order_id,
        dispute.payment_id,
        dispute_id=dispute.id,
        amount=Money(amount_minor=dispute.amount_minor, currency=dispute.currency),
        status=dispute.status,
        reason=dispute.reason,
        reported_at=to_time(dispute.created),
    )


_PARSERS: dict[str, Callable[[_Event], ProviderEvent]] = {
    "payment.authorized": _parse_authorization,
    "payment.captured": _parse_capture,
    "payment.voided": _parse_void,
    "refund.updated": _parse_refund,
    "dispute.updated": _parse_dispute,
}
