"""Stock against what explains it, while the shop goes on selling."""

from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer

from local import order_checks, reconciliation
from local.reconciliation import verify
from shared import clock, ids
from shared.storage.models.catalog import Product, Stock, StockLevel
from shared.storage.models.catalog import StockMovement as Movement
from shared.storage.models.orders import Order, OrderTotals
from shared.storage.models.pricing import PROMOTIONS, Promotion, PromotionUse
from shared.storage.stock import LEVEL_SUFFIX
from tests.local import shops
from tests.support import orders
from tests.support.orders import LIFECYCLES, return_items
from tests.support.pricing import promotion
from tests.support.shop import product

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def pauses(monkeypatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(reconciliation.time, "sleep", waited.append)
    return waited


def counted(sku: str, *changes: int) -> Product:
    """A product with that stock, as staff have counted it in and out."""
    stored = product(sku)
    for change in changes:
        move(stored, change)
    Stock(stored.product_id, available=sum(changes), allocated=0, version=len(changes)).save()
    return stored


def move(of: Product, change: int) -> None:
    now = clock.utc_now()
    movement_id = ids.new_id("mov")
    Movement(
        of.product_id,
        movement_id,
        kind="adjustment",
        change=change,
        reason="found",
        by="usr_sam",
        at=now,
        moved_at=f"{now.isoformat()}#{movement_id}",
    ).save()


def ordered(quantity: int, *, of: Product, **stored: int) -> None:
    """An order of so many, and the stock that it takes unless told otherwise."""
    total = 1000 * quantity
    order = orders.new_order(
        lines=[orders.line(of.product_id, {"0": quantity})],
        totals=OrderTotals(
            items_minor=total, discount_minor=0, shipping_minor=0, tax_minor=0, total_minor=total
        ),
    )
    order.order_id = ids.new_id("ord")
    order.save()
    take(of, stored.get("available", -quantity), stored.get("allocated", quantity))


def take(of: Product, available: int, allocated: int) -> None:
    Stock(of.product_id).update(
        [Stock.available.add(available), Stock.allocated.add(allocated), Stock.version.add(1)]
    )


def look() -> list[str]:
    return verify(shops.shop()).report().splitlines()


def test_stock_that_movements_and_orders_explain_does_not_drift(pauses):
    tea = counted("TEA", 10, -2, 5)
    ordered(3, of=tea)
    counted("SALT", 7)

    assert look() == ["2 products and 1 orders verified, 0 drift"]
    assert pauses == []


def test_a_drift_is_told_with_what_is_stored_and_what_was_recomputed(pauses):
    ordered(3, of=counted("TEA", 10), available=-2)
    counted("SALT", 7)

    assert look() == [
        "TEA: available 8, recomputed 7; on order 3, recomputed 3",
        "2 products and 1 orders verified, 1 drift",
    ]
    assert pauses == [2, 2]


def test_what_is_on_order_must_be_what_open_orders_hold():
    ordered(3, of=counted("TEA", 10), allocated=2)

    assert look()[0] == "TEA: available 7, recomputed 7; on order 2, recomputed 3"


@pytest.mark.parametrize("status", LIFECYCLES)
def test_whatever_becomes_of_an_order_its_stock_is_explained(status):
    orders.create_order(*LIFECYCLES[status], product=counted("TEA", 10), quantity=3)

    assert look() == ["1 products and 1 orders verified, 0 drift"]


def test_units_that_came_back_are_held_no_more():
    tea = counted("TEA", 10)
    orders.create_order(
        *LIFECYCLES["delivered"], return_items(**{tea.product_id: 2}), product=tea, quantity=3
    )

    assert look() == ["1 products and 1 orders verified, 0 drift"]
    assert orders.count_units(tea) == (9, 0)


def test_the_shards_of_a_product_are_one_stock_and_its_level_is_none():
    tea = counted("TEA", 10)
    take(tea, -6, 0)
    for shard in (1, 2):
        Stock(f"{tea.product_id}#{shard}", available=3, allocated=0, version=1).save()
    StockLevel(f"{tea.product_id}{LEVEL_SUFFIX}", level="low", version=1).save()
    Product(tea.product_id).update([Product.stock_shards.set(3)])

    assert look() == ["1 products and 0 orders verified, 0 drift"]


def test_what_is_in_a_shard_that_a_product_has_no_more_is_missing():
    tea = counted("TEA", 10)
    take(tea, -4, 0)
    Stock(f"{tea.product_id}#1", available=4, allocated=0, version=1).save()

    assert look() == [
        "TEA: available 6, recomputed 10; on order 0, recomputed 0",
        "1 products and 0 orders verified, 1 drift",
    ]


def test_two_lines_of_one_product_are_both_held():
    tea = counted("TEA", 10)
    ordered(3, of=tea)
    order = next(Order.scan())
    order.lines = order.lines * 2
    order.save()

    assert look()[0] == "TEA: available 7, recomputed 4; on order 3, recomputed 6"


def test_stock_without_a_movement_and_a_movement_without_stock_are_drift():
    Stock(product("TEA").product_id, available=4, allocated=0, version=1).save()
    move(product("SALT"), 5)

    assert look() == [
        "SALT: available 0, recomputed 5; on order 0, recomputed 0",
        "TEA: available 4, recomputed 0; on order 0, recomputed 0",
        "2 products and 0 orders verified, 2 drift",
    ]


def test_stock_of_an_unknown_product_goes_by_its_id():
    Stock("prd_gone", available=4, allocated=0, version=1).save()

    assert look()[0].startswith("prd_gone: available 4")


class Busy(shops.Shop):
    """A shop in which something happens just before a table is scanned."""

    def client(self, service: str) -> Any:
        client = super().client(service)
        client.meta.events.register("before-call.dynamodb.Scan", self.happens)
        return client

    def happens(self, params: dict[str, Any], **_: Any) -> None:
        for table, what in list(ahead):
            if f'"{table}"' in params["body"].decode():
                ahead.remove((table, what))
                what()


ahead: list[tuple[str, Any]] = []


@pytest.fixture(autouse=True)
def nothing_ahead() -> None:
    ahead.clear()


def look_while_busy() -> list[str]:
    return verify(Busy("souk-test", shops.shop().session)).report().splitlines()


def test_a_sale_while_the_tables_are_read_is_no_drift(pauses):
    tea = counted("TEA", 10)
    ahead.append(("souk-orders", lambda: ordered(3, of=tea)))

    assert look_while_busy() == ["1 products and 1 orders verified, 0 drift"]
    assert ahead == []
    assert pauses == []


def test_a_product_that_sells_all_the_time_is_no_drift(pauses):
    tea = counted("TEA", 100)
    scanned = ("souk-orders", "souk-stock-movements", "souk-stock")
    ahead.extend((table, lambda: ordered(2, of=tea)) for table in scanned)

    assert look_while_busy() == ["1 products and 3 orders verified, 0 drift"]
    assert pauses == []


def test_what_came_and_went_while_the_tables_were_read_is_looked_at_again(pauses):
    tea = counted("TEA", 10)

    def come_and_go() -> None:
        move(tea, 5)  # after the movements were read
        take(tea, 5, 0)
        ordered(5, of=tea)

    ahead.append(("souk-orders", come_and_go))

    assert look_while_busy() == ["1 products and 1 orders verified, 0 drift"]
    assert pauses == [2]


def test_a_product_that_is_new_since_the_first_look_is_not_judged():
    tea = counted("TEA", 10)
    take(tea, 1, 0)
    ahead.append(("souk-orders", lambda: counted("SALT", 7)))

    report = look_while_busy()

    assert report[-1] == "2 products and 0 orders verified, 1 drift"
    assert report[0].startswith("TEA:")


def test_more_products_than_one_batch_takes_are_named():
    for n in range(130):
        Stock(product(f"TEA-{n:03}").product_id, available=1, allocated=0, version=1).save()

    report = look()

    assert [line.split(":")[0] for line in report[:-1]] == [f"TEA-{n:03}" for n in range(130)]
    assert report[-1] == "130 products and 0 orders verified, 130 drift"


@pytest.mark.parametrize("status", LIFECYCLES)
def test_uses_of_a_promotion_are_those_of_the_orders_that_stand(status):
    promotion("TEN", uses_max=5, uses_per_customer_max=2)
    tea = counted("TEA", 10)
    for life in ((), LIFECYCLES[status]):
        orders.create_order(*life, product=tea, promotion_code="TEN")

    assert look() == ["1 products and 2 orders verified, 0 drift"]


def test_a_promotion_whose_uses_no_orders_explain_drifts_for_all_and_for_a_customer():
    promotion("TEN", uses_max=5, uses_per_customer_max=2)
    orders.create_order(product=counted("TEA", 10), promotion_code="TEN")
    Promotion(PROMOTIONS, "TEN").update([Promotion.used.add(2)])
    PromotionUse("usr_bob", "TEN", used=1).save()

    assert look() == [
        "promotion TEN: used 3, recomputed 1",
        "promotion TEN of usr_bob: used 1, recomputed 0",
        "1 products and 1 orders verified, 2 drift",
    ]


def test_a_promotion_that_is_used_while_the_tables_are_read_is_no_drift(pauses):
    promotion("TEN", uses_max=5)
    tea = counted("TEA", 10)
    ahead.append(("souk-orders", lambda: orders.create_order(product=tea, promotion_code="TEN")))

    assert look_while_busy() == ["1 products and 1 orders verified, 0 drift"]
    assert ahead == []
    assert pauses == []


def test_an_order_that_does_not_agree_with_itself_is_told_once_by_its_id(pauses):
    order = orders.create_order(*LIFECYCLES["paid"], product=counted("TEA", 10))
    order.update([Order.payment["captured_minor"].set(0)])

    assert look() == [
        f"{order.order_id}: it is paid, and nothing was received",
        "1 products and 1 orders verified, 1 drift",
    ]
    assert pauses == []


@pytest.mark.parametrize("life", [*LIFECYCLES.values(), (orders.authorized,)])
def test_whatever_becomes_of_an_order_it_agrees_with_itself(life):
    assert faults(orders.new_order(*life)) == []


@pytest.mark.parametrize(
    ("status", "wrong", "said"),
    [
        ("paid", {"status": "shipped"}, "it is shipped, its history ends with paid"),
        ("paid", {"awaits": "payment", "expires_at": "now"}, "it is paid, and would expire"),
        ("pending_payment", {"awaits": None}, "it is pending_payment, and would not expire"),
        ("delivered", {"payment": None}, "it is delivered, and nothing was received"),
        ("cancelled", {"payment": {"captured_minor": 5}}, "it is cancelled, and 5 of what was"),
        ("refunded", {"payment": {"captured_minor": 10}}, "10 was received, 3000 is to be paid"),
        ("paid", {"totals": {"shipping_minor": 1}}, "its total is 3000, its parts make 3001"),
        ("paid", {"totals": {"items_minor": 1}}, "its lines do not add up to its totals"),
    ],
)
def test_what_is_wrong_with_an_order_is_said(status, wrong, said):
    item = as_item(orders.new_order(*LIFECYCLES[status]))
    for name, value in wrong.items():
        item[name] = (item.get(name) or {}) | value if isinstance(value, dict) else value
    item = {name: value for name, value in item.items() if value is not None}

    told = list(order_checks.faults(item))

    assert [it for it in told if it.startswith(said)]


def test_what_is_refunded_and_not_paid_back_is_said():
    order = orders.new_order(*LIFECYCLES["refunded"])
    order.refunds[0].status = "failed"

    assert faults(order) == [
        "it is refunded, and 3000 of what was received is kept",
        "it is refunded, and 0 of 3000 is paid back",
    ]


def as_item(order: Order) -> dict[str, Any]:
    item: dict[str, Any] = TypeDeserializer().deserialize({"M": order.serialize()})
    return item


def faults(order: Order) -> list[str]:
    return list(order_checks.faults(as_item(order)))


def test_what_was_paid_by_hand_and_is_owed_is_no_fault():
    order = orders.new_order(orders.mark_paid_manually, orders.cancel)

    assert faults(order) == []
