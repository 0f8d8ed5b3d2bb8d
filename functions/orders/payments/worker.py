"""Payment queue -> what the provider is to do for an order: pay back, let go, or capture.

A message may come any number of times, and late: what the order has become decides. The provider
does each thing once, and what it answers is applied like its webhooks.
"""

from datetime import timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from orders.lifecycle import paying, receipts, refunds, repository
from orders.lifecycle.receipts import AUTHORIZED, CAPTURED, FAILED, REQUESTED, STARTED, VOID
from orders.lifecycle.service import change
from orders.lifecycle.transitions import FINISHED, Effects
from orders.payments.provider import Payment, PaymentProvider, Refund
from orders.payments.providers import provider
from shared import clock, observability, queues, started
from shared.config import PaymentSettings, settings
from shared.errors import PaymentRefused
from shared.events import AnyEvent, CaptureRequested, RefundRequested, VoidRequested
from shared.models import Order, OrderRefund
from shared.money import Money
from shared.queues import Run

# Stripe forgets a key after 24 h at the earliest, and would then pay back a second time.
KEY_TRUSTED = timedelta(hours=12)
NO_REFUND = "none"  # the provider's id of a refund that it has refused

settings(PaymentSettings)
started()


class OtherProvider(Exception):
    """The order was paid through a provider that the shop is not set up with any more."""


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answers with the messages that failed."""
    return queues.consume(event, context, _act, failing="payment not settled")


def _act(happened: AnyEvent, _: Run) -> None:
    match happened:
        case RefundRequested():
            _pay_back(happened.data.order_id, happened.data.refund_id)
        case VoidRequested():
            _let_go(happened.data.order_id)
        case CaptureRequested():
            _capture(happened.data.order_id)
        case _:
            raise queues.misrouted(happened)


def _pay_back(order_id: str, refund_id: str) -> None:
    order, _ = repository.read(order_id)
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
    change(order_id, partial(_settle, refund_id=refund_id, made=made))


def _refund(order: Order, asked: OrderRefund, chosen: PaymentProvider) -> Refund:
    payment_id = receipts.payment_of(order).payment_id
    if clock.utc_now() - asked.at > KEY_TRUSTED:
        made = chosen.find_refund(payment_id, asked.refund_id)
        if made:
            return made
    amount = Money(amount_minor=int(asked.amount_minor), currency=order.currency)
    return chosen.refund(payment_id, amount, asked.refund_id)


def _settle(order: Order, *, refund_id: str, made: Refund) -> Effects | None:
    return refunds.settled(
        order,
        _refund_in(order, refund_id),
        status=made.status,
        provider_refund_id=made.provider_refund_id,
    )


def _let_go(order_id: str) -> None:
    order, _ = repository.read(order_id)
    payment = receipts.payment_of(order)
    if payment.status not in (STARTED, AUTHORIZED):
        return
    _apply(order, _provider_of(order).void(payment.payment_id))


def _capture(order_id: str) -> None:
    order, _ = repository.read(order_id)
    payment = receipts.payment_of(order)
    if payment.status != AUTHORIZED or order.status in FINISHED:  # which lets go of it instead
        return
    total = Money(amount_minor=receipts.total_minor(order), currency=order.currency)
    _apply(order, _provider_of(order).capture(payment.payment_id, total))


def _apply(order: Order, now: Payment) -> None:
    """What has become of the payment: not always what was asked for."""
    _note("payment", now.status, order)
    if now.status == CAPTURED:
        learnt = partial(
            paying.captured,
            provider=receipts.payment_of(order).provider,
            payment_id=now.payment_id,
            amount_minor=now.captured_minor,
        )
        change(order.order_id, learnt)
    if now.status == VOID:
        change(order.order_id, partial(paying.voided, payment_id=now.payment_id))


def _provider_of(order: Order) -> PaymentProvider:
    """Raises OtherProvider and PaymentUnavailable."""
    chosen = provider()
    if receipts.payment_of(order).provider != chosen.name:
        raise OtherProvider(order.order_id)
    return chosen


def _refund_in(order: Order, refund_id: str) -> OrderRefund:
    found = refunds.find(order, refund_id)
    if found is None:
        raise LookupError(f"the order has no refund {refund_id}")
    return found


def _note(action: str, result: str, order: Order, **facts: str) -> None:
    observability.audit(action, result, order_id=order.order_id, **facts)
