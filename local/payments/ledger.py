"""The provider's books: payments, refunds, and the events that tell of each change. No I/O."""

import hmac
import secrets
import time
from collections.abc import Iterator
from typing import Any, Literal, NoReturn

from pydantic import BaseModel

KEPT_MAX = 1000  # payments, delivered events and answers that the next start knows


class Refused(Exception):
    """What a caller is told, as `{"error": {"code", "message"}}`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Refund(BaseModel):
    id: str
    payment_id: str
    order_id: str
    refund_id: str | None  # the shop's own
    amount_minor: int
    currency: str
    status: Literal["pending", "succeeded", "failed"]
    created: int
    ends_as: Literal["succeeded", "failed"] = "succeeded"

    def shown(self) -> dict[str, Any]:
        return self.model_dump(exclude={"ends_as"})


class Payment(BaseModel):
    id: str
    order_id: str
    amount_minor: int
    currency: str
    capture: Literal["automatic", "manual"]
    status: Literal["awaiting", "authorized", "captured", "void"] = "awaiting"
    captured_minor: int = 0
    client_secret: str
    created: int
    refunds: list[Refund] = []

    def shown(self) -> dict[str, Any]:
        return self.model_dump(exclude={"refunds": {"__all__": {"ends_as"}}})

    def told(self) -> dict[str, Any]:
        """To the buyer, and in events: the secret is the one who began it's to give."""
        return self.model_dump(exclude={"client_secret", "refunds"})


class Event(BaseModel):
    id: str
    type: str
    created: int
    data: dict[str, Any]
    payment_id: str = ""
    attempts: int = 0
    delivered: bool = False

    def body(self) -> dict[str, Any]:
        return self.model_dump(include={"id", "type", "created", "data"})

    def shown(self) -> dict[str, Any]:
        return self.model_dump(exclude={"payment_id"})


class Answer(BaseModel):
    """The first one to an Idempotency-Key, which is given again."""

    path: str
    request: Any
    status: int
    body: dict[str, Any]


class Ledger(BaseModel):
    payments: dict[str, Payment] = {}
    events: list[Event] = []
    answers: dict[str, Answer] = {}

    def begin(
        self,
        order_id: str,
        amount_minor: int,
        currency: str,
        capture: Literal["automatic", "manual"],
    ) -> Payment:
        payment_id = f"pay_{secrets.token_hex(12)}"
        payment = Payment(
            id=payment_id,
            order_id=order_id,
            amount_minor=amount_minor,
            currency=currency,
            capture=capture,
            client_secret=f"{payment_id}_secret_{secrets.token_hex(16)}",
            created=_now(),
        )
        self.payments[payment_id] = payment
        return payment

    def payment(self, payment_id: str, client_secret: str | None = None) -> Payment:
        """With a secret: for whoever has that payment's. Raises Refused."""
        payment = self.payments.get(payment_id)
        if payment is None:
            raise Refused(404, "not_found", "There is no such payment.")
        if client_secret is not None and not _same(client_secret, payment.client_secret):
            raise Refused(404, "not_found", "There is no such payment.")
        return payment

    def confirm(self, payment: Payment, *, is_declined: bool) -> Event:
        """The buyer pays, or tries to. Raises Refused."""
        if payment.status != "awaiting":
            _conflict(payment)
        if is_declined:
            return self._tell("payment.declined", payment)
        if payment.capture == "manual":
            payment.status = "authorized"
            return self._tell("payment.authorized", payment)
        return self._captured(payment, payment.amount_minor)

    def capture(self, payment: Payment, amount_minor: int) -> Event:
        """Raises Refused."""
        if payment.status != "authorized":
            _conflict(payment)
        if amount_minor > payment.amount_minor:
            raise Refused(409, "amount_too_large", "It is more than was authorized.")
        return self._captured(payment, amount_minor)

    def cancel(self, payment: Payment) -> Event | None:
        """None if it was void already. Raises Refused."""
        if payment.status == "captured":
            _conflict(payment)
        if payment.status == "void":
            return None
        payment.status = "void"
        return self._tell("payment.voided", payment)

    def refund(
        self, payment: Payment, amount_minor: int, refund_id: str | None, outcome: str
    ) -> tuple[Refund, Event]:
        """Settled at once if the outcome is `succeed`, else by `settle`. Raises Refused."""
        if payment.status != "captured" or outcome == "refuse":
            _conflict(payment)
        refunded = sum(it.amount_minor for it in payment.refunds if it.status != "failed")
        if amount_minor > payment.captured_minor - refunded:
            raise Refused(409, "amount_too_large", "It is more than is left of the payment.")
        refund = Refund(
            id=f"re_{secrets.token_hex(12)}",
            payment_id=payment.id,
            order_id=payment.order_id,
            refund_id=refund_id,
            amount_minor=amount_minor,
            currency=payment.currency,
            status="succeeded" if outcome == "succeed" else "pending",
            created=_now(),
            ends_as="failed" if outcome == "fail" else "succeeded",
        )
        payment.refunds.append(refund)
        return refund, self._tell("refund.updated", refund)

    def settle(self, refund: Refund) -> Event:
        """What becomes of a refund that was pending."""
        refund.status = refund.ends_as
        return self._tell("refund.updated", refund)

    def pending(self) -> Iterator[Refund]:
        for payment in self.payments.values():
            yield from (refund for refund in payment.refunds if refund.status == "pending")

    def to_keep(self) -> "Ledger":
        """For the next start: the newest, and what nobody has taken yet."""
        told = [event for event in self.events if event.delivered][-KEPT_MAX:]
        kept = {event.id for event in told}
        return Ledger(
            payments=dict(list(self.payments.items())[-KEPT_MAX:]),
            events=[it for it in self.events if it.id in kept or not it.delivered],
            answers=dict(list(self.answers.items())[-KEPT_MAX:]),
        )

    def _captured(self, payment: Payment, amount_minor: int) -> Event:
        payment.status, payment.captured_minor = "captured", amount_minor
        return self._tell("payment.captured", payment)

    def _tell(self, kind: str, about: Payment | Refund) -> Event:
        if isinstance(about, Payment):
            payment_id, data = about.id, about.told()
        else:
            payment_id, data = about.payment_id, about.shown()
        event = Event(
            id=f"evt_{secrets.token_hex(12)}",
            type=kind,
            created=_now(),
            data=data,
            payment_id=payment_id,
        )
        self.events.append(event)
        return event


def _conflict(payment: Payment) -> NoReturn:
    raise Refused(409, "status_conflict", f"The payment is {payment.status}.")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _now() -> int:
    return int(time.time())
