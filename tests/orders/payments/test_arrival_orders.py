"""The books agree whatever arrives first, for an order of every status.

The bank's books are the oracle. It redelivers what the shop answers with 5xx, and nothing else.
"""

import json
from collections.abc import Callable
from functools import partial
from itertools import permutations, product

import pytest

from orders.lifecycle import balances, decisions, provider_events, repository, shipping
from orders.lifecycle.balances import CAPTURED, VOID
from orders.lifecycle.effects import Effects
from orders.lifecycle.open_requests import schedule_settlement
from orders.lifecycle.service import update_order
from orders.lifecycle.shipping import Tracking
from orders.lifecycle.transitions import STATUSES
from orders.payments import service, settlement
from shared import clock
from shared.errors.base import Unavailable
from shared.events.orders import CaptureRequested, RefundRequested, VoidRequested
from shared.money import Money
from shared.storage.models.orders import Order
from tests.support.orders import new_order, ship_one
from tests.support.payments import (
    NOTHING_FAILED,
    SECRETS,
    Bank,
    BankPayment,
    Event,
    get_order,
    run_payment_worker,
    send_webhook,
    sign_webhook,
    start_payment,
)

TOTAL = 3000  # of the order in memory
mark_paid_manually = partial(decisions.mark_paid_manually, by="usr_staff", reference="cash")
ship = partial(shipping.ship, tracking=Tracking("DHL", "1"), by="usr_staff")
deliver = partial(decisions.deliver, by="usr_staff")
cancel = partial(decisions.cancel, by="usr_staff", is_staff=True, reason=None)


def expire(order):
    order.expires_at = clock.utc_now()
    return decisions.expire(order)


# What staff and the clock did before the bank's events arrive.
LIVES = {
    "pending_payment": (),
    "cancelled": (cancel,),
    "expired": (expire,),
    "paid manually": (mark_paid_manually,),
    "partially shipped, paid manually": (mark_paid_manually, ship_one),
    "shipped, paid manually": (mark_paid_manually, ship),
    "delivered, paid manually": (mark_paid_manually, ship, deliver),
    "cancelled, paid manually": (mark_paid_manually, cancel),
}
# What happened at the bank. Amounts are refunded in the dashboard.
STORIES = {
    "captured": ("authorized", "captured"),
    "refunded in part": ("authorized", "captured", 500),
    "refunded": ("authorized", "captured", TOTAL),
    "refunded twice": ("captured", 500, 2500),
    "voided": ("authorized", "voided"),
    "captured after a void": ("voided", "captured", 500),
}


def tell_story(bank: Bank, payment_id: str, story: tuple[str | int, ...]) -> list[Event]:
    """Moves the money at the bank. Returns the events that report it, in their true order."""
    reports: dict[str, Callable[[str], Event]] = {
        "authorized": bank.report_authorized,
        "captured": bank.report_captured,
        "voided": bank.report_voided,
    }
    return [
        bank.report_dashboard_refund(payment_id, step, number)
        if isinstance(step, int)
        else reports[step](payment_id)
        for number, step in enumerate(story)
    ]


