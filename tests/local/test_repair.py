"""A restored backup can lack half of a transaction: it is named, and what follows is repaired."""

import json
import os
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from local import reconciliation
from local import repair as repairing
from local.reconciliation import reconcile
from local.repair import Repairs, repair
from local.targets import OperationFailed
from shared import clock
from shared.storage.models.catalog import Product, Stock, StockMovement
from shared.storage.models.orders import Order
from shared.storage.models.outbox import OutboxRow
from shared.storage.models.pricing import PROMOTIONS, Promotion, PromotionUse
from tests.local import shops
from tests.local.counted_products import add_movement, create_counted_product
from tests.support import orders
from tests.support.orders import LIFECYCLES, list_order_events
from tests.support.pricing import count_uses, promotion

pytestmark = pytest.mark.usefixtures("aws")

LOSSES = int(os.environ.get("SOUK_LOSSES", "4"))  # `make soak` has 12
TRANSACTION = (Order, OutboxRow, Stock, Promotion, PromotionUse, StockMovement)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(reconciliation.time, "sleep", lambda _: None)


@pytest.fixture
def tea() -> Product:
    promotion("TEN", uses_max=50, uses_per_customer_max=20)
    return create_counted_product("TEA", 30, 20)


def place(tea: Product, status: str = "paid", **changes: Any) -> Order:
    more = {"product": tea, "quantity": 2, "promotion_code": "TEN"}
    return orders.create_order(*LIFECYCLES[status], **more | changes)


def verify() -> list[str]:
    return [str(drift) for drift in reconcile(shops.shop()).drifts]


def apply() -> Repairs:
    return repair(shops.shop(), applies=True)


def stored_items() -> dict[str, str]:
    """Every item of the tables that `repair` may write to."""
    return {
        f"{model.__name__} {item.to_simple_dict(force=True)}": ""
        for model in TRANSACTION
        for item in model.scan()
    }


def lose_event(of: Order, type_: str) -> None:
    """Deletes the row that stores the event."""
    for row in OutboxRow.scan():
        payload = json.loads(row.payload)
        for event in payload if isinstance(payload, list) else [payload]:
            if event["data"].get("order_id") == of.order_id and event["type"] == type_:
                row.delete()


def test_a_whole_shop_needs_no_repair(tea):
    for status in LIFECYCLES:
        place(tea, status)

    assert verify() == []
    assert apply().to_text() == "0 repaired, 0 left"


def test_lost_stock_is_set_to_what_records_say(tea):
    place(tea)
    place(tea, "shipped")
    Stock.get(tea.product_id).delete()

    assert verify() == ["TEA: available 0, recomputed 46; allocated 0, recomputed 2"]
    assert apply().to_text().endswith("1 repaired, 0 left")
    assert orders.count_units(tea) == (46, 2)
    assert verify() == []


def test_repaired_stock_can_be_sold_and_returned(tea):
    order = place(tea)
    Stock.get(tea.product_id).delete()
    apply()

    orders.update_order(order.order_id, orders.cancel)
    place(tea, quantity=50)

    assert orders.count_units(tea) == (0, 50)
    assert verify() == []


def test_each_shard_of_lost_stock_gets_its_share(tea):
    Product(tea.product_id).update([Product.stock_shards.set(4)])
    Stock.get(tea.product_id).delete()

    apply()

    shares = {item.product_id.partition("#")[2]: int(item.available) for item in Stock.scan()}
    assert shares == {"": 13, "1": 13, "2": 12, "3": 12}
    assert verify() == []


def test_an_order_that_is_lost_returns_its_units(tea):
    kept, lost = place(tea), place(tea)
    for row in list_order_events(lost):
        lose_event(lost, row.type)
    lost.delete()

    assert verify() == [
        "TEA: available 46, recomputed 48; allocated 4, recomputed 2",
        "promotion TEN: used 2, recomputed 1",
        f"promotion TEN of {kept.buyer_id}: used 2, recomputed 1",
    ]
    assert apply().is_ok
    assert orders.count_units(tea) == (48, 2)
    assert (count_uses("TEN"), count_uses("TEN", by=kept.buyer_id)) == (1, 1)
    assert verify() == []


def test_an_order_that_only_events_know_is_named(tea):
    lost = place(tea)
    lost.delete()
    named = f"{lost.order_id}: the outbox has its events, but the order does not exist"

    repairs = apply()

    assert named in verify()
    assert repairs.left == [named]
    assert orders.count_units(tea) == (50, 0)


@pytest.mark.parametrize("status", ["paid", "shipped", "delivered", "cancelled", "expired"])
@pytest.mark.parametrize("lost", ["order.placed", "last"])
def test_a_lost_event_is_stored_again(tea, status, lost):
    order = place(tea, status)
    before = [event.type for event in list_order_events(order)]
    type_ = f"order.{status}" if lost == "last" else lost
    lose_event(order, type_)

    assert verify() == [f"{order.order_id}: {type_} is not in the outbox"]
    assert apply().done == [f"{order.order_id}: {type_} stored again"]
    assert verify() == []
    assert {type_} <= {event.type for event in list_order_events(order)} <= set(before)


