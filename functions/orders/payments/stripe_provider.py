"""Stripe, through its own library: Payment Intents. Imported only where the shop is set up with it.

docs.stripe.com/api/payment_intents, /api/refunds and /api/idempotent_requests.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import stripe
from stripe import PaymentIntent, RequestsClient, StripeClient

from orders.lifecycle.balances import AUTHORIZED, CAPTURED, STARTED, VOID
from orders.payments import stripe_events
from orders.payments.credentials import Credentials
from orders.payments.provider import ENDS, Payment, ProviderEvent, Refund
from orders.payments.signatures import require_authentic
from orders.payments.stripe_amounts import of_stripe, to_stripe
from orders.payments.stripe_events import REFUND_STATUSES
from shared.errors.orders import PaymentRefused, PaymentUnavailable
from shared.money import Money

# Two calls in the 29 s that a request has: each at most 2 x (1 + 5) s, and 0.5 s between them.
CONNECT_SECONDS = 1
READ_SECONDS = 5
RETRIES = 1  # under the same idempotency key
REFUNDS_MAX = 100  # of a payment that are looked through: Stripe's largest page

STATUSES = {"requires_capture": AUTHORIZED, "succeeded": CAPTURED, "canceled": VOID}
# What is not as it should be here or there, and not with this payment.
OUT_OF_REACH = (
    stripe.APIConnectionError,
    stripe.APIError,
    stripe.AuthenticationError,
    stripe.PermissionError,
    stripe.RateLimitError,
)

# At DEBUG it writes whole requests and replies, client secrets included.
logging.getLogger("stripe").setLevel(logging.WARNING)


class StripeProvider:
    name = "stripe"

    def __init__(self, keys: Credentials, url: str, *, is_manual: bool) -> None:
        self._client = StripeClient(
            keys.api_key,
            base_addresses={"api": url} if url else {},
            http_client=RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)),
            max_network_retries=RETRIES,
        )
        self._webhook_secrets = keys.webhook_secrets
        self._is_manual = is_manual

    def begin(self, order_id: str, amount: Money, key: str) -> Payment:
        asked = to_stripe(amount)
        with _answered():
            intent = self._client.v1.payment_intents.create(
                {
                    "amount": asked.count,
                    "currency": asked.currency,
                    "capture_method": "manual" if self._is_manual else "automatic",
                    "metadata": {"order_id": order_id},
                },
                {"idempotency_key": key},
            )
        return _payment(intent)

    def find(self, payment_id: str) -> Payment:
        with _answered():
            return _payment(self._client.v1.payment_intents.retrieve(payment_id))

    def capture(self, payment_id: str, amount: Money) -> Payment:
        asked = to_stripe(amount)
        try:
            with _answered():
                intent = self._client.v1.payment_intents.capture(
                    payment_id, {"amount_to_capture": asked.count}
                )
        except PaymentRefused as refusal:
            return self._as_it_is(payment_id, refusal)
        return _payment(intent)

    def void(self, payment_id: str) -> Payment:
        try:
            with _answered():
                intent = self._client.v1.payment_intents.cancel(payment_id)
        except PaymentRefused as refusal:
            return self._as_it_is(payment_id, refusal)
        return _payment(intent)

    def refund(self, payment_id: str, amount: Money, refund_id: str) -> Refund:
        asked = to_stripe(amount)
        with _answered():
            made = self._client.v1.refunds.create(
                {
                    "payment_intent": payment_id,
                    "amount": asked.count,
                    "metadata": {"refund_id": refund_id},
                },
                {"idempotency_key": refund_id},
            )
        return _refund(made)

    def find_refund(self, payment_id: str, refund_id: str) -> Refund | None:
        with _answered():
            made = self._client.v1.refunds.list(
                {"payment_intent": payment_id, "limit": REFUNDS_MAX}
            )
        ours = (it for it in made.data if _noted(it.metadata, "refund_id") == refund_id)
        return next((_refund(it) for it in ours), None)

    def event_of(self, body: bytes, headers: Mapping[str, str]) -> ProviderEvent | None:
        require_authentic(body, headers.get("stripe-signature"), self._webhook_secrets)
        return stripe_events.event_of(body, self._order_of)

    def _order_of(self, payment_id: str) -> str | None:
        """That the payment was begun for."""
        with _answered():
            intent = self._client.v1.payment_intents.retrieve(payment_id)
        return _noted(intent.metadata, "order_id")

    def _as_it_is(self, payment_id: str, refusal: PaymentRefused) -> Payment:
        """The payment, if it has come to its end before; raises the refusal if that was not why."""
        payment = self.find(payment_id)
        if payment.status not in ENDS:
            raise refusal
        return payment


@contextmanager
def _answered() -> Iterator[None]:
    """Raises PaymentUnavailable and PaymentRefused for what Stripe's library raises."""
    try:
        yield
    except OUT_OF_REACH as error:
        raise PaymentUnavailable("The payment provider does not answer. Try again.") from error
    except stripe.StripeError as error:
        raise PaymentRefused(
            "The payment provider has refused this.", reason=error.code or type(error).__name__
        ) from error


def _noted(metadata: Any, name: str) -> str | None:
    """The library's objects have no `get`."""
    return str(metadata[name]) if metadata and name in metadata else None


def _payment(intent: PaymentIntent) -> Payment:
    captured = of_stripe(intent.amount_received, intent.currency)
    return Payment(
        payment_id=intent.id,
        client_secret=intent.client_secret or "",
        status=STATUSES.get(intent.status, STARTED),
        captured_minor=captured.amount_minor,
    )


def _refund(made: stripe.Refund) -> Refund:
    return Refund(made.id, REFUND_STATUSES[made.status or "pending"])
