"""A payment provider in this process, what it tells, and what the worker does with what was asked.

`Bank` speaks as the local provider does, and does at once, or fails to, whatever a test wants.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orders.handler import handler as orders
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
from shared.storage.models.catalog import Product
from shared.storage.models.orders import Order
from tests.support import shop
from tests.support.forged_webhooks import signed
from tests.support.http import ADA, CONTEXT, Answer, Caller, sample, send

API_KEY = "key-of-the-shop"
SECRETS = ("secret-before", "secret-now")
KEYS = Credentials(API_KEY, SECRETS)
NOTHING_FAILED: dict[str, Any] = {"batchItemFailures": []}
FAILED = {"batchItemFailures": [{"itemIdentifier": "message-0"}]}  # the first of them

Event = dict[str, Any]


@dataclass
class Account:
    """One payment, as the bank has it."""

    payment_id: str
    order_id: str
    amount: Money
    status: str = STARTED
    refunds: dict[str, Refund] = field(default_factory=dict)  # by the shop's id

    @property
    def captured_minor(self) -> int:
        return self.amount.amount_minor if self.status == CAPTURED else 0

    def shown(self) -> Payment:
        secret = f"{self.payment_id}_secret"
        return Payment(self.payment_id, secret, self.status, self.captured_minor)


class Bank:
    name = "local"

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.asked: list[str] = []  # each call, by its name
        self.says: list[AppError | None] = []  # instead of doing the next ones; None: it does it
        self.refund_status = SUCCEEDED
        self._begun: dict[str, str] = {}
        self._events = 0

    # What the shop asks

    def create_payment(self, order_id: str, amount: Money, key: str) -> Payment:
        self._hear("create_payment")
        payment_id = self._begun.setdefault(key, f"pay_{len(self._begun) + 1}")
        self.accounts.setdefault(payment_id, Account(payment_id, order_id, amount))
        return self.accounts[payment_id].shown()

    def get_payment(self, payment_id: str) -> Payment:
        self._hear("get_payment")
        return self.accounts[payment_id].shown()

    def capture_payment(self, payment_id: str, amount: Money) -> Payment:
        self._hear("capture_payment")
        account = self.accounts[payment_id]
        assert amount == account.amount
        if account.status == AUTHORIZED:
            account.status = CAPTURED
        return account.shown()

    def void_payment(self, payment_id: str) -> Payment:
        self._hear("void_payment")
        account = self.accounts[payment_id]
        if account.status != CAPTURED:
            account.status = VOID
        return account.shown()

    def create_refund(self, payment_id: str, amount: Money, refund_id: str) -> Refund:
        self._hear("create_refund")
        account = self.accounts[payment_id]
        if account.status != CAPTURED or amount.amount_minor > account.captured_minor:
            raise PaymentRefused("There is nothing to pay back.", reason="status_conflict")
        made = Refund(f"re_{refund_id}", self.refund_status)
        return account.refunds.setdefault(refund_id, made)

    def find_refund(self, payment_id: str, refund_id: str) -> Refund | None:
        self._hear("find_refund")
        return self.accounts[payment_id].refunds.get(refund_id)

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> ProviderEvent | None:
        provider = LocalProvider(KEYS, "http://bank.example", is_manual=False)
        return provider.parse_webhook(body, headers)

    def _hear(self, call: str) -> None:
        self.asked.append(call)
        refusal = self.says.pop(0) if self.says else None
        if refusal:
            raise refusal

    # What becomes of a payment there, and the event that tells it

    def authorizes(self, payment_id: str) -> Event:
        self.accounts[payment_id].status = AUTHORIZED
        return self.event("payment.authorized", payment_id)

    def captures(self, payment_id: str) -> Event:
        self.accounts[payment_id].status = CAPTURED
        return self.event("payment.captured", payment_id)

    def lets_go(self, payment_id: str) -> Event:
        self.accounts[payment_id].status = VOID
        return self.event("payment.voided", payment_id)

    def declines(self, payment_id: str) -> Event:
        return self.event("payment.declined", payment_id)

    def pays_back(
        self,
        payment_id: str,
        amount_minor: int,
        *,
        refund_id: str | None = None,
        status: str = SUCCEEDED,
    ) -> Event:
        """`refund_id` is the shop's; without one, somebody did it in the bank's own pages."""
        words = {REQUESTED: "pending"}
        return self.event(
            "refund.updated",
            payment_id,
            id=f"re_{refund_id or 'by_somebody'}",
            payment_id=payment_id,
            refund_id=refund_id,
            amount_minor=amount_minor,
            status=words.get(status, status),
        )

    def event(self, type_: str, payment_id: str, /, **changes: Any) -> Event:
        self._events += 1
        account = self.accounts[payment_id]
        about = {
            "id": payment_id,
            "order_id": account.order_id,
            "amount_minor": account.amount.amount_minor,
            "currency": account.amount.currency,
            "captured_minor": account.amount.amount_minor,
            "status": "whatever",
        }
        return {"id": f"evt_{self._events}", "type": type_, "created": 1, "data": about | changes}


def place(tea: Product, *, buyer: Caller = ADA, key: str = "key-1", quantity: int = 2) -> str:
    """An order's id."""
    lines = [shop.line(tea, quantity)]
    body = {"lines": lines, "shipping_address": shop.ADDRESS}
    placed = send(orders, "orders.place", caller=buyer, body=body, headers={"idempotency-key": key})
    assert placed.status == 201
    return str(placed.body["id"])


def begin(order_id: str, *, buyer: Caller | None = ADA) -> Answer:
    return send(payments, "payments.start", caller=buyer, path={"order_id": order_id})


def begun(order_id: str) -> str:
    """The id of the payment that was begun for the order."""
    answer = begin(order_id)
    assert answer.status == 200, answer
    return str(answer.body["payment_id"])


def tell(event: Event, **changes: Any) -> Answer:
    """The webhook, signed as it should be; `changes` are those of `send`."""
    raw = json.dumps(event)
    header = signed(raw.encode(), SECRETS[-1], at=clock.utc_now())
    given: dict[str, Any] = {
        "caller": None,
        "raw_body": raw,
        "headers": {"payment-signature": header},
    }
    return send(payments, "payments.webhook", **given | changes)


def told(event: Event) -> str:
    """What came of it."""
    answer = tell(event)
    assert answer.status == 200, answer
    return str(answer.body["outcome"])


def work(*happened: AnyEvent) -> dict[str, Any]:
    """As outbox, relay, bus and queue bring it to the worker: these, or all that was asked for."""
    wanted = happened or asked_for()
    event = sample("orders.execute_payment_requests")
    (record,) = event["Records"]
    event["Records"] = [
        record
        | {
            "messageId": f"message-{number}",
            "body": json.dumps({"detail": it.model_dump(mode="json")}),
        }
        for number, it in enumerate(wanted)
    ]
    answer: dict[str, Any] = worker(event, CONTEXT)
    return answer


def asked_for() -> list[AnyEvent]:
    """Of the provider, so far."""
    kinds = (RefundRequested, VoidRequested, CaptureRequested)
    return [it for it in shop.staged_so_far() if isinstance(it, kinds)]


def happened() -> list[str]:
    """The types of the events so far, however they are stored."""
    return sorted(it.type for it in shop.staged_so_far())


def stored(order_id: str) -> Order:
    order = Order.find(order_id, consistent=True)
    assert order is not None
    return order
