"""Paying for an order: begun here, completed at the provider, and told of by its webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from orders.guests import links
from orders.lifecycle import balances, provider_events, repository
from orders.lifecycle.balances import STARTED, VOID
from orders.lifecycle.effects import Effects
from orders.lifecycle.service import update_order
from orders.lifecycle.transitions import FINISHED
from orders.payments import repository as events
from orders.payments.provider import (
    Authorized,
    Payment,
    PaymentProvider,
    ProviderEvent,
    RefundUpdate,
    Voided,
)
from orders.payments.provider_factory import provider
from shared import observability
from shared.errors.base import Unavailable
from shared.errors.orders import (
    OrderEntryLimitReached,
    OrderNotFound,
    WebhookSignatureInvalid,
    WebhookTooOld,
)
from shared.money import Money
from shared.security.permissions import Principal
from shared.storage.models.orders import Order
from shared.storage.transactions import Transaction


@dataclass(frozen=True, slots=True)
class StartedPayment:
    order: Order
    payment: Payment
    provider: str


def start_payment(buyer: Principal, order_id: str) -> StartedPayment:
    """The order's payment at the provider: the same one each time, unless it came to nothing.

    Raises OrderNotFound (for someone else's order too), OrderStatusConflict, OrderExpiredUnpaid,
    PaymentUnavailable and PaymentRefused.
    """
    order = repository.get_order(order_id)
    if order.buyer_id != buyer.user_id:
        raise OrderNotFound("There is no such order.")
    return _begin(order)


def start_guest_payment(token: str | None, order_id: str) -> StartedPayment:
    """As `begin`, for whoever has the order's link."""
    links.require_valid_token(order_id, token)
    order = repository.get_order(order_id)
    return _begin(order)


def _begin(order: Order) -> StartedPayment:
    provider_events.require_payable(order)
    chosen = provider()
    payment = _standing(order, chosen) or _new(order, chosen)
    # Only now is the secret shown: nobody can pay with one that the order does not know of.
    changed = update_order(
        order.order_id,
        lambda it: provider_events.start_payment(
            it, provider=chosen.name, payment_id=payment.payment_id
        ),
    )
    return StartedPayment(changed, payment, chosen.name)


def _standing(order: Order, chosen: PaymentProvider) -> Payment | None:
    """The payment that was begun before, if something may still come of it."""
    if order.payment is None or order.payment.status != STARTED:
        return None
    payment = chosen.find(order.payment.payment_id)
    return None if payment.status == VOID else payment


def _new(order: Order, chosen: PaymentProvider) -> Payment:
    """Under a key of the order's own, so that two requests at once begin one payment."""
    before = order.payment.payment_id if order.payment else None
    key = " ".join(["begin", order.order_id, *([before] if before else [])])
    amount = Money(amount_minor=int(order.totals.total_minor), currency=order.currency)
    return chosen.begin(order.order_id, amount, key)


@dataclass(frozen=True, slots=True)
class WebhookResult:
    """What became of a webhook; `reason` says why it was refused."""

    outcome: Literal["applied", "repeated", "ignored", "refused"]
    reason: str | None = None


class _Repeated(Exception):
    """Nothing in the event is new."""


def handle_webhook(body: bytes, headers: Mapping[str, str]) -> WebhookResult:
    """Apply what the provider tells to its order, once.

    What no repetition would mend is an outcome, so that the provider stops. Whatever else raises
    makes it tell again: PaymentUnavailable, Unavailable. Raises WebhookSignatureInvalid and
    WebhookTooOld for what is not the provider's, or not of now.
    """
    chosen = provider()
    try:
        told = chosen.event_of(body, headers)
    except (WebhookSignatureInvalid, WebhookTooOld) as refusal:
        observability.audit("webhook", "rejected", reason=refusal.code)
        raise
    if told is None:
        return WebhookResult("ignored")
    try:
        _apply(told, chosen.name)
    except _Repeated:
        return WebhookResult("repeated")
    except provider_events.PaymentMismatch as misfit:
        return _refused(told, misfit.code)
    except (OrderNotFound, OrderEntryLimitReached) as refusal:
        return _refused(told, refusal.code)
    return WebhookResult("applied")


def _apply(told: ProviderEvent, provider_name: str) -> None:
    def decide(order: Order) -> Effects:
        effects = _decision(order, told, provider_name)
        if effects is None:
            raise _Repeated
        return effects

    def also(transaction: Transaction) -> None:
        events.stage(transaction, told, provider=provider_name, otherwise=_Repeated())

    update_order(told.order_id, decide, also)


def _decision(order: Order, told: ProviderEvent, provider_name: str) -> Effects | None:
    """Raises PaymentMismatch, OrderEntryLimitReached, and Unavailable for what is told too early."""
    if isinstance(told, Voided):
        return provider_events.apply_void(order, payment_id=told.payment_id)
    if told.amount.currency != order.currency:
        raise provider_events.PaymentMismatch("amount_differs")
    if isinstance(told, RefundUpdate):
        return _refund_told(order, told)
    come = (
        provider_events.apply_authorization
        if isinstance(told, Authorized)
        else provider_events.apply_capture
    )
    return come(
        order,
        provider=provider_name,
        payment_id=told.payment_id,
        amount_minor=told.amount.amount_minor,
    )


def _refund_told(order: Order, told: RefundUpdate) -> Effects | None:
    known = balances.payment_or_empty(order)
    is_unknown = known.payment_id in (None, told.payment_id) and not known.captured_minor
    if is_unknown and known.status == VOID:
        return None  # an authorization that was let go of: no money had come
    if is_unknown and order.status not in FINISHED:
        raise Unavailable("Of what is paid back here, nothing is known yet. Tell it again.")
    return provider_events.apply_refund_update(
        order,
        payment_id=told.payment_id,
        refund_id=told.refund_id,
        provider_refund_id=told.refund.provider_refund_id,
        amount_minor=told.amount.amount_minor,
        status=told.refund.status,
    )


def _refused(told: ProviderEvent, reason: str) -> WebhookResult:
    """Somebody has to look into it: an alarm counts the error's line (template.yaml)."""
    facts = {"event_id": told.event_id, "order_id": told.order_id, "payment_id": told.payment_id}
    observability.audit("webhook", "refused", reason=reason, **facts)
    observability.logger.error("webhook refused", extra=facts | {"reason": reason})
    return WebhookResult("refused", reason)
