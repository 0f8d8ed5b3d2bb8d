"""Conversion of Stripe's webhook events into the shop's. Pure.

The types are in docs.stripe.com/api/events/types.
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
from orders.payments.stripe_amounts import from_stripe
from shared import observability

PAYMENT_AUTHORIZED = "payment_intent.amount_capturable_updated"
PAYMENT_CAPTURED = "payment_intent.succeeded"
PAYMENT_VOIDED = "payment_intent.canceled"
PAYMENT_FAILED = "payment_intent.payment_failed"
PAYMENT_EVENTS = (PAYMENT_AUTHORIZED, PAYMENT_CAPTURED, PAYMENT_VOIDED, PAYMENT_FAILED)
REFUND_EVENTS = ("refund.created", "refund.updated", "refund.failed")
# The events that the webhook endpoint at Stripe must be subscribed to. Others are ignored.
SUBSCRIBED_EVENTS = (*PAYMENT_EVENTS, *REFUND_EVENTS)

REFUND_STATUSES = {
    "pending": REQUESTED,
    "requires_action": REQUESTED,
    "succeeded": SUCCEEDED,
    "failed": FAILED,
    "canceled": FAILED,
}

FindOrderId = Callable[[str], str | None]  # from the id of a payment


class _StripeObject(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)  # validation errors are logged


class _EventData(_StripeObject):
    object: dict[str, Any]


class _Event(_StripeObject):
    id: str
    type: str
    data: _EventData


class _PaymentIntent(_StripeObject):
    id: str
    currency: str
    amount_capturable: int = 0
    amount_received: int = 0
    metadata: dict[str, str]


class _Refund(_StripeObject):
    id: str
    amount: int
    currency: str
    payment_intent: str | None
    status: str
    metadata: dict[str, str] | None


def parse_event(body: bytes, find_order_id: FindOrderId) -> ProviderEvent | None:
    """Return the event, or None if the shop does not use it or it belongs to no order.

    A refund does not carry its order's id; `find_order_id` looks it up by the payment.
    """
    event = _Event.model_validate_json(body)
    if event.type in REFUND_EVENTS:
        return _parse_refund(event, find_order_id)
    if event.type in PAYMENT_EVENTS:
        return _parse_payment(event)
    return None


def _parse_payment(event: _Event) -> ProviderEvent | None:
    intent = _PaymentIntent.model_validate(event.data.object)
    order_id = intent.metadata.get("order_id")
    if not order_id:  # the shop may use its Stripe account for other sales too
        return None
    common = event.id, event.type, order_id, intent.id
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
    refund = _Refund.model_validate(event.data.object)
    order_id = find_order_id(refund.payment_intent) if refund.payment_intent else None
    if not refund.payment_intent or not order_id:
        return None
    return RefundUpdate(
        event.id,
        event.type,
        order_id,
        refund.payment_intent,
        refund_id=(refund.metadata or {}).get("refund_id"),
        refund=Refund(refund.id, REFUND_STATUSES[refund.status]),
        amount=from_stripe(refund.amount, refund.currency),
    )
