"""Have the provider refund, void or capture a payment, and apply its answer to the order.

The queue's worker does what an event requests, and the sweep what an order's state shows. Both
read the order first. The answer is applied as the provider's webhook would be. A repeat changes
nothing: the provider's calls are idempotent, and what is settled is not requested again.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from orders.lifecycle import balances, open_requests, provider_events, refunds, repository
from orders.lifecycle.balances import CAPTURED, REQUESTED, VOID
from orders.lifecycle.effects import Effects
from orders.lifecycle.service import update_order
from orders.payments.provider import UNKNOWN, Payment, PaymentProvider, Refund
from shared import clock, observability
from shared.errors.orders import PaymentRefused
from shared.money import Money
from shared.storage.models.orders import Order, OrderRefund

# Stripe keeps an idempotency key for at least 24 h. After that it would refund a second time.
IDEMPOTENCY_KEY_LIFETIME = timedelta(hours=12)


class ProviderMismatch(Exception):
    """The order was paid through another provider than the one in the settings."""


def settle_order(provider: PaymentProvider, order_id: str, has_time: Callable[[], bool]) -> Order:
    """Do what the order still needs from the provider; return it as it is afterwards.

    One failure stops no other request of the order. Raises the first failure in the end.
    """
    order = repository.get_order(order_id)
    requests = (
        [partial(void_payment, provider, order_id)] if open_requests.needs_void(order) else []
    )
    if open_requests.needs_capture(order):
        requests.append(partial(capture_payment, provider, order_id))
    for refund in open_requests.list_requested_refunds(order):
        execute = poll_refund if refund.provider_refund_id else refund_payment
        requests.append(partial(execute, provider, order_id, refund.refund_id))
    failures: list[Exception] = []
    for request in requests:
        if not has_time():
            break
        try:
            request()
        except Exception as error:  # noqa: BLE001 (raised below)
            failures.append(error)
    if failures:
        raise failures[0]
    # Saves the order only if its mark is wrong: older code settled it.
    return update_order(order_id, _end_settlement)


def refund_payment(provider: PaymentProvider, order_id: str, refund_id: str) -> None:
    """Raises LookupError, ProviderMismatch, PaymentUnavailable and Unavailable."""
    order = repository.get_order(order_id)
    request = _get_refund(order, refund_id)
    if request.status != REQUESTED or request.provider_refund_id:
        return
    _require_own(provider, order)
    try:
        refund = _create_refund(provider, order, request)
    except PaymentRefused as refusal:
        _audit("refund", "refused", order, reason=str(refusal.details["reason"]))
        is_automatic = refunds.is_automatic(request)
        left_minor = _find_left(provider, order) if is_automatic else None
        update_order(order_id, partial(_refuse_refund, refund_id=refund_id, left_minor=left_minor))
        return
    _audit("refund", refund.status, order, refund_id=refund_id)
    _apply_refund(order_id, refund_id, refund)


def poll_refund(provider: PaymentProvider, order_id: str, refund_id: str) -> None:
    """Apply the status of a refund whose webhook is late or lost. Raises as `refund_payment`."""
    order = repository.get_order(order_id)
    request = _get_refund(order, refund_id)
    _require_own(provider, order)
    payment_id = balances.payment_or_empty(order).payment_id
    refund = provider.get_refund(payment_id, str(request.provider_refund_id))
    if refund.status in (REQUESTED, UNKNOWN):
        return
    _audit("poll_refund", refund.status, order, refund_id=refund_id)
    _apply_refund(order_id, refund_id, refund)


def void_payment(provider: PaymentProvider, order_id: str) -> None:
    """Raises ProviderMismatch, PaymentRefused, PaymentUnavailable and Unavailable."""
    order = repository.get_order(order_id)
    if open_requests.needs_void(order):
        _require_own(provider, order)
        payment_id = balances.payment_or_empty(order).payment_id
        _apply_payment(order, provider.void_payment(payment_id))


def capture_payment(provider: PaymentProvider, order_id: str) -> None:
    """Raises as `void_payment`."""
    order = repository.get_order(order_id)
    if open_requests.needs_capture(order):
        _require_own(provider, order)
        due = Money(amount_minor=balances.due_minor(order), currency=order.currency)
        payment_id = balances.payment_or_empty(order).payment_id
        _apply_payment(order, provider.capture_payment(payment_id, due))


def _create_refund(provider: PaymentProvider, order: Order, request: OrderRefund) -> Refund:
    """Raises PaymentRefused, also for money that a dispute has taken since the request."""
    payment_id = balances.payment_or_empty(order).payment_id
    is_disputed = order.disputes and request.amount_minor > balances.undisputed_minor(order)
    if is_disputed or clock.utc_now() - request.at > IDEMPOTENCY_KEY_LIFETIME:
        existing = provider.find_refund(payment_id, request.refund_id)
        if existing:
            return existing
    if is_disputed:
        raise PaymentRefused(reason="disputed")
    amount = Money(amount_minor=int(request.amount_minor), currency=order.currency)
    return provider.create_refund(payment_id, amount, request.refund_id)


def _find_left(provider: PaymentProvider, order: Order) -> int | None:
    """What can still be refunded of the payment: by the provider's books, without disputes.

    None if the provider does not know the payment: its account may be another one by now.
    """
    payment = balances.payment_or_empty(order)
    try:
        refunded = provider.get_refunded_minor(payment.payment_id)
    except PaymentRefused:
        return None
    left = max(0, int(payment.captured_minor) - refunded)
    return min(left, balances.undisputed_minor(order))


def _apply_refund(order_id: str, refund_id: str, refund: Refund) -> None:
    if refund.status == UNKNOWN:
        _report_unknown_status(order_id)
    update_order(order_id, partial(_settle_refund, refund_id=refund_id, refund=refund))


def _settle_refund(order: Order, *, refund_id: str, refund: Refund) -> Effects | None:
    return refunds.apply_refund_status(
        order,
        _get_refund(order, refund_id),
        status=refund.status,
        provider_refund_id=refund.provider_refund_id,
    )


def _refuse_refund(order: Order, *, refund_id: str, left_minor: int | None) -> Effects | None:
    return refunds.apply_refusal(order, _get_refund(order, refund_id), left_minor=left_minor)


def _end_settlement(order: Order) -> Effects | None:
    return Effects() if order.settlement and open_requests.is_settled(order) else None


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
    if payment.status == UNKNOWN:
        _report_unknown_status(order.order_id)


def _require_own(provider: PaymentProvider, order: Order) -> None:
    """Raises ProviderMismatch."""
    if balances.payment_or_empty(order).provider != provider.name:
        raise ProviderMismatch(order.order_id)


def _get_refund(order: Order, refund_id: str) -> OrderRefund:
    """Raises LookupError."""
    refund = refunds.find_refund(order, refund_id)
    if refund is None:
        raise LookupError(f"the order has no refund {refund_id}")
    return refund


def _report_unknown_status(order_id: str) -> None:
    """An alarm counts the line: the provider has a status that this version does not know."""
    facts = {"order_id": order_id, "reason": "unknown_status"}
    observability.logger.error("payment needs review", extra=facts)


def _audit(action: str, result: str, order: Order, **facts: str) -> None:
    observability.audit(action, result, order_id=order.order_id, **facts)
