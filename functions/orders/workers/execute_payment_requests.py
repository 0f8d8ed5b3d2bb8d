"""Payment queue -> what the provider is to do for an order: pay back, let go, or capture.

A message may come any number of times, and late: what the order has become decides. The provider
does each thing once, and what it answers is applied like its webhooks.
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
from orders.payments.provider_factory import provider
from shared import clock, freeze_gc, observability, sqs_consumer
from shared.config import PaymentSettings, settings
from shared.errors.orders import PaymentRefused
from shared.events.all_events import AnyEvent
from shared.events.orders import CaptureRequested, RefundRequested, VoidRequested
from shared.money import Money
from shared.sqs_consumer import Run
from shared.storage.models.orders import Order, OrderRefund

# Stripe forgets a key after 24 h at the earliest, and would then pay back a second time.
KEY_TRUSTED = timedelta(hours=12)
NO_REFUND = "none"  # the provider's id of a refund that it has refused

settings(PaymentSettings)
freeze_gc()


class OtherProvider(Exception):
    """The order was paid through a provider that the shop is not set up with any more."""


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answers with the messages that failed."""
    return sqs_consumer.consume(event, context, _act, failing="payment not settled")


def _act(happened: AnyEvent, _: Run) -> None:
    match happened:
        case RefundRequested():
            _pay_back(happened.data.order_id, happened.data.refund_id)
        case VoidRequested():
            _let_go(happened.data.order_id)
        case CaptureRequested():
            _capture(happened.data.order_id)
        case _:
            raise sqs_consumer.misrouted(happened)


def _pay_back(order_id: str, refund_id: str) -> None:
    order = repository.get_order(order_id)
    asked = _refund_in(order, refund_id)
    if asked.status != REQUESTED or asked.provider_refund_id:
        return
    try:
        made = _refund(order, asked, _provider_of(order))
    except PaymentRefused as refusal:
        made = Refund(NO_REFUND, FAILED)
        _note("refund", "refused", order, reason=str(refusal.details["reason"]))
    else:
        _note("refund", made.status, order, refund_id=refund_id)
    update_order(order_id, partial(_settle, refund_id=refund_id, made=made))


def _refund(order: Order, asked: OrderRefund, chosen: PaymentProvider) -> Refund:
    payment_id = balances.payment_or_empty(order).payment_id
    if clock.utc_now() - asked.at > KEY_TRUSTED:
        made = chosen.find_refund(payment_id, asked.refund_id)
        if made:
            return made
    amount = Money(amount_minor=int(asked.amount_minor), currency=order.currency)
    return chosen.refund(payment_id, amount, asked.refund_id)


def _settle(order: Order, *, refund_id: str, made: Refund) -> Effects | None:
    return refunds.apply_refund_status(
        order,
        _refund_in(order, refund_id),
        status=made.status,
        provider_refund_id=made.provider_refund_id,
    )


def _let_go(order_id: str) -> None:
    order = repository.get_order(order_id)
    payment = balances.payment_or_empty(order)
    if payment.status not in (STARTED, AUTHORIZED):
        return
    _apply(order, _provider_of(order).void(payment.payment_id))


def _capture(order_id: str) -> None:
    order = repository.get_order(order_id)
    payment = balances.payment_or_empty(order)
    if payment.status != AUTHORIZED or order.status in FINISHED:  # which lets go of it instead
        return
    total = Money(amount_minor=balances.total_minor(order), currency=order.currency)
    _apply(order, _provider_of(order).capture(payment.payment_id, total))


def _apply(order: Order, now: Payment) -> None:
    """What has become of the payment: not always what was asked for."""
    _note("payment", now.status, order)
    if now.status == CAPTURED:
        learnt = partial(
            provider_events.apply_capture,
            provider=balances.payment_or_empty(order).provider,
            payment_id=now.payment_id,
            amount_minor=now.captured_minor,
        )
        update_order(order.order_id, learnt)
    if now.status == VOID:
        update_order(order.order_id, partial(provider_events.apply_void, payment_id=now.payment_id))


def _provider_of(order: Order) -> PaymentProvider:
    """Raises OtherProvider and PaymentUnavailable."""
    chosen = provider()
    if balances.payment_or_empty(order).provider != chosen.name:
        raise OtherProvider(order.order_id)
    return chosen


def _refund_in(order: Order, refund_id: str) -> OrderRefund:
    found = refunds.find_refund(order, refund_id)
    if found is None:
        raise LookupError(f"the order has no refund {refund_id}")
    return found


def _note(action: str, result: str, order: Order, **facts: str) -> None:
    observability.audit(action, result, order_id=order.order_id, **facts)
