"""What Stripe's webhooks tell, in the shop's words. Pure.

The endpoint needs payment_intent.amount_capturable_updated, .succeeded, .canceled and
.payment_failed, and refund.created, .updated and .failed (docs.stripe.com/api/events/types). What
else is sent is none of the shop's business.
"""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict

from orders.lifecycle.balances import FAILED, REQUESTED, SUCCEEDED
from orders.payments.provider import (
    Authorized,
    Captured,
    ProviderEvent,
    Refund,
    RefundUpdate,
    Voided,
)
from orders.payments.stripe_amounts import of_stripe
from shared import observability

OF_REFUNDS = frozenset({"refund.created", "refund.updated", "refund.failed"})

REFUND_STATUSES = {
    "pending": REQUESTED,
    "requires_action": REQUESTED,
    "succeeded": SUCCEEDED,
    "failed": FAILED,
    "canceled": FAILED,
}


class _Shown(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)  # a crash is logged


class _About(_Shown):
    object: dict[str, Any]


class _Event(_Shown):
    id: str
    type: str
    data: _About


class _Intent(_Shown):
    id: str
    currency: str
    amount_capturable: int = 0
    amount_received: int = 0
    metadata: dict[str, str]


class _Refund(_Shown):
    id: str
    amount: int
    currency: str
    payment_intent: str | None
    status: str
    metadata: dict[str, str] | None


def event_of(body: bytes, order_of: Callable[[str], str | None]) -> ProviderEvent | None:
    """`order_of` looks the order of a payment up: a refund made in Stripe's pages names none."""
    event = _Event.model_validate_json(body)
    if event.type in OF_REFUNDS:
        return _refund_told(event, order_of)
    if event.type.startswith("payment_intent."):
        return _of_payment(event)
    return None


def _of_payment(event: _Event) -> ProviderEvent | None:
    intent = _Intent.model_validate(event.data.object)
    order_id = intent.metadata.get("order_id")
    if not order_id:  # whatever else the account is used for
        return None
    told = event.id, event.type, order_id, intent.id
    if event.type == "payment_intent.amount_capturable_updated":
        return Authorized(*told, of_stripe(intent.amount_capturable, intent.currency))
    if event.type == "payment_intent.succeeded":
        return Captured(*told, of_stripe(intent.amount_received, intent.currency))
    if event.type == "payment_intent.canceled":
        return Voided(*told)
    if event.type == "payment_intent.payment_failed":  # the buyer may try another card
        observability.logger.info("payment failed", order_id=order_id, payment_id=intent.id)
    return None


def _refund_told(event: _Event, order_of: Callable[[str], str | None]) -> RefundUpdate | None:
    made = _Refund.model_validate(event.data.object)
    order_id = order_of(made.payment_intent) if made.payment_intent else None
    if not made.payment_intent or not order_id:
        return None
    return RefundUpdate(
        event.id,
        event.type,
        order_id,
        made.payment_intent,
        refund_id=(made.metadata or {}).get("refund_id"),
        refund=Refund(made.id, REFUND_STATUSES[made.status]),
        amount=of_stripe(made.amount, made.currency),
    )
