"""Stripe's Payment Intents, through Stripe's library. Imported only if the shop uses Stripe.

docs.stripe.com/api/payment_intents, /api/refunds and /api/idempotent_requests.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import stripe
from stripe import PaymentIntent, RequestsClient, StripeClient

from orders.lifecycle.balances import AUTHORIZED, CAPTURED, FAILED, STARTED, VOID
from orders.payments import stripe_events
from orders.payments.credentials import Credentials
from orders.payments.provider import FINAL_STATUSES, UNKNOWN, Payment, ProviderEvent, Refund
from orders.payments.signatures import require_authentic
from orders.payments.stripe_amounts import from_stripe, to_stripe
from orders.payments.stripe_events import is_release, to_refund
from shared.errors.orders import PaymentRefused, PaymentUnavailable
from shared.money import Money

# A request makes at most two calls in its 29 s (API Gateway). Each takes at most 2 x (1 + 5) s and
# 0.5 s between the attempts.
CONNECT_TIMEOUT_SECONDS = 1
READ_TIMEOUT_SECONDS = 5
NETWORK_RETRIES = 1  # with the same idempotency key
REFUNDS_PER_PAYMENT_MAX = 100  # Stripe's largest page; `_list_refunds` reads one page

PAYMENT_STATUSES = {
    "requires_payment_method": STARTED,
    "requires_confirmation": STARTED,
    "requires_action": STARTED,
    "processing": STARTED,
    "requires_capture": AUTHORIZED,
    "succeeded": CAPTURED,
    "canceled": VOID,
}
# The cause is the network, Stripe, or the shop's credentials, and not this payment.
UNAVAILABLE_ERRORS = (
    stripe.APIConnectionError,
    stripe.APIError,
    stripe.AuthenticationError,
    stripe.PermissionError,
    stripe.RateLimitError,
)

# At DEBUG the library logs whole requests and responses, with client secrets.
logging.getLogger("stripe").setLevel(logging.WARNING)


class StripeProvider:
    name = "stripe"

    def __init__(self, credentials: Credentials, url: str, *, is_manual: bool) -> None:
        self._client = StripeClient(
            credentials.api_key,
            base_addresses={"api": url} if url else {},
            http_client=RequestsClient(timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS)),
            max_network_retries=NETWORK_RETRIES,
        )
        self._webhook_secrets = credentials.webhook_secrets
        self._capture_method = "manual" if is_manual else "automatic"

    def create_payment(self, order_id: str, amount: Money, idempotency_key: str) -> Payment:
        stripe_amount = to_stripe(amount)
        with _translated_errors():
            intent = self._client.v1.payment_intents.create(
                {
                    "amount": stripe_amount.amount,
                    "currency": stripe_amount.currency,
                    "capture_method": self._capture_method,
                    "metadata": {"order_id": order_id},
                },
                {"idempotency_key": idempotency_key},
            )
        return _to_payment(intent)

    def get_payment(self, payment_id: str) -> Payment:
        with _translated_errors():
            return _to_payment(self._client.v1.payment_intents.retrieve(payment_id))

    def capture_payment(self, payment_id: str, amount: Money) -> Payment:
        stripe_amount = to_stripe(amount)
        try:
            with _translated_errors():
                intent = self._client.v1.payment_intents.capture(
                    payment_id, {"amount_to_capture": stripe_amount.amount}
                )
        except PaymentRefused as refusal:
            return self._get_final_payment(payment_id, refusal)
        return _to_payment(intent)

    def void_payment(self, payment_id: str) -> Payment:
        try:
            with _translated_errors():
                intent = self._client.v1.payment_intents.cancel(payment_id)
        except PaymentRefused as refusal:
            return self._get_final_payment(payment_id, refusal)
        return _to_payment(intent)

    def create_refund(self, payment_id: str, amount: Money, refund_id: str) -> Refund:
        stripe_amount = to_stripe(amount)
        with _translated_errors():
            refund = self._client.v1.refunds.create(
                {
                    "payment_intent": payment_id,
                    "amount": stripe_amount.amount,
                    "metadata": {"refund_id": refund_id},
                },
                {"idempotency_key": refund_id},
            )
        return _to_refund(refund)

    def find_refund(self, payment_id: str, refund_id: str) -> Refund | None:
        for refund in self._list_refunds(payment_id):
            if _find_metadata(refund.metadata, "refund_id") == refund_id:
                return _to_refund(refund)
        return None

    def get_refund(self, payment_id: str, provider_refund_id: str) -> Refund:  # noqa: ARG002 (Stripe needs one id)
        with _translated_errors():
            return _to_refund(self._client.v1.refunds.retrieve(provider_refund_id))

    def get_refunded_minor(self, payment_id: str) -> int:
        return sum(
            from_stripe(refund.amount, refund.currency).amount_minor
            for refund in self._list_refunds(payment_id)
            if _to_refund(refund).status != FAILED
            and not is_release(refund, _find_metadata(refund.metadata, "refund_id"))
        )

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> ProviderEvent | None:
        require_authentic(body, headers.get("stripe-signature"), self._webhook_secrets)
        return stripe_events.parse_event(body, self._find_order_id)

    def _list_refunds(self, payment_id: str) -> list[stripe.Refund]:
        with _translated_errors():
            page = self._client.v1.refunds.list(
                {"payment_intent": payment_id, "limit": REFUNDS_PER_PAYMENT_MAX}
            )
        return page.data

    def _find_order_id(self, payment_id: str) -> str | None:
        with _translated_errors():
            intent = self._client.v1.payment_intents.retrieve(payment_id)
        return _find_metadata(intent.metadata, "order_id")

    def _get_final_payment(self, payment_id: str, refusal: PaymentRefused) -> Payment:
        """Return the payment if it ended earlier; raise the refusal if that was not the cause."""
        payment = self.get_payment(payment_id)
        if payment.status not in FINAL_STATUSES:
            raise refusal
        return payment


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Raises PaymentUnavailable or PaymentRefused for the errors of Stripe's library."""
    try:
        yield
    except UNAVAILABLE_ERRORS as error:
        raise PaymentUnavailable from error
    except stripe.StripeError as error:
        raise PaymentRefused(reason=error.code or type(error).__name__) from error


def _find_metadata(metadata: Any, name: str) -> str | None:
    """The library's objects have no `get`."""
    return str(metadata[name]) if metadata and name in metadata else None


def _to_payment(intent: PaymentIntent) -> Payment:
    captured = from_stripe(intent.amount_received, intent.currency)
    return Payment(
        payment_id=intent.id,
        client_secret=intent.client_secret or "",
        status=PAYMENT_STATUSES.get(intent.status, UNKNOWN),
        captured_minor=captured.amount_minor,
    )


def _to_refund(refund: stripe.Refund) -> Refund:
    return to_refund(refund.id, refund.status)