def test_an_event_that_is_stored_again_has_its_data(tea):
    order = place(tea, "shipped")
    [before] = [event for event in list_order_events(order) if event.type == "order.shipped"]
    lose_event(order, "order.shipped")

    apply()

    [after] = [event for event in list_order_events(order) if event.type == "order.shipped"]
    assert after.data == before.data
    assert after.id != before.id


def test_events_older_than_the_outbox_are_not_missed(tea, monkeypatch):
    order = place(tea, "delivered")
    for event in list_order_events(order):
        lose_event(order, event.type)
    later = clock.utc_now() + timedelta(days=7)
    monkeypatch.setattr(clock, "utc_now", lambda: later)

    assert verify() == []


def test_a_dry_run_changes_nothing(tea):
    order = place(tea)
    lose_event(order, "order.placed")
    Stock.get(tea.product_id).delete()
    before = stored_items()

    text = repair(shops.shop(), applies=False).to_text()

    assert text.splitlines() == [
        "TEA: available 0, recomputed 48; allocated 0, recomputed 2",
        f"{order.order_id}: order.placed stored again",
        "2 to repair, 0 left",
        "Nothing is changed yet. Add APPLY=1 to repair it.",
    ]
    assert stored_items() == before


def test_a_second_repair_changes_nothing(tea):
    order = place(tea)
    lose_event(order, "order.placed")
    Stock.get(tea.product_id).delete()
    PromotionUse.get(order.buyer_id, "TEN").delete()
    apply()
    before = stored_items()

    assert apply().to_text() == "0 repaired, 0 left"
    assert stored_items() == before


def test_a_lost_movement_is_explained_by_a_new_one(tea):
    """The sold units prove that 20 were there, and nobody knows who added them."""
    place(tea, quantity=40)
    next(item for item in StockMovement.scan() if item.change == 30).delete()

    [left] = apply().left
    assert left.startswith("TEA: 20 units were sold that no movement added. Add an adjustment")
    assert orders.count_units(tea) == (10, 40)

    add_movement(tea, 30)
    assert apply().is_ok
    assert verify() == []
    assert orders.count_units(tea) == (10, 40)


def test_a_promotion_that_is_lost_is_named(tea):
    place(tea)
    Promotion.get(PROMOTIONS, "TEN").delete()

    repairs = apply()

    assert len(repairs.left) == 1
    assert repairs.left[0].startswith("promotion TEN: used 0, recomputed 1; the promotion does not")


def test_a_product_that_is_lost_is_named(tea):
    place(tea)
    Product.get(tea.product_id).delete()
    Stock.get(tea.product_id).delete()

    assert apply().left == [f"{tea.product_id}: the product does not exist. Create it again"]


def test_money_is_never_changed(tea):
    order = place(tea, "cancelled", promotion_code=None)
    stored = Order.get(order.order_id)
    stored.totals.total_minor += 1
    stored.save()

    repairs = apply()

    assert repairs.done == []
    assert [line.partition(":")[0] for line in repairs.left] == [order.order_id]
    assert Order.get(order.order_id).totals.total_minor == stored.totals.total_minor


def test_a_sale_during_the_repair_is_not_undone(tea, monkeypatch):
    Stock(tea.product_id).update([Stock.available.add(-5), Stock.version.add(1)])
    read_stock = repairing.read_products

    def read_and_sell(*arguments: Any) -> Any:
        counted = read_stock(*arguments)
        place(tea, quantity=3)
        return counted

    monkeypatch.setattr(repairing, "read_products", read_and_sell)
    first = apply()
    monkeypatch.setattr(repairing, "read_products", read_stock)

    assert first.left[0].endswith("it has just changed. Repair again")
    assert orders.count_units(tea) == (42, 3)
    assert apply().is_ok
    assert orders.count_units(tea) == (47, 3)
    assert verify() == []


@pytest.mark.parametrize("seed", range(LOSSES))
def test_random_items_of_transactions_are_repaired(tea, seed):
    """Loses items of every kind but movements and promotions, which nothing else records."""
    random = Random(seed)  # noqa: S311
    for status in random.sample(sorted(LIFECYCLES), 4):
        place(tea, status)
    uses = PromotionUse.scan(PromotionUse.partition != PROMOTIONS)
    items = [*Order.scan(), *OutboxRow.scan(), *Stock.scan(), *uses]
    for item in random.sample(items, random.randint(1, 4)):
        item.delete()
    is_whole = verify() == []

    first = apply()
    second = apply()

    assert is_whole == (first.done == first.left == [])
    assert second.done == []
    assert second.left == first.left == verify()
    assert all(line.endswith("but the order does not exist") for line in first.left)
    available, allocated = orders.count_units(tea)
    open_units = [
        units
        for order in Order.scan()
        for line in order.lines
        for units in line.allocations_json.values()
    ]
    taken = sum(
        int(line.quantity - line.returned) for order in Order.scan() for line in order.lines
    )
    assert (available, allocated) == (50 - taken, sum(open_units))


def test_nothing_is_repaired_beside_an_order_that_cannot_be_read(tea):
    """Nobody knows which units it took."""
    order = place(tea)
    order.update([Order.lines.remove()])
    before = stored_items()

    with pytest.raises(OperationFailed, match="1 orders cannot be read"):
        apply()

    assert stored_items() == before
