"""Start the payment of an order, and apply the provider's webhooks to it."""

from collections.abc import Callable, Mapping
from typing import Literal

from orders.guests import links
from orders.lifecycle import balances, disputes, provider_events, repository
from orders.lifecycle.balances import STARTED, VOID
from orders.lifecycle.effects import Effects
from orders.lifecycle.service import update_order
from orders.payments.provider import (
    UNKNOWN,
    Authorized,
    Captured,
    DisputeUpdate,
    Payment,
    PaymentProvider,
    ProviderEvent,
    RefundUpdate,
    Voided,
)
from orders.payments.provider_factory import get_provider
from orders.payments.repository import stage_provider_event
from orders.payments.webhook_fields import MalformedEvent
from shared import clock, observability
from shared.config import PaymentSettings, settings
from shared.errors.base import Unavailable
from shared.errors.orders import (
    OrderEntryLimitReached,
    OrderNotFound,
    PaymentRefused,
    WebhookSignatureInvalid,
    WebhookTooOld,
)
from shared.money import Money
from shared.records import Record
from shared.security.permissions import Principal
from shared.storage import rate_limits
from shared.storage.models.orders import Order, OrderDispute
from shared.storage.transactions import Transaction


class StartedPayment(Record):
    order: Order
    payment: Payment
    provider: str


def start_payment(buyer: Principal, order_id: str) -> StartedPayment:
    """Return the order's payment at the provider; create it if there is none or it is void.

    Raises OrderNotFound (also for the order of another buyer), OrderStatusConflict,
    OrderExpiredUnpaid, TooManyAttempts, PaymentUnavailable and PaymentRefused.
    """

    def require_buyer(order: Order) -> None:
        if order.buyer_id != buyer.user_id:
            raise OrderNotFound

    return _start_payment(order_id, require_buyer)


def start_guest_payment(token: str | None, order_id: str) -> StartedPayment:
    """As `start_payment`, with the token of the order's link instead of an account."""
    link = links.require_valid_token(order_id, token)
    return _start_payment(order_id, link.require_buyer)


def _start_payment(order_id: str, require_buyer: Callable[[Order], None]) -> StartedPayment:
    """`require_buyer` is asked again before the payment is stored: staff may change the buyer."""
    order = repository.get_order(order_id)
    require_buyer(order)
    provider_events.require_payable(order)
    _consume_start(order)
    provider = get_provider()
    open_payment = _find_open_payment(order, provider)
    payment = open_payment or _create_payment(order, provider)

    # The order stores the payment before the buyer gets the secret: the shop knows every payment
    # that somebody can complete.
    def decide(order: Order) -> Effects | None:
        require_buyer(order)
        return provider_events.start_payment(
            order, provider=provider.name, payment_id=payment.payment_id
        )

    # A new payment changes the order.
    updated = update_order(order_id, decide, last_read=None if open_payment else order)
    return StartedPayment(updated, payment, provider.name)


def _consume_start(order: Order) -> None:
    """Each start calls the provider. Raises TooManyAttempts before that."""
    transaction = Transaction()
    limit = settings(PaymentSettings).payment_starts_per_hour
    rate_limits.consume_hourly_quota(
        transaction, "payment start of", order.order_id, limit=limit, now=clock.utc_now()
    )
    transaction.commit()


def _find_open_payment(order: Order, provider: PaymentProvider) -> Payment | None:
    """Return the payment that was started before, unless it is void."""
    if order.payment is None or order.payment.status != STARTED:
        return None
    payment = provider.get_payment(order.payment.payment_id)
    return None if payment.status == VOID else payment


def _create_payment(order: Order, provider: PaymentProvider) -> Payment:
    """The idempotency key derives from the order: two requests at once create one payment."""
    previous_id = order.payment.payment_id if order.payment else None
    idempotency_key = " ".join(["begin", order.order_id, *([previous_id] if previous_id else [])])
    amount = Money(amount_minor=int(order.totals.total_minor), currency=order.currency)
    return provider.create_payment(order.order_id, amount, idempotency_key)


class WebhookResult(Record):
    """The outcome of a webhook; `reason` says why it was refused."""

    outcome: Literal["applied", "repeated", "ignored", "refused"]
    reason: str | None = None


class _EventAlreadyApplied(Exception):
    """The event changes nothing."""


