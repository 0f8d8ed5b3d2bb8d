"""Stored stock and promotion uses against the records that explain them."""

from datetime import timedelta
from typing import Any

import pytest

from local import reconciliation
from local.reconciliation import reconcile
from orders.lifecycle import order_events
from shared import clock, ids
from shared.storage import outbox
from shared.storage.models.catalog import Product, Stock, StockLevel
from shared.storage.models.orders import Order, OrderTotals
from shared.storage.models.pricing import PROMOTIONS, Promotion, PromotionUse
from shared.storage.stock import LEVEL_SUFFIX
from shared.storage.transactions import Transaction
from tests.local import shops
from tests.local.counted_products import add_movement, create_counted_product
from tests.support import orders
from tests.support.orders import LIFECYCLES, return_items
from tests.support.outbox_stream import store_row
from tests.support.pricing import promotion
from tests.support.shop import product

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def pauses(monkeypatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(reconciliation.time, "sleep", waited.append)
    return waited


def add_order(quantity: int, product: Product, **stored: int) -> None:
    """Stores an order, and takes its units from the stock unless `stored` has other numbers."""
    total = 1000 * quantity
    order = orders.new_order(
        lines=[orders.line(product.product_id, {"0": quantity})],
        totals=OrderTotals(
            items_minor=total, discount_minor=0, shipping_minor=0, tax_minor=0, total_minor=total
        ),
    )
    order.order_id = ids.new_id("ord")
    transaction = Transaction()
    transaction.put(order)
    outbox.stage_event(transaction, order_events.placed(order))
    transaction.commit()
    change_stock(product, stored.get("available", -quantity), stored.get("allocated", quantity))


def change_stock(product: Product, available: int, allocated: int) -> None:
    Stock(product.product_id).update(
        [Stock.available.add(available), Stock.allocated.add(allocated), Stock.version.add(1)]
    )


def report() -> list[str]:
    return reconcile(shops.shop()).to_text().splitlines()


def test_explained_stock_does_not_drift(pauses):
    tea = create_counted_product("TEA", 10, -2, 5)
    add_order(3, tea)
    create_counted_product("SALT", 7)

    assert report() == ["2 products and 1 orders verified, 0 drift"]
    assert pauses == []


def test_a_drift_names_the_stored_and_the_recomputed_units(pauses):
    add_order(3, create_counted_product("TEA", 10), available=-2)
    create_counted_product("SALT", 7)

    assert report() == [
        "TEA: available 8, recomputed 7; allocated 3, recomputed 3",
        "2 products and 1 orders verified, 1 drift",
    ]
    assert pauses == [2, 2]


def test_allocated_units_must_equal_those_of_open_orders():
    add_order(3, create_counted_product("TEA", 10), allocated=2)

    assert report()[0] == "TEA: available 7, recomputed 7; allocated 2, recomputed 3"


@pytest.mark.parametrize("status", LIFECYCLES)
def test_orders_of_every_status_explain_their_stock(status):
    orders.create_order(*LIFECYCLES[status], product=create_counted_product("TEA", 10), quantity=3)

    assert report() == ["1 products and 1 orders verified, 0 drift"]


def test_returned_units_are_not_allocated():
    tea = create_counted_product("TEA", 10)
    orders.create_order(
        *LIFECYCLES["delivered"], return_items(**{tea.product_id: 2}), product=tea, quantity=3
    )

    assert report() == ["1 products and 1 orders verified, 0 drift"]
    assert orders.count_units(tea) == (9, 0)


def test_the_shards_of_a_product_count_as_one_stock():
    tea = create_counted_product("TEA", 10)
    change_stock(tea, -6, 0)
    for shard in (1, 2):
        Stock(f"{tea.product_id}#{shard}", available=3, allocated=0, version=1).save()
    StockLevel(f"{tea.product_id}{LEVEL_SUFFIX}", level="low", version=1).save()
    Product(tea.product_id).update([Product.stock_shards.set(3)])

    assert report() == ["1 products and 0 orders verified, 0 drift"]


def test_units_in_a_removed_shard_are_missing():
    tea = create_counted_product("TEA", 10)
    change_stock(tea, -4, 0)
    Stock(f"{tea.product_id}#1", available=4, allocated=0, version=1).save()

    assert report() == [
        "TEA: available 6, recomputed 10; allocated 0, recomputed 0",
        "1 products and 0 orders verified, 1 drift",
    ]


def test_two_lines_of_one_product_both_count():
    tea = create_counted_product("TEA", 10)
    add_order(3, tea)
    order = next(Order.scan())
    order.lines = order.lines * 2
    order.save()

    assert report()[0] == "TEA: available 7, recomputed 4; allocated 3, recomputed 6"


def test_stock_and_movements_need_each_other():
    Stock(product("TEA").product_id, available=4, allocated=0, version=1).save()
    add_movement(product("SALT"), 5)

    assert report() == [
        "SALT: available 0, recomputed 5; allocated 0, recomputed 0",
        "TEA: available 4, recomputed 0; allocated 0, recomputed 0",
        "2 products and 0 orders verified, 2 drift",
    ]


def test_stock_of_an_unknown_product_is_named_by_its_id():
    Stock("prd_gone", available=4, allocated=0, version=1).save()

    assert report()[0].startswith("prd_gone: available 4")


class Busy(shops.Shop):
    """A shop where `scheduled` actions run just before a table is scanned."""

    def client(self, service: str) -> Any:
        client = super().client(service)
        client.meta.events.register("before-call.dynamodb.Scan", self.run_scheduled)
        return client

    def run_scheduled(self, params: dict[str, Any], **_: Any) -> None:
        for table, action in list(scheduled):
            if f'"{table}"' in params["body"].decode():
                scheduled.remove((table, action))
                action()


scheduled: list[tuple[str, Any]] = []  # table and action


@pytest.fixture(autouse=True)
def clear_scheduled() -> None:
    scheduled.clear()


def report_while_busy() -> list[str]:
    return reconcile(Busy("souk-test", shops.shop().session)).to_text().splitlines()


def test_a_sale_during_the_scans_is_no_drift(pauses):
    tea = create_counted_product("TEA", 10)
    scheduled.append(("souk-orders", lambda: add_order(3, tea)))

    assert report_while_busy() == ["1 products and 1 orders verified, 0 drift"]
    assert scheduled == []
    assert pauses == []


def test_steady_sales_during_the_scans_are_no_drift(pauses):
    tea = create_counted_product("TEA", 100)
    scanned = ("souk-orders", "souk-stock-movements", "souk-stock")
    scheduled.extend((table, lambda: add_order(2, tea)) for table in scanned)

    assert report_while_busy() == ["1 products and 3 orders verified, 0 drift"]
    assert pauses == []


def test_units_that_came_and_went_are_read_again(pauses):
    tea = create_counted_product("TEA", 10)

    def sell_new_units() -> None:
        add_movement(tea, 5)  # the movements are already read
        change_stock(tea, 5, 0)
        add_order(5, tea)

    scheduled.append(("souk-orders", sell_new_units))

    assert report_while_busy() == ["1 products and 1 orders verified, 0 drift"]
    assert pauses == [2]


def test_a_product_created_after_the_first_read_is_ignored():
    tea = create_counted_product("TEA", 10)
    change_stock(tea, 1, 0)
    scheduled.append(("souk-orders", lambda: create_counted_product("SALT", 7)))

    lines = report_while_busy()

    assert lines[-1] == "2 products and 0 orders verified, 1 drift"
    assert lines[0].startswith("TEA:")


def test_more_drifts_than_one_batch_read_are_named():
    for n in range(130):
        Stock(product(f"TEA-{n:03}").product_id, available=1, allocated=0, version=1).save()

    lines = report()

    assert [line.split(":")[0] for line in lines[:-1]] == [f"TEA-{n:03}" for n in range(130)]
    assert lines[-1] == "130 products and 0 orders verified, 130 drift"


@pytest.mark.parametrize("status", LIFECYCLES)
def test_a_promotion_counts_orders_that_are_not_cancelled(status):
    promotion("TEN", uses_max=5, uses_per_customer_max=2)
    tea = create_counted_product("TEA", 10)
    for decisions in ((), LIFECYCLES[status]):
        orders.create_order(*decisions, product=tea, promotion_code="TEN")

    assert report() == ["1 products and 2 orders verified, 0 drift"]


def test_unexplained_promotion_uses_drift():
    promotion("TEN", uses_max=5, uses_per_customer_max=2)
    orders.create_order(product=create_counted_product("TEA", 10), promotion_code="TEN")
    Promotion(PROMOTIONS, "TEN").update([Promotion.used.add(2)])
    PromotionUse("usr_bob", "TEN", used=1).save()

    assert report() == [
        "promotion TEN: used 3, recomputed 1",
        "promotion TEN of usr_bob: used 1, recomputed 0",
        "1 products and 1 orders verified, 2 drift",
    ]


def test_a_promotion_used_during_the_scans_is_no_drift(pauses):
    promotion("TEN", uses_max=5)
    tea = create_counted_product("TEA", 10)
    scheduled.append(
        ("souk-orders", lambda: orders.create_order(product=tea, promotion_code="TEN"))
    )

    assert report_while_busy() == ["1 products and 1 orders verified, 0 drift"]
    assert scheduled == []
    assert pauses == []


def test_a_contradictory_order_is_reported_once(pauses):
    order = orders.create_order(*LIFECYCLES["paid"], product=create_counted_product("TEA", 10))
    order.update([Order.payment["captured_minor"].set(0)])

    assert report() == [
        f"{order.order_id}: the status is paid, but no payment was received",
        "1 products and 1 orders verified, 1 drift",
    ]
    assert pauses == []


def test_a_refund_that_never_reached_the_provider_is_reported():
    """The event that requested it was lost on its way."""
    tea = create_counted_product("TEA", 10)
    order = orders.create_order(orders.captured, orders.cancel, product=tea)
    assert report() == ["1 products and 1 orders verified, 0 drift"]
    order.refunds[0].at -= timedelta(hours=2)
    order.save()

    assert report() == [
        f"{order.order_id}: a refund of 2000 never reached the provider; requested 2 h ago",
        "1 products and 1 orders verified, 1 drift",
    ]


def test_an_event_that_was_not_relayed_is_reported():
    oldest = clock.utc_now().replace(second=5, microsecond=0) - timedelta(days=9)
    store_row("evt_one", "{}", occurred_at=oldest + timedelta(minutes=1))
    store_row("evt_two", "{}", occurred_at=oldest)

    overdue, counts = report()
    assert overdue == (
        "outbox: 2 rows were not relayed within 15 minutes, the oldest of "
        f"{oldest:%Y-%m-%dT%H:%M:%SZ}. Run `make republish SINCE={oldest:%Y-%m-%dT%H:%MZ}`"
    )
    assert counts == "0 products and 0 orders verified, 1 drift"


@pytest.mark.parametrize("payload", ["no JSON", "1", '["text"]', '{"data": 1}', '{"data": {}}'])
def test_a_row_that_holds_no_event_is_reported(payload):
    store_row("evt_one", payload, occurred_at=clock.utc_now() - timedelta(minutes=16))

    overdue, counts = report()

    assert overdue.startswith("outbox: 1 rows were not relayed")
    assert counts == "0 products and 0 orders verified, 1 drift"


@pytest.mark.parametrize("attribute", ["totals", "history", "status"])
def test_an_order_that_cannot_be_read_stops_no_check(attribute):
    product = create_counted_product("TEA", 10)
    broken, other = (orders.create_order(orders.captured, product=product) for _ in range(2))
    other.update([Order.payment["captured_minor"].set(0)])
    broken.update([getattr(Order, attribute).remove()])

    lines = report()

    assert f"{broken.order_id}: its item cannot be read (KeyError: '{attribute}')" in lines
    assert f"{other.order_id}: the status is paid, but no payment was received" in lines


@pytest.mark.parametrize(
    ("minutes", "attributes"),
    [
        (14, {}),
        (60, {"relayed_at": clock.utc_now()}),
        (60, {"expires_at": clock.utc_now() + timedelta(days=6)}),  # of the previous release
    ],
    ids=["young", "relayed", "staged without a mark"],
)
def test_an_event_that_is_young_or_relayed_is_no_drift(minutes, attributes):
    row = store_row("evt_one", "{}", occurred_at=clock.utc_now() - timedelta(minutes=minutes))
    for name, value in attributes.items():
        setattr(row, name, value)
    row.save()

    assert report() == ["0 products and 0 orders verified, 0 drift"]