class Shop:
    """The shop's rules on orders in memory: a thousand histories take as long as one on moto.

    It keeps an order as DynamoDB would, and the requests that the outbox would publish.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, bank: Bank) -> None:
        self.bank, self.stored, self.requests = bank, {}, []
        monkeypatch.setattr(repository, "get_order", self.read)
        monkeypatch.setattr(repository, "save_order", self.save)

    def read(self, order_id: str) -> Order:
        return Order.from_raw_data(self.stored[order_id])

    def save(self, order: Order, stored: dict, effects: Effects, _: object = None) -> None:
        assert self.stored[order.order_id] == stored
        order.version += 1
        schedule_settlement(order)
        self.stored[order.order_id] = order.serialize()
        self.requests += effects.events

    def place_order(self, life) -> str:
        """An order with a started payment, after these decisions. Returns the payment's id.

        The requests of an earlier order end here: its books were compared.
        """
        self.requests.clear()
        order = new_order()
        order.order_id = f"ord_{len(self.stored)}"
        self.stored[order.order_id] = order.serialize()
        total = Money(amount_minor=TOTAL, currency="EUR")
        payment = self.bank.create_payment(order.order_id, total, order.order_id)
        start = partial(
            provider_events.start_payment, provider="local", payment_id=payment.payment_id
        )
        for decide in (start, *life):
            update_order(order.order_id, decide)
        return payment.payment_id

    def work(self) -> None:
        """Executes every request again, as a queue may."""
        for event in list(self.requests):
            order_id = event.data.order_id
            match event:
                case RefundRequested():
                    settlement.refund_payment(self.bank, order_id, event.data.refund_id)
                case VoidRequested():
                    settlement.void_payment(self.bank, order_id)
                case CaptureRequested():
                    settlement.capture_payment(self.bank, order_id)

    def receive(self, event: Event) -> tuple[int, str | None]:
        body = json.dumps(event).encode()
        signature = sign_webhook(body, SECRETS[-1], at=clock.utc_now())
        try:
            result = service.handle_webhook(body, {"payment-signature": signature})
        except Unavailable as error:
            return error.status, None
        assert result.outcome in ("applied", "repeated"), result
        return 200, result.outcome

    def receive_until_accepted(self, events: list[Event], *, works_between: bool) -> None:
        """Receives all once, then those that it answered with 5xx again, while there are any."""
        for _ in range(len(events) + 1):
            events = [event for event in events if self.receive(event)[0] != 200]
            if works_between:
                self.work()
            if not events:
                return
        raise AssertionError("the shop never accepts an event")

    def settle(self, payment_id: str) -> None:
        """Works until nothing is left to do, then hears of each refund by webhook, too."""
        for _ in range(2):
            self.work()
        account = self.bank.payments[payment_id]
        for refund_id, refund in account.refunds.items():
            amount = account.refund_amounts[refund.provider_refund_id]
            event = self.bank.report_refund(payment_id, amount, refund_id=refund_id)
            assert self.receive(event) == (200, "repeated")


@pytest.fixture
def in_memory(monkeypatch, provider) -> Shop:
    return Shop(monkeypatch, provider)


@pytest.mark.parametrize("story", list(STORIES.values()), ids=list(STORIES))
@pytest.mark.parametrize("life", list(LIVES.values()), ids=list(LIVES))
def test_the_books_agree_in_every_order_of_arrival(in_memory, life, story):
    for sequence, works_between in product(permutations(range(len(story))), (False, True)):
        payment_id = in_memory.place_order(life)
        events = tell_story(in_memory.bank, payment_id, story)

        in_memory.receive_until_accepted(
            [events[number] for number in sequence], works_between=works_between
        )
        in_memory.settle(payment_id)

        account = in_memory.bank.payments[payment_id]
        assert_books_agree(in_memory.read(account.order_id), account)


def assert_books_agree(order: Order, account: BankPayment) -> None:
    by_bank = [
        refund for refund in order.refunds if refund.status == "succeeded" and not refund.is_manual
    ]
    assert int(order.payment.captured_minor) == account.captured_minor
    assert sum(int(refund.amount_minor) for refund in by_bank) == account.refunded_minor
    assert account.refunded_minor <= account.captured_minor
    assert [refund for refund in order.refunds if refund.status == "requested"] == []
    is_needed = order.status in ("paid", "shipped", "delivered") and not order.payment.manual_minor
    if not is_needed:  # nothing stays with the bank
        assert account.refunded_minor == account.captured_minor
        assert account.status in (CAPTURED, VOID)
    assert balances.refunded_minor(order) <= balances.received_minor(order)
    assert order.settlement is None


@pytest.mark.parametrize("dashboard_minor", [1, 500, TOTAL - 1])
@pytest.mark.parametrize("finish", [cancel, expire], ids=["cancelled", "expired"])
def test_only_the_rest_is_refunded_after_a_refund_at_the_bank(in_memory, finish, dashboard_minor):
    payment_id = in_memory.place_order((finish,))
    captured = in_memory.bank.report_captured(payment_id)
    refunded = in_memory.bank.report_dashboard_refund(payment_id, dashboard_minor)

    assert in_memory.receive(refunded) == (503, None)
    assert in_memory.receive(captured) == (200, "applied")
    in_memory.work()
    in_memory.work()
    assert in_memory.receive(refunded) == (200, "applied")

    order = in_memory.read(in_memory.bank.payments[payment_id].order_id)
    assert [(int(refund.amount_minor), refund.status) for refund in order.refunds] == [
        (TOTAL, "failed"),
        (TOTAL - dashboard_minor, "succeeded"),
        (dashboard_minor, "succeeded"),
    ]
    assert in_memory.bank.payments[payment_id].refunded_minor == TOTAL
    assert balances.refunded_minor(order) == TOTAL
    assert "order.refund_failed" not in [event.type for event in in_memory.requests]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("finish", [cancel, expire], ids=["cancelled", "expired"])
def test_a_refund_before_its_capture_is_asked_for_again(provider, order_id, finish):
    payment_id = start_payment(order_id)
    update_order(order_id, finish)
    captured = provider.report_captured(payment_id)
    refunded = provider.report_dashboard_refund(payment_id, 500)

    assert send_webhook(refunded).status == 503
    assert send_webhook(captured).body["outcome"] == "applied"
    for _ in range(2):
        assert run_payment_worker() == NOTHING_FAILED
    assert send_webhook(refunded).body["outcome"] == "applied"

    order = get_order(order_id)
    assert balances.refunded_minor(order) == provider.payments[payment_id].refunded_minor == 2000
    assert order.settlement is None


@pytest.mark.usefixtures("aws")
def test_a_refund_that_never_fits_is_refused_at_once(provider, order_id):
    payment_id = start_payment(order_id)
    update_order(order_id, cancel)

    for event, reason in (
        (provider.report_refund(payment_id, 2001), "amount_differs"),
        (provider.event("refund.updated", payment_id, **other_payment()), "unknown_payment"),
    ):
        answer = send_webhook(event)
        assert (answer.status, answer.body["reason"]) == (200, reason)


def other_payment() -> dict[str, object]:
    return {"payment_id": "pay_other", "refund_id": None, "id": "re_1", "status": "succeeded"}


def test_every_status_is_among_the_lives():
    statuses = {
        name.partition(",")[0].removesuffix(" manually").replace(" ", "_") for name in LIVES
    }

    assert statuses | {"refunded"} == set(STATUSES)
