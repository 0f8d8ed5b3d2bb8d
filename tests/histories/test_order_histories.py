"""Any history of orders, compared with a small model of the right outcome.

Hypothesis places, pays, cancels, ships, refunds, returns and expires orders, delivers the payment
provider's webhooks in any order and twice, and adjusts stock, all in one shop. After each step the
stock must add up; at the end the money and the events must, too.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from unittest import mock
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from orders.checkout import placement
from orders.checkout.schemas import OrderRequest
from orders.lifecycle import balances, decisions, shipping
from orders.lifecycle.balances import AUTHORIZED, CAPTURED, STARTED
from orders.lifecycle.buyers import Buyer
from orders.lifecycle.effects import Effects
from orders.lifecycle.service import update_order
from orders.lifecycle.shipping import Tracking
from orders.payments import service
from orders.workers import execute_payment_requests
from orders.workers.expire_orders import handler as expire_orders
from products.stock import service as stockroom
from products.stock.schemas import StockAdjustment
from shared import clock
from shared.errors.base import AppError
from shared.errors.catalog import OutOfStock
from shared.errors.requests import IdempotencyKeyReused
from shared.storage.models.accounts import HeldUnits
from shared.storage.models.catalog import Product
from shared.storage.models.orders import Order
from shared.storage.models.outbox import OutboxRow
from shared.storage.models.payments import PaymentEvent
from tests.support import events, shop
from tests.support.http import ADA, CONTEXT, sample
from tests.support.orders import count_units
from tests.support.payments import (
    NOTHING_FAILED,
    Bank,
    Event,
    payment_requests,
    post_payment,
    run_payment_worker,
    webhook_outcome,
)

EVENT_OF = {  # by status
    "pending_payment": "order.placed",
    "paid": "order.paid",
    "shipped": "order.shipped",
    "delivered": "order.delivered",
    "cancelled": "order.cancelled",
    "expired": "order.expired",
}
LEGAL = {  # the next statuses, by status
    "": {"pending_payment"},
    "pending_payment": {"paid", "cancelled", "expired"},
    "paid": {"partially_shipped", "shipped", "cancelled", "refunded"},
    "partially_shipped": {"shipped", "cancelled", "refunded"},
    "shipped": {"delivered", "cancelled", "refunded"},
    "delivered": {"cancelled", "refunded"},
}
HISTORIES = int(os.environ.get("SOUK_HISTORIES", "10"))  # `make soak` has 300 of them
FINISHED = {"cancelled", "expired", "refunded"}
QUANTITIES = st.integers(1, 3)


@dataclass
class Model:
    """The expected state, by the simplest rules."""

    status: dict[str, str] = field(default_factory=dict)
    product: dict[str, str] = field(default_factory=dict)
    open: dict[str, int] = field(default_factory=dict)  # by order: units to be shipped
    out: dict[str, int] = field(default_factory=dict)  # by order: units shipped and not returned
    counted: Counter[str] = field(default_factory=Counter)  # by product: units that staff added
    statuses_had: dict[str, list[str]] = field(default_factory=dict)

    def is_placed(self, order_id: str, product_id: str, quantity: int) -> None:
        self.product[order_id] = product_id
        self.open[order_id], self.out[order_id] = quantity, 0
        self.statuses_had[order_id] = []
        self.becomes(order_id, "pending_payment")

    def becomes(self, order_id: str, status: str) -> None:
        assert status in LEGAL[self.status.get(order_id, "")]
        if status in FINISHED:
            self.open[order_id] = 0
        self.status[order_id] = status
        self.statuses_had[order_id].append(status)

    def ships(self, order_id: str, quantity: int) -> None:
        """A parcel with these units leaves."""
        self.open[order_id] -= quantity
        self.out[order_id] += quantity
        assert self.open[order_id] >= 0
        status = "partially_shipped" if self.open[order_id] else "shipped"
        if status != self.status[order_id]:
            self.becomes(order_id, status)

    def takes_back(self, order_id: str, quantity: int) -> None:
        """Units that did not leave, before the first parcel; otherwise those that did."""
        units = self.out if self.had_parcel(order_id) else self.open
        units[order_id] -= quantity
        assert units[order_id] >= 0

    def had_parcel(self, order_id: str) -> bool:
        return bool({"partially_shipped", "shipped"}.intersection(self.statuses_had[order_id]))

    def of(self, product_id: str) -> Iterator[str]:
        return (order_id for order_id, sold_of in self.product.items() if sold_of == product_id)

    def available(self, product_id: str) -> int:
        return self.counted[product_id] - sum(
            self.open[order_id] + self.out[order_id] for order_id in self.of(product_id)
        )

    def allocated(self, product_id: str) -> int:
        return sum(self.open[order_id] for order_id in self.of(product_id))


class Shop(RuleBasedStateMachine):
    placed = Bundle("placed")
    webhooks = Bundle("webhooks")

    def __init__(self) -> None:
        super().__init__()
        self.model, self.bank = Model(), Bank()
        self.late_by, self.now = timedelta(), clock.utc_now
        self.patches = [
            mock.patch.object(clock, "utc_now", self._late),
            *(
                mock.patch.object(module, "get_provider", return_value=self.bank)
                for module in (service, execute_payment_requests)
            ),
        ]
        for patch in self.patches:
            patch.start()
        self.run = uuid4().hex
        self.payment_of: dict[str, str] = {}
        self.totals: dict[str, int] = {}
        for sku, shards in (("TEA", 1), ("CUP", 3)):
            product = shop.listed_product(f"{sku}-{self.run}", available=0, stock_shards=shards)
            self._adjust(product, 6)
            self.model.counted[product.product_id] = 6
        self.products = [Product.get(product_id) for product_id in self.model.counted]

    def _late(self) -> datetime:
        return self.now() + self.late_by

    def teardown(self) -> None:
        try:
            self._settle()
        finally:
            for patch in self.patches:
                patch.stop()
            for table in (OutboxRow, Order, PaymentEvent, HeldUnits):
                for item in table.scan():
                    item.delete()

    # Buyers and staff

    @rule(target=placed, of=st.integers(0, 1), quantity=QUANTITIES)
    def buy(self, of: int, quantity: int) -> object:
        """Places and pays an order at once, as most buyers do."""
        order_id = self._place(of, quantity, uuid4().hex)
        if order_id is None:
            return multiple()
        self.start_payment(order_id)
        self._receive(self.bank.report_captured(self.payment_of[order_id]))
        return order_id

    @rule(target=placed, of=st.integers(0, 1), quantity=QUANTITIES, key=st.sampled_from("abcdef"))
    def place(self, of: int, quantity: int, key: str) -> object:
        order_id = self._place(of, quantity, key)
        return multiple() if order_id is None else order_id

    def _place(self, of: int, quantity: int, key: str) -> str | None:
        """The id of the order, if it is new."""
        product_id = self.products[of].product_id
        request = OrderRequest.model_validate(
            {
                "lines": [{"product_id": product_id, "quantity": quantity}],
                "shipping_address": shop.ADDRESS,
            }
        )
        is_enough = self.model.available(product_id) >= quantity
        try:
            placed = placement.place_order(Buyer(ADA.user_id), request, f"{self.run} {key}")
        except IdempotencyKeyReused:
            return None
        except OutOfStock:
            assert not is_enough
            return None
        order = placed.order
        assert placed.is_replay is (order.order_id in self.model.status)
        if placed.is_replay:
            return None
        self.totals[order.order_id] = int(order.totals.total_minor)
        self.model.is_placed(order.order_id, product_id, quantity)
        return order.order_id

    @rule(order_id=placed, is_staff=st.booleans())
    def cancel(self, order_id: str, is_staff: bool) -> None:
        if self._decide(order_id, decisions.cancel, by="usr", is_staff=is_staff, reason=None):
            self.model.becomes(order_id, "cancelled")

    @rule(order_id=placed)
    def ship(self, order_id: str) -> None:
        if self._decide(order_id, shipping.ship, tracking=Tracking("DHL", "1"), by="usr"):
            self.model.ships(order_id, self.model.open[order_id])

    @rule(order_id=placed, quantity=QUANTITIES, key=st.sampled_from("xyz"))
    def ship_units(self, order_id: str, quantity: int, key: str) -> None:
        if self._decide(
            order_id,
            shipping.create_shipment,
            {self.model.product[order_id]: quantity},
            Tracking("DHL", key),
            by="usr",
            key=key,
            fingerprint=str(quantity),
        ):
            self.model.ships(order_id, quantity)

    @rule(order_id=placed)
    def deliver(self, order_id: str) -> None:
        if self._decide(order_id, decisions.deliver, by="usr"):
            self.model.becomes(order_id, "delivered")

    @rule(order_id=placed)
    def mark_paid_manually(self, order_id: str) -> None:
        if self._decide(order_id, decisions.mark_paid_manually, by="usr", reference="cash"):
            self.model.becomes(order_id, "paid")

    @rule(order_id=placed, part=st.sampled_from([None, 1, 1000]), key=st.sampled_from("xy"))
    def refund(self, order_id: str, part: int | None, key: str) -> None:
        self._decide(
            order_id,
            decisions.refund,
            part,
            by="usr",
            reason=None,
            key=key,
            fingerprint=str(part),
        )
        self._check_refunds()

    @rule(order_id=placed, quantity=QUANTITIES, key=st.sampled_from("xy"))
    def return_units(self, order_id: str, quantity: int, key: str) -> None:
        quantities = {self.model.product[order_id]: quantity}
        if self._decide(
            order_id,
            decisions.return_items,
            quantities,
            by="usr",
            reason=None,
            key=key,
            fingerprint=str(quantity),
        ):
            self.model.takes_back(order_id, quantity)

    @rule(of=st.integers(0, 1), difference=st.integers(-4, 4).filter(bool))
    def adjust(self, of: int, difference: int) -> None:
        with suppress(AppError):
            self._adjust(self.products[of], difference)
            self.model.counted[self.products[of].product_id] += difference

    @rule(minutes=st.sampled_from([5, 31]))
    def pass_time(self, minutes: int) -> None:
        """Moves the clock and expires what is due."""
        self.late_by += timedelta(minutes=minutes)
        due = [
            order.order_id
            for order in Order.scan()
            if order.awaits and order.expires_at <= clock.utc_now()
        ]
        expire_orders(sample("orders.expire_orders"), CONTEXT)
        for order_id in due:
            self.model.becomes(order_id, "expired")

    # The payment provider

    @rule(order_id=placed)
    def start_payment(self, order_id: str) -> None:
        answer = post_payment(order_id)
        assert (answer.status == 200) is (self.model.status[order_id] == "pending_payment")
        if answer.status == 200:
            known = self.payment_of.setdefault(order_id, answer.body["payment_id"])
            assert answer.body["payment_id"] == known

    @rule(target=webhooks, order_id=placed, is_captured=st.booleans())
    def confirm(self, order_id: str, is_captured: bool) -> object:
        """Confirms a started payment, at any later time."""
        payment_id = self.payment_of.get(order_id)
        if payment_id is None or self.bank.payments[payment_id].status != STARTED:
            return multiple()
        confirmed = self.bank.report_captured if is_captured else self.bank.report_authorized
        return confirmed(payment_id)

    @rule(event=webhooks)
    def deliver_webhook(self, event: Event) -> None:
        """Delivers a webhook; it stays in the bundle, so it can be delivered again."""
        self._receive(event)

    @rule(event=consumes(webhooks))
    def deliver_webhook_last(self, event: Event) -> None:
        self._receive(event)

    @rule(target=webhooks)
    def work(self) -> object:
        """Redelivers every payment request to the worker; the bank sends webhooks, too."""
        return multiple(*self._work())

    @invariant()
    def the_stock_adds_up(self) -> None:
        for product in self.products:
            product_id = product.product_id
            assert count_units(product) == (
                self.model.available(product_id),
                self.model.allocated(product_id),
            )
            assert self.model.available(product_id) >= 0

    @invariant()
    def each_order_is_what_it_should_be(self) -> None:
        for order_id, status in self.model.status.items():
            order = Order.get(order_id)
            assert order.status == status
            became = [step.status for step in order.history if not step.event]
            assert became == self.model.statuses_had[order_id]
            assert 0 <= balances.refundable_minor(order) <= balances.received_minor(order)
            assert (order.awaits is not None) is (status == "pending_payment")

    @invariant()
    def unpaid_orders_hold_their_units(self) -> None:
        held = sum(
            self.model.open[order_id]
            for order_id, status in self.model.status.items()
            if status == "pending_payment"
        )
        counters = HeldUnits.scan(HeldUnits.units.exists())
        assert sum(int(counter.units) for counter in counters) == held

    def _decide(
        self, order_id: str, decide: Callable[..., Effects | None], *about: object, **how: object
    ) -> bool:
        """Whether the decision was new."""
        results: list[Effects | None] = []

        def deciding(order: Order) -> Effects | None:
            results.append(decide(order, *about, **how))
            return results[-1]

        with suppress(AppError):
            update_order(order_id, deciding)
        return bool(results) and results[-1] is not None

    def _adjust(self, product: Product, difference: int) -> None:
        adjustment = StockAdjustment(change=difference, reason="counted")
        stockroom.adjust_stock(product.product_id, adjustment, uuid4().hex, None, by="usr_staff")

    def _receive(self, event: Event) -> None:
        outcome = webhook_outcome(event)
        order_id = event["data"]["order_id"]
        assert outcome in ("applied", "repeated")
        is_paid = event["type"] in ("payment.authorized", "payment.captured")
        if is_paid and outcome == "applied" and self.model.status[order_id] == "pending_payment":
            self.model.becomes(order_id, "paid")
        self._check_refunds()

    def _check_refunds(self) -> None:
        for order_id, status in self.model.status.items():
            order = Order.get(order_id)
            is_over = balances.is_fully_refunded(order) and status not in FINISHED
            assert is_over is (order.status == "refunded" != status)
            if is_over:
                self.model.becomes(order_id, "refunded")

    def _work(self) -> list[Event]:
        before = {key: account.status for key, account in self.bank.payments.items()}
        assert (
            run_payment_worker(*payment_requests()) == NOTHING_FAILED
            if payment_requests()
            else True
        )
        self._check_refunds()
        types = {CAPTURED: "payment.captured", AUTHORIZED: "payment.authorized"}
        return [
            self.bank.event(types.get(account.status, "payment.voided"), payment_id)
            for payment_id, account in self.bank.payments.items()
            if account.status != before[payment_id]
        ]

    def _settle(self) -> None:
        """Delivers everything, then checks money and events."""
        for payment_id, account in self.bank.payments.items():
            if account.status == CAPTURED:
                self._receive(self.bank.event("payment.captured", payment_id))
        while webhooks := self._work():
            for event in webhooks:
                self._receive(event)
        happened = Counter(
            (event.data.order_id, event.type)
            for event in events.published_events()
            if event.type.startswith("order.")
        )
        for order_id, statuses in self.model.statuses_had.items():
            parcels = happened[order_id, "order.partially_shipped"]
            assert bool(parcels) is ("partially_shipped" in statuses)
            for status in set(statuses) & EVENT_OF.keys():
                assert happened[order_id, EVENT_OF[status]] == statuses.count(status) == 1
            self._check_balance(Order.get(order_id))
        self.the_stock_adds_up()
        self.each_order_is_what_it_should_be()

    def _check_balance(self, order: Order) -> None:
        """The bank's balance equals what the order received and refunded."""
        manual = sum(int(refund.amount_minor) for refund in order.refunds if refund.is_manual)
        kept_by_staff = int(order.payment.manual_minor) - manual if order.payment else 0
        kept = balances.received_minor(order) - balances.refunded_minor(order)
        assert kept == self._kept_by_bank(order.order_id) + kept_by_staff
        if order.status in FINISHED:  # only a manual refund can be left
            assert kept == balances.manual_refundable_minor(order)
        if order.status in ("paid", "partially_shipped", "shipped", "delivered"):
            is_authorized = bool(order.payment) and order.payment.status == AUTHORIZED
            assert is_authorized or balances.received_minor(order) >= self.totals[order.order_id]

    def _kept_by_bank(self, order_id: str) -> int:
        account = self.bank.payments.get(self.payment_of.get(order_id, ""))
        if account is None:
            return 0
        back = {
            refund.refund_id: int(refund.amount_minor) for refund in Order.get(order_id).refunds
        }
        return account.captured_minor - sum(back[refund] for refund in account.refunds)


@pytest.mark.usefixtures("aws")
def test_after_any_history_stock_money_and_events_add_up():
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=25,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
