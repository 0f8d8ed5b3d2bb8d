"""What the shop asks of a payment provider, and what it is told by one. Pure.

Two implementations: `stripe_provider` and `local_provider`. Both know an order by the id that its
payment carries, and a refund by the shop's own id for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from orders.lifecycle.balances import CAPTURED, VOID
from shared.money import Money

ENDS = frozenset({CAPTURED, VOID})  # of a payment; what else there may be is refunds


@dataclass(frozen=True, slots=True)
class Payment:
    """As it stands at the provider; `status` is one of `receipts`."""

    payment_id: str
    client_secret: str  # with which the buyer's page completes it, and nothing else
    status: str
    captured_minor: int = 0


@dataclass(frozen=True, slots=True)
class Refund:
    provider_refund_id: str
    status: str  # one of `receipts`


@dataclass(frozen=True, slots=True)
class PaymentUpdate:
    """An event of the provider's. It may come twice, late, and before what came to pass earlier."""

    event_id: str
    type: str  # the provider's word
    order_id: str
    payment_id: str


@dataclass(frozen=True, slots=True)
class Authorized(PaymentUpdate):
    amount: Money


@dataclass(frozen=True, slots=True)
class Captured(PaymentUpdate):
    amount: Money


@dataclass(frozen=True, slots=True)
class Voided(PaymentUpdate):
    """Nothing will come of the payment."""


@dataclass(frozen=True, slots=True)
class RefundUpdate(PaymentUpdate):
    refund_id: str | None  # none: it was not asked for here
    refund: Refund
    amount: Money


ProviderEvent = Authorized | Captured | Voided | RefundUpdate


class PaymentProvider(Protocol):
    """Each call may raise PaymentUnavailable (try again) and PaymentRefused (it says no for good).

    To begin and to pay back are done once for each key or refund_id, however often they are asked
    for. What is captured or void is so once by itself: asked again, the answer is how it stands.
    """

    @property
    def name(self) -> str: ...

    def begin(self, order_id: str, amount: Money, key: str) -> Payment: ...

    def find(self, payment_id: str) -> Payment: ...

    def capture(self, payment_id: str, amount: Money) -> Payment:
        """The payment afterwards: void if it was let go of meanwhile."""

    def void(self, payment_id: str) -> Payment:
        """The payment afterwards: captured if it was paid meanwhile."""

    def refund(self, payment_id: str, amount: Money, refund_id: str) -> Refund: ...

    def find_refund(self, payment_id: str, refund_id: str) -> Refund | None:
        """The one that was asked for with that id, for when its key is forgotten by now."""

    def event_of(self, body: bytes, headers: Mapping[str, str]) -> ProviderEvent | None:
        """What a webhook tells, or None if it is nothing for the shop. Names are lower case.

        Raises WebhookSignatureInvalid and WebhookTooOld.
        """
