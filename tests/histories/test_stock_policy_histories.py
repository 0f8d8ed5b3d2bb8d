"""Any history of one product whose stock policy changes, compared with two counters.

Hypothesis places, cancels, ships and returns orders, adjusts and counts the stock, changes the
policy, the limit of back-orders and the number of shards. `available` is what was counted less what
was sold, also below 0, and no order takes it lower than the policy allows.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from orders.checkout import placement
from orders.checkout.schemas import OrderRequest
from orders.lifecycle import decisions
from orders.lifecycle.buyers import Buyer
from orders.lifecycle.service import update_order
from products import service as products
from products.schemas import ProductPatch
from products.stock import service as stockroom
from products.stock.schemas import StockAdjustment, StockCount
from shared.errors.catalog import InsufficientStock, OutOfStock, StockNotTracked
from shared.errors.requests import InvalidFields
from shared.http.etags import ExpectedVersion
from shared.storage.models.catalog import Product
from tests.support import orders, shop
from tests.support.orders import count_units

HISTORIES = int(os.environ.get("SOUK_HISTORIES", "10"))  # `make soak` has 300 of them
ANY_VERSION = ExpectedVersion(None)
QUANTITIES = st.integers(1, 5)
SHARDS = st.sampled_from([1, 1, 2, 3, 6])


@dataclass
class Sold:
    order_id: str
    quantity: int
    is_counted: bool


class Shop(RuleBasedStateMachine):
    open_orders = Bundle("open_orders")
    shipped = Bundle("shipped")

    @initialize(units=st.integers(0, 6), shards=SHARDS)
    def open(self, units: int, shards: int) -> None:
        self.product = shop.product(uuid4().hex, available=units)
        self.policy, self.limit = "tracked", 10**9
        self.available, self.allocated = units, 0
        self._edit(stock_shards=shards)

    def _edit(self, **changes: object) -> None:
        patch = ProductPatch.model_validate(changes)
        products.update_product(self.product.product_id, patch, ANY_VERSION)

    @property
    def orderable(self) -> int:
        if self.policy == "untracked":
            return 10**9
        return self.available + (self.limit if self.policy == "backorder" else 0)

    @rule(target=open_orders, quantity=QUANTITIES)
    def buy(self, quantity: int) -> object:
        lines = [shop.line(self.product, quantity)]
        body = {"lines": lines, "shipping_address": shop.ADDRESS}
        request = OrderRequest.model_validate(body)
        try:
            order = placement.place_order(Buyer(f"usr_{uuid4()}"), request, uuid4().hex).order
        except OutOfStock as refusal:
            assert self.orderable < quantity
            (short,) = refusal.details["lines"]
            assert short["available"] == max(0, self.orderable)
            return multiple()
        assert quantity <= self.orderable
        (line,) = order.lines
        assert line.stock_policy == self.policy
        assert 0 <= line.backordered <= (quantity if self.policy == "backorder" else 0)
        is_counted = self.policy != "untracked"
        assert sum(line.allocations_json.values()) == (quantity if is_counted else 0)
        if is_counted:
            if Product.get(self.product.product_id).stock_shards == 1:
                assert line.backordered == max(0, min(quantity, quantity - self.available))
            self.available -= quantity
            self.allocated += quantity
        return Sold(order.order_id, quantity, is_counted)

    @rule(sold=consumes(open_orders))
    def cancel(self, sold: Sold) -> None:
        update_order(sold.order_id, orders.cancel)
        if sold.is_counted:
            self.available += sold.quantity
            self.allocated -= sold.quantity

    @rule(target=shipped, sold=consumes(open_orders))
    def ship(self, sold: Sold) -> Sold:
        update_order(sold.order_id, orders.mark_paid_manually)
        update_order(sold.order_id, orders.ship)
        if sold.is_counted:
            self.allocated -= sold.quantity
        return sold

    @rule(sold=consumes(shipped))
    def return_units(self, sold: Sold) -> None:
        quantities = {self.product.product_id: sold.quantity}
        update_order(
            sold.order_id,
            lambda order: decisions.return_items(
                order, quantities, by="usr_staff", reason=None, key="key", fingerprint="-"
            ),
        )
        if sold.is_counted:
            self.available += sold.quantity

    @rule(change=st.integers(-5, 5).filter(bool))
    def adjust(self, change: int) -> None:
        adjustment = StockAdjustment(change=change)
        product_id = self.product.product_id
        try:
            stockroom.adjust_stock(product_id, adjustment, uuid4().hex, None, by="usr_staff")
        except StockNotTracked:
            assert self.policy == "untracked"
        except InsufficientStock:
            assert self.policy == "tracked"
            assert change < 0
            assert self.available + change < 0
        else:
            assert change > 0 or self.policy == "backorder" or self.available + change >= 0
            self.available += change

    @rule(units=st.integers(-5, 8))
    def count(self, units: int) -> None:
        product_id = self.product.product_id
        with suppress(StockNotTracked, InvalidFields):
            stockroom.set_stock(
                product_id, StockCount(available=units), ANY_VERSION, by="usr_staff"
            )
            assert units >= 0 or self.policy == "backorder"
            self.available = units

    @rule(
        policy=st.sampled_from(["tracked", "backorder", "backorder", "untracked"]),
        limit=st.sampled_from([None, 1, 2, 5, 9]),
    )
    def change_policy(self, policy: str, limit: int | None) -> None:
        self._edit(stock_policy=policy, backorder_limit=limit)
        self.policy, self.limit = policy, limit or 10**9

    @rule(shards=SHARDS)
    def reshard(self, shards: int) -> None:
        self._edit(stock_shards=shards)

    @invariant()
    def the_stock_adds_up(self) -> None:
        if hasattr(self, "product"):
            assert count_units(self.product) == (self.available, self.allocated)


@pytest.mark.usefixtures("aws")
def test_units_add_up_whatever_the_policy_was():
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=30,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
