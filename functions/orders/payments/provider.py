"""The interface to a payment provider, and the events that its webhooks report. Pure.

`stripe_provider` and `local_provider` implement it. In both, a payment carries the id of its order,
and a refund carries the shop's own refund id.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from orders.lifecycle.balances import CAPTURED, VOID
from shared.money import Money
from shared.records import Record

FINAL_STATUSES = frozenset({CAPTURED, VOID})  # of a payment; only refunds can follow
# A status that the shop does not know: the provider is newer. It changes nothing.
UNKNOWN = "unknown"


class Payment(Record):
    """The provider's current state of a payment."""

    payment_id: str
    client_secret: str  # lets the buyer's page complete this payment, and nothing else
    status: str  # STARTED, AUTHORIZED, CAPTURED or VOID of `lifecycle.balances`, or UNKNOWN
    captured_minor: int = 0


class Refund(Record):
    provider_refund_id: str
    status: str  # REQUESTED, SUCCEEDED or FAILED of `lifecycle.balances`, or UNKNOWN


class PaymentUpdate(Record):
    """An event from the provider. It may arrive twice, late, and before an earlier event."""

    event_id: str
    type: str  # the provider's name for the event
    order_id: str
    payment_id: str


class Authorized(PaymentUpdate):
    amount: Money


class Captured(PaymentUpdate):
    amount: Money


class Voided(PaymentUpdate):
    """The payment ended without a capture."""


class RefundUpdate(PaymentUpdate):
    refund_id: str | None  # the shop's; None if the refund was made in the provider's dashboard
    refund: Refund
    amount: Money


class DisputeUpdate(PaymentUpdate):
    """The buyer's bank claims a payment back, or has decided about that."""

    dispute_id: str
    amount: Money
    status: str  # the provider's word; `lifecycle.disputes` knows those that matter
    reason: str
    reported_at: datetime  # when the provider created the event


ProviderEvent = Authorized | Captured | Voided | RefundUpdate | DisputeUpdate


class PaymentProvider(Protocol):
    """Every call may raise PaymentUnavailable (retry later) and PaymentRefused (final).

    `create_payment` is idempotent by `idempotency_key`, and `create_refund` by `refund_id`.
    `capture_payment` and `void_payment` need no key: a second call returns the payment unchanged.
    """

    @property
    def name(self) -> str: ...

    def create_payment(self, order_id: str, amount: Money, idempotency_key: str) -> Payment: ...

    def get_payment(self, payment_id: str) -> Payment: ...

    def capture_payment(self, payment_id: str, amount: Money) -> Payment:
        """Return the payment as it is afterwards: void if it was voided before."""

    def void_payment(self, payment_id: str) -> Payment:
        """Return the payment as it is afterwards: captured if it was captured before."""

    def create_refund(self, payment_id: str, amount: Money, refund_id: str) -> Refund: ...

    def find_refund(self, payment_id: str, refund_id: str) -> Refund | None:
        """Return the refund with the shop's `refund_id`.

        Providers forget idempotency keys after some time; this finds an older refund.
        """

    def get_refund(self, payment_id: str, provider_refund_id: str) -> Refund: ...

    def get_refunded_minor(self, payment_id: str) -> int:
        """The sum of the payment's refunds that have not failed, whoever requested them."""

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> ProviderEvent | None:
        """Return the event of a webhook, or None if the shop does not use it.

        Header names are lower case. Raises WebhookSignatureInvalid and WebhookTooOld; and
        MalformedEvent for a webhook that is authentic.
        """
