"""Payment queue -> have the payment provider refund, void or capture a payment.

The worker reads the order and decides by its current state. It applies the provider's response as
it would apply the provider's webhook.

Repeat: a message changes nothing once its request is done; the provider's idempotency prevents a
second execution. Failure: the queue redelivers the message. A refusal by the provider fails a
refund for good.
"""

from datetime import timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orders.lifecycle import balances, provider_events, refunds, repository
from orders.lifecycle.balances import AUTHORIZED, CAPTURED, FAILED, REQUESTED, STARTED, VOID
from orders.lifecycle.effects import Effects
from orders.lifecycle.service import update_order
from orders.lifecycle.transitions import FINISHED
from orders.payments.provider import Payment, PaymentProvider, Refund
from orders.payments.provider_factory import get_provider
from shared import clock, freeze_gc, observability, sqs_consumer
from shared.config import PaymentSettings, settings
from shared.errors.orders import PaymentRefused
from shared.events.all_events import AnyEvent
from shared.events.orders import CaptureRequested, RefundRequested, VoidRequested
from shared.money import Money
from shared.sqs_consumer import Delivery, UnexpectedEvent
from shared.storage.models.orders import Order, OrderRefund

# Stripe keeps an idempotency key for at least 24 h. After that it would refund a second time.
IDEMPOTENCY_KEY_LIFETIME = timedelta(hours=12)
REFUSED_REFUND_ID = "none"  # stored as the provider's id of a refund that it has refused

settings(PaymentSettings)  # a missing setting fails the cold start, not a message
freeze_gc()


class ProviderMismatch(Exception):
    """The order was paid through another provider than the one in the settings."""


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Return the ids of the messages that failed."""
    return sqs_consumer.consume(
        event, context, _execute_request, failure_message="payment request failed"
    )


def _execute_request(event: AnyEvent, _: Delivery) -> None:
    match event:
        case RefundRequested():
            _refund_payment(event.data.order_id, event.data.refund_id)
        case VoidRequested():
            _void_payment(event.data.order_id)
        case CaptureRequested():
            _capture_payment(event.data.order_id)
        case _:
            raise UnexpectedEvent(event.type)


def _refund_payment(order_id: str, refund_id: str) -> None:
    order = repository.get_order(order_id)
    request = _get_refund(order, refund_id)
    if request.status != REQUESTED or request.provider_refund_id:
        return
    try:
        refund = _create_refund(order, request)
    except PaymentRefused as refusal:
        refund = Refund(REFUSED_REFUND_ID, FAILED)
        _audit("refund", "refused", order, reason=str(refusal.details["reason"]))
    else:
        _audit("refund", refund.status, order, refund_id=refund_id)
    update_order(order_id, partial(_settle_refund, refund_id=refund_id, refund=refund))


def _create_refund(order: Order, request: OrderRefund) -> Refund:
    provider = _get_provider(order)
    payment_id = balances.payment_or_empty(order).payment_id
    if clock.utc_now() - request.at > IDEMPOTENCY_KEY_LIFETIME:
        existing = provider.find_refund(payment_id, request.refund_id)
        if existing:
            return existing
    amount = Money(amount_minor=int(request.amount_minor), currency=order.currency)
    return provider.create_refund(payment_id, amount, request.refund_id)


def _settle_refund(order: Order, *, refund_id: str, refund: Refund) -> Effects | None:
    return refunds.apply_refund_status(
        order,
        _get_refund(order, refund_id),
        status=refund.status,
        provider_refund_id=refund.provider_refund_id,
    )


def _void_payment(order_id: str) -> None:
    order = repository.get_order(order_id)
    payment = balances.payment_or_empty(order)
    if payment.status not in (STARTED, AUTHORIZED):
        return
    _apply_payment(order, _get_provider(order).void_payment(payment.payment_id))


def _capture_payment(order_id: str) -> None:
    order = repository.get_order(order_id)
    payment = balances.payment_or_empty(order)
    # A finished order has its authorization voided by a request of its own.
    if payment.status != AUTHORIZED or order.status in FINISHED:
        return
    total = Money(amount_minor=balances.total_minor(order), currency=order.currency)
    _apply_payment(order, _get_provider(order).capture_payment(payment.payment_id, total))


def _apply_payment(order: Order, payment: Payment) -> None:
    """Apply the payment's new state, which is not always the requested one."""
    _audit("payment", payment.status, order)
    if payment.status == CAPTURED:
        decide = partial(
            provider_events.apply_capture,
            provider=balances.payment_or_empty(order).provider,
            payment_id=payment.payment_id,
            amount_minor=payment.captured_minor,
        )
        update_order(order.order_id, decide)
    if payment.status == VOID:
        decide = partial(provider_events.apply_void, payment_id=payment.payment_id)
        update_order(order.order_id, decide)


def _get_provider(order: Order) -> PaymentProvider:
    """Raises ProviderMismatch and PaymentUnavailable."""
    provider = get_provider()
    if balances.payment_or_empty(order).provider != provider.name:
        raise ProviderMismatch(order.order_id)
    return provider


def _get_refund(order: Order, refund_id: str) -> OrderRefund:
    """Raises LookupError."""
    refund = refunds.find_refund(order, refund_id)
    if refund is None:
        raise LookupError(f"the order has no refund {refund_id}")
    return refund


def _audit(action: str, result: str, order: Order, **facts: str) -> None:
    observability.audit(action, result, order_id=order.order_id, **facts)
