"""The provider's payments and refunds, and an event for each change. No I/O."""

import hmac
import secrets
import time
from collections.abc import Iterator
from typing import Any, Literal, NoReturn

from pydantic import BaseModel

from local.payments.records import Dispute, Event, Payment, Refund

SAVED_MAX = 1000  # payments, delivered events and answers, each, that a restart keeps


class Refusal(Exception):
    """The API renders it as `{"error": {"code", "message"}}`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Answer(BaseModel):
    """The first answer to an Idempotency-Key; later requests with the key get it too."""

    path: str
    request: Any
    status: int
    body: dict[str, Any]


class Ledger(BaseModel):
    payments: dict[str, Payment] = {}
    events: list[Event] = []
    answers: dict[str, Answer] = {}

    def create_payment(
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

    def get_payment(self, payment_id: str, client_secret: str | None = None) -> Payment:
        """Raises Refusal if the payment does not exist or has another secret than this one."""
        payment = self.payments.get(payment_id)
        if payment is None or not _is_secret_of(payment, client_secret):
            raise Refusal(404, "not_found", "This payment does not exist.")
        return payment

    def confirm(self, payment: Payment, *, is_declined: bool) -> Event:
        """The buyer pays, or the card is declined. Raises Refusal."""
        if payment.status != "awaiting":
            _conflict(payment)
        if is_declined:
            return self._record_event("payment.declined", payment)
        if payment.capture == "manual":
            payment.status = "authorized"
            return self._record_event("payment.authorized", payment)
        return self._capture(payment, payment.amount_minor)

    def capture(self, payment: Payment, amount_minor: int) -> Event:
        """Raises Refusal."""
        if payment.status != "authorized":
            _conflict(payment)
        if amount_minor > payment.amount_minor:
            raise Refusal(
                409,
                "amount_too_large",
                f"The amount exceeds the authorized {payment.amount_minor}. Capture at most that.",
            )
        return self._capture(payment, amount_minor)

    def cancel(self, payment: Payment) -> Event | None:
        """None if the payment is already void. Raises Refusal."""
        if payment.status == "captured":
            _conflict(payment)
        if payment.status == "void":
            return None
        payment.status = "void"
        return self._record_event("payment.voided", payment)

    def refund(
        self, payment: Payment, amount_minor: int, refund_id: str | None, outcome: str
    ) -> tuple[Refund, Event]:
        """The outcome `succeed` settles it at once; others need `settle`. Raises Refusal."""
        if payment.status != "captured" or outcome == "refuse":
            _conflict(payment)
        refunded = sum(
            refund.amount_minor for refund in payment.refunds if refund.status != "failed"
        )
        refundable = payment.captured_minor - refunded
        if amount_minor > refundable:
            raise Refusal(
                409,
                "amount_too_large",
                f"Only {refundable} of the payment can be refunded. Refund at most that.",
            )
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
        return refund, self._record_event("refund.updated", refund)

    def settle(self, refund: Refund) -> Event:
        """Ends a pending refund with its outcome."""
        refund.status = refund.ends_as
        return self._record_event("refund.updated", refund)

    def dispute(self, payment: Payment, amount_minor: int, status: str) -> tuple[Dispute, Event]:
        """The buyer's bank disputes the payment, or its dispute has this status now."""
        if not payment.disputes:
            dispute = Dispute(
                id=f"dp_{secrets.token_hex(12)}",
                payment_id=payment.id,
                order_id=payment.order_id,
                amount_minor=amount_minor,
                currency=payment.currency,
                status=status,
                reason="fraudulent",
                created=_now(),
            )
            payment.disputes.append(dispute)
        (dispute,) = payment.disputes
        dispute.status = status
        return dispute, self._record_event("dispute.updated", dispute)

    def list_pending_refunds(self) -> Iterator[Refund]:
        for payment in self.payments.values():
            yield from (refund for refund in payment.refunds if refund.status == "pending")

    def to_saved(self) -> "Ledger":
        """What a restart needs: the newest entries, and every undelivered event."""
        delivered = [event for event in self.events if event.delivered]
        kept = {event.id for event in delivered[-SAVED_MAX:]}
        return Ledger(
            payments=dict(list(self.payments.items())[-SAVED_MAX:]),
            events=[event for event in self.events if event.id in kept or not event.delivered],
            answers=dict(list(self.answers.items())[-SAVED_MAX:]),
        )

    def _capture(self, payment: Payment, amount_minor: int) -> Event:
        payment.status, payment.captured_minor = "captured", amount_minor
        return self._record_event("payment.captured", payment)

    def _record_event(self, kind: str, subject: Payment | Refund | Dispute) -> Event:
        match subject:
            case Payment():
                payment_id, data = subject.id, subject.to_public()
            case Refund():
                payment_id, data = subject.payment_id, subject.to_response()
            case Dispute():
                payment_id, data = subject.payment_id, subject.model_dump()
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
    raise Refusal(
        409,
        "status_conflict",
        f"The status of the payment is {payment.status}. It does not allow this.",
    )


def _is_secret_of(payment: Payment, client_secret: str | None) -> bool:
    """True without a secret: the API key has authenticated the call."""
    return client_secret is None or hmac.compare_digest(
        client_secret.encode(), payment.client_secret.encode()
    )


def _now() -> int:
    return int(time.time())