def handle_webhook(body: bytes, headers: Mapping[str, str]) -> WebhookResult:
    """Apply the provider's event to its order, once.

    A refusal that a retry would not change is an outcome, so that the provider stops resending.
    Every other error makes it resend: PaymentUnavailable and Unavailable. Raises
    WebhookSignatureInvalid and WebhookTooOld for a webhook that is forged, or not recent.
    """
    provider = get_provider()
    try:
        event = provider.parse_webhook(body, headers)
    except (WebhookSignatureInvalid, WebhookTooOld) as refusal:
        observability.audit("receive_payment_webhook", "rejected", reason=refusal.code)
        raise
    except MalformedEvent as error:
        return _refuse("malformed_event", problem=str(error))
    except PaymentRefused as refusal:  # the provider does not know the payment that it names
        return _refuse("unknown_payment", problem=str(refusal.details["reason"]))
    if event is None:
        return WebhookResult("ignored")
    return _apply_once(event, provider)


def _apply_once(event: ProviderEvent, provider: PaymentProvider) -> WebhookResult:
    facts = {"event_id": event.event_id, "order_id": event.order_id, "payment_id": event.payment_id}
    if isinstance(event, RefundUpdate) and event.refund.status == UNKNOWN:
        return _refuse("unknown_status", **facts)
    try:
        _apply_event(event, provider)
    except _EventAlreadyApplied:
        return WebhookResult("repeated")
    except provider_events.PaymentMismatch as mismatch:
        return _refuse(mismatch.code, **facts)
    except (OrderNotFound, OrderEntryLimitReached) as refusal:
        return _refuse(refusal.code, **facts)
    except PaymentRefused:  # as in `handle_webhook`
        return _refuse("unknown_payment", **facts)
    return WebhookResult("applied")


def _apply_event(event: ProviderEvent, provider: PaymentProvider) -> None:
    def decide(order: Order) -> Effects:
        effects = _decide_event(order, event, provider)
        if effects is None:
            raise _EventAlreadyApplied
        return effects

    def stage_event(transaction: Transaction) -> None:
        stage_provider_event(
            transaction, event, provider=provider.name, otherwise=_EventAlreadyApplied()
        )

    update_order(event.order_id, decide, stage_event)


def _decide_event(order: Order, event: ProviderEvent, provider: PaymentProvider) -> Effects | None:
    """Raises PaymentMismatch, OrderEntryLimitReached, and Unavailable for an event too early."""
    if isinstance(event, Voided):
        return provider_events.apply_void(order, payment_id=event.payment_id)
    if event.amount.currency != order.currency:
        raise provider_events.PaymentMismatch("amount_differs")
    match event:
        case RefundUpdate():
            return _decide_refund(order, event, provider)
        case DisputeUpdate():
            return disputes.apply_dispute(order, _to_dispute(event), payment_id=event.payment_id)
        case Authorized():
            decide = provider_events.apply_authorization
        case Captured():
            decide = provider_events.apply_capture
    return decide(
        order,
        provider=provider.name,
        payment_id=event.payment_id,
        amount_minor=event.amount.amount_minor,
    )


def _decide_refund(order: Order, event: RefundUpdate, provider: PaymentProvider) -> Effects | None:
    if provider_events.precedes_capture(order, event.payment_id, event.amount.amount_minor):
        is_void = balances.payment_or_empty(order).status == VOID
        if is_void and provider.get_payment(event.payment_id).status == VOID:
            return None  # the authorization was released: the shop received no money
        # Status and stock do not matter: what a finished order receives is refunded too.
        raise Unavailable("No payment is recorded for this refund yet. Retry the webhook later.")
    return provider_events.apply_refund_update(
        order,
        payment_id=event.payment_id,
        refund_id=event.refund_id,
        provider_refund_id=event.refund.provider_refund_id,
        amount_minor=event.amount.amount_minor,
        status=event.refund.status,
    )


def _to_dispute(event: DisputeUpdate) -> OrderDispute:
    return OrderDispute(
        dispute_id=event.dispute_id,
        amount_minor=event.amount.amount_minor,
        status=event.status,
        reason=event.reason,
        reported_at=event.reported_at,
    )


def _refuse(reason: str, **facts: str) -> WebhookResult:
    """An alarm counts the error line (template.yaml), so that somebody investigates."""
    observability.audit("receive_payment_webhook", "refused", reason=reason, **facts)
    observability.logger.error("webhook refused", extra=facts | {"reason": reason})
    return WebhookResult("refused", reason)
