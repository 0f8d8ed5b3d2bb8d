"""A payment provider in this process, its webhooks, and the worker that sends it requests.

`Bank` has the local provider's protocol. It answers at once, or refuses where a test says so.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orders.lifecycle.balances import AUTHORIZED, CAPTURED, REQUESTED, STARTED, SUCCEEDED, VOID
from orders.payments.credentials import Credentials
from orders.payments.handler import handler as payments
from orders.payments.local_provider import LocalProvider
from orders.payments.provider import Payment, ProviderEvent, Refund
from orders.workers.execute_payment_requests import handler as worker
from shared import clock
from shared.errors.base import AppError
from shared.errors.orders import PaymentRefused
from shared.events.all_events import AnyEvent
from shared.events.orders import CaptureRequested, RefundRequested, VoidRequested
from shared.money import Money
from shared.storage.models.orders import Order
from tests.support.events import published_events, queue_event
from tests.support.http import ADA, CONTEXT, Answer, Caller, send

API_KEY = "key-of-the-shop"
SECRETS = ("secret-before", "secret-now")
KEYS = Credentials(API_KEY, SECRETS)
NOTHING_FAILED: dict[str, Any] = {"batchItemFailures": []}
FIRST_FAILED = {"batchItemFailures": [{"itemIdentifier": "message-0"}]}

Event = dict[str, Any]


@dataclass
class BankPayment:
    """A payment as the bank stores it."""

    payment_id: str
    order_id: str
    amount: Money
    status: str = STARTED
    left_uncaptured_minor: int = 0  # the shop captured so much less
    refunds: dict[str, Refund] = field(default_factory=dict)  # by the shop's refund id
    refund_amounts: dict[str, int] = field(default_factory=dict)  # by the bank's refund id

    @property
    def captured_minor(self) -> int:
        if self.status != CAPTURED:
            return 0
        return self.amount.amount_minor - self.left_uncaptured_minor

    @property
    def refunded_minor(self) -> int:
        return sum(self.refund_amounts.values())

    def to_payment(self) -> Payment:
        secret = f"{self.payment_id}_secret"
        return Payment(self.payment_id, secret, self.status, self.captured_minor)


class Bank:
    name = "local"

    def __init__(self) -> None:
        self.payments: dict[str, BankPayment] = {}
        self.calls: list[str] = []  # the name of each call by the shop
        self.refusals: list[AppError | None] = []  # raised by the next calls; None lets one succeed
        self.refund_status = SUCCEEDED
        self._payment_ids: dict[str, str] = {}  # by idempotency key
        self._events = 0

    # Calls by the shop

    def create_payment(self, order_id: str, amount: Money, key: str) -> Payment:
        self._record_call("create_payment")
        payment_id = self._payment_ids.setdefault(key, f"pay_{len(self._payment_ids) + 1}")
        self.payments.setdefault(payment_id, BankPayment(payment_id, order_id, amount))
        return self.payments[payment_id].to_payment()

    def get_payment(self, payment_id: str) -> Payment:
        self._record_call("get_payment")
        return self.payments[payment_id].to_payment()

    def capture_payment(self, payment_id: str, amount: Money) -> Payment:
        self._record_call("capture_payment")
        payment = self.payments[payment_id]
        assert 0 < amount.amount_minor <= payment.amount.amount_minor
        if payment.status == AUTHORIZED:
            payment.status = CAPTURED
            payment.left_uncaptured_minor = payment.amount.amount_minor - amount.amount_minor
        return payment.to_payment()

    def void_payment(self, payment_id: str) -> Payment:
        self._record_call("void_payment")
        payment = self.payments[payment_id]
        if payment.status != CAPTURED:
            payment.status = VOID
        return payment.to_payment()

    def create_refund(self, payment_id: str, amount: Money, refund_id: str) -> Refund:
        self._record_call("create_refund")
        payment = self.payments[payment_id]
        if refund_id in payment.refunds:
            return payment.refunds[refund_id]
        if amount.amount_minor > payment.captured_minor - payment.refunded_minor:
            raise PaymentRefused("No captured amount is left to refund.", reason="status_conflict")
        made = Refund(f"re_{refund_id}", self.refund_status)
        payment.refund_amounts[made.provider_refund_id] = amount.amount_minor
        return payment.refunds.setdefault(refund_id, made)

    def find_refund(self, payment_id: str, refund_id: str) -> Refund | None:
        self._record_call("find_refund")
        return self.payments[payment_id].refunds.get(refund_id)

    def get_refund(self, payment_id: str, provider_refund_id: str) -> Refund:
        self._record_call("get_refund")
        for refund in self.payments[payment_id].refunds.values():
            if refund.provider_refund_id == provider_refund_id:
                return refund
        raise PaymentRefused(reason="not_found")

    def get_refunded_minor(self, payment_id: str) -> int:
        self._record_call("get_refunded_minor")
        return self.payments[payment_id].refunded_minor

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> ProviderEvent | None:
        provider = LocalProvider(KEYS, "http://bank.example", is_manual=False)
        return provider.parse_webhook(body, headers)

    def _record_call(self, call: str) -> None:
        self.calls.append(call)
        refusal = self.refusals.pop(0) if self.refusals else None
        if refusal:
            raise refusal

    # Changes at the bank; each returns the event that reports it

    def report_authorized(self, payment_id: str) -> Event:
        self.payments[payment_id].status = AUTHORIZED
        return self.event("payment.authorized", payment_id)

    def report_captured(self, payment_id: str) -> Event:
        self.payments[payment_id].status = CAPTURED
        return self.event("payment.captured", payment_id)

    def report_voided(self, payment_id: str) -> Event:
        self.payments[payment_id].status = VOID
        return self.event("payment.voided", payment_id)

    def report_declined(self, payment_id: str) -> Event:
        return self.event("payment.declined", payment_id)

    def report_refund(
        self,
        payment_id: str,
        amount_minor: int,
        *,
        refund_id: str | None = None,
        status: str = SUCCEEDED,
        bank_id: str | None = None,
    ) -> Event:
        """`refund_id` is the shop's. Without one, the refund was made in the bank's dashboard."""
        provider_words = {REQUESTED: "pending"}
        bank_id = bank_id or f"re_{refund_id or 'dashboard'}"
        return self.event(
            "refund.updated",
            payment_id,
            id=bank_id,
            payment_id=payment_id,
            refund_id=refund_id,
            amount_minor=amount_minor,
            status=provider_words.get(status, status),
        )

    def report_dashboard_refund(self, payment_id: str, amount_minor: int, number: int = 1) -> Event:
        """Pays back, as the bank does it: never more than it captured."""
        payment, bank_id = self.payments[payment_id], f"re_dashboard_{number}"
        assert amount_minor <= payment.captured_minor - payment.refunded_minor
        payment.refund_amounts[bank_id] = amount_minor
        return self.report_refund(payment_id, amount_minor, bank_id=bank_id)

    def report_dispute(
        self, payment_id: str, status: str = "needs_response", *, second: int = 1, **changes: Any
    ) -> Event:
        """The dispute's status at this second, by the bank's clock."""
        details = {
            "id": "dp_1",
            "payment_id": payment_id,
            "status": status,
            "reason": "fraudulent",
        }
        event = self.event("dispute.updated", payment_id, **details | changes)
        return event | {"created": second}

    def event(self, type_: str, payment_id: str, /, **changes: Any) -> Event:
        self._events += 1
        payment = self.payments[payment_id]
        details = {
            "id": payment_id,
            "order_id": payment.order_id,
            "amount_minor": payment.amount.amount_minor,
            "currency": payment.amount.currency,
            "captured_minor": payment.amount.amount_minor - payment.left_uncaptured_minor,
            "status": "ignored",
        }
        return {"id": f"evt_{self._events}", "type": type_, "created": 1, "data": details | changes}


def post_payment(order_id: str, *, buyer: Caller | None = ADA) -> Answer:
    return send(payments, "payments.start", caller=buyer, path={"order_id": order_id})


def start_payment(order_id: str) -> str:
    """Starts a payment of the order. Returns its id."""
    answer = post_payment(order_id)
    assert answer.status == 200, answer
    return str(answer.body["payment_id"])


def sign_webhook(body: bytes, secret: str, *, at: datetime) -> str:
    """The header of a webhook with this body. It shares no code with what it tests."""
    seconds = int(at.timestamp())
    mac = hmac.new(secret.encode(), b"%d." % seconds + body, hashlib.sha256)
    return f"t={seconds},v1={mac.hexdigest()}"


def send_webhook(event: Event, **changes: Any) -> Answer:
    """Sends a signed webhook; `changes` are those of `send`."""
    raw = json.dumps(event)
    header = sign_webhook(raw.encode(), SECRETS[-1], at=clock.utc_now())
    request: dict[str, Any] = {
        "caller": None,
        "raw_body": raw,
        "headers": {"payment-signature": header},
    }
    return send(payments, "payments.webhook", **request | changes)


def webhook_outcome(event: Event) -> str:
    """Sends a signed webhook. Returns the outcome in the answer."""
    answer = send_webhook(event)
    assert answer.status == 200, answer
    return str(answer.body["outcome"])


def run_payment_worker(*events: AnyEvent) -> dict[str, Any]:
    """Sends these events, or all payment requests published so far, to the worker."""
    requests = events or payment_requests()
    invocation = queue_event("orders.execute_payment_requests", *requests)
    answer: dict[str, Any] = worker(invocation, CONTEXT)
    return answer


def payment_requests() -> list[AnyEvent]:
    """The requests to the provider that were published so far."""
    kinds = (RefundRequested, VoidRequested, CaptureRequested)
    return [event for event in published_events() if isinstance(event, kinds)]


def get_order(order_id: str) -> Order:
    order = Order.find(order_id, consistent=True)
    assert order is not None
    return order
