"""Stock against what explains it, while the shop goes on selling."""

from typing import Any

import pytest

from local import verifying
from local.verifying import verify
from shared import clock, ids
from shared.models import Order, OrderTotals, Product, ShippingAddress, Stock, StockLevel
from shared.models import StockMovement as Movement
from shared.models.orders import OrderLine
from shared.stock import LEVEL_SUFFIX
from tests.local import shops
from tests.support.shop import ADDRESS, product

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def pauses(monkeypatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(verifying.time, "sleep", waited.append)
    return waited


def counted(sku: str, *changes: int) -> Product:
    """A product with that stock, as staff have counted it in and out."""
    stored = product(sku)
    for change in changes:
        move(stored, change)
    Stock(stored.product_id, available=sum(changes), on_order=0, version=len(changes)).save()
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


def ordered(quantity: int, *, of: Product, status: str = "pending_payment", **stored: Any) -> None:
    """An order, and the stock that it takes unless told otherwise."""
    line = OrderLine(
        product_id=of.product_id,
        sku=of.sku,
        name=of.name,
        quantity=quantity,
        unit_price_minor=1000,
        line_total_minor=1000 * quantity,
    )
    Order(
        ids.new_id("ord"),
        buyer_id="usr_ada",
        status=status,
        currency="EUR",
        lines=[line],
        totals=OrderTotals(
            items_minor=0, discount_minor=0, shipping_minor=0, tax_minor=0, total_minor=0
        ),
        shipping_address=ShippingAddress(**ADDRESS),
        history=[],
        placed_at=clock.utc_now(),
        fingerprint="none",
        version=1,
    ).save()
    take(of, stored.get("available", -quantity), stored.get("on_order", quantity))


def take(of: Product, available: int, on_order: int) -> None:
    Stock(of.product_id).update(
        [Stock.available.add(available), Stock.on_order.add(on_order), Stock.version.add(1)]
    )


def look() -> list[str]:
    return verify(shops.shop()).report().splitlines()


def test_stock_that_movements_and_orders_explain_does_not_drift(pauses):
    tea = counted("TEA", 10, -2, 5)
    ordered(3, of=tea)
    counted("SALT", 7)

    assert look() == ["2 products verified, 0 drift"]
    assert pauses == []


def test_a_drift_is_told_with_what_is_stored_and_what_was_recomputed(pauses):
    ordered(3, of=counted("TEA", 10), available=-2)
    counted("SALT", 7)

    assert look() == [
        "TEA: available 8, recomputed 7; on order 3, recomputed 3",
        "2 products verified, 1 drift",
    ]
    assert pauses == [2, 2]


def test_what_is_on_order_must_be_what_open_orders_hold():
    ordered(3, of=counted("TEA", 10), on_order=2)

    assert look()[0] == "TEA: available 7, recomputed 7; on order 2, recomputed 3"


@pytest.mark.parametrize("status", ["cancelled", "expired", "refunded"])
def test_an_order_that_ended_without_a_sale_gives_back_what_it_held(status):
    ordered(3, of=counted("TEA", 10), status=status, available=0, on_order=0)

    assert look() == ["1 products verified, 0 drift"]


@pytest.mark.parametrize(
    ("status", "on_order"), [("pending_payment", 3), ("paid", 3), ("shipped", 0), ("delivered", 0)]
)
def test_an_order_that_stands_holds_stock_and_is_open_until_it_is_shipped(status, on_order):
    ordered(3, of=counted("TEA", 10), status=status, on_order=on_order)

    assert look() == ["1 products verified, 0 drift"]


def test_the_buckets_of_a_product_are_one_stock_and_its_level_is_none():
    tea = counted("TEA", 10)
    take(tea, -6, 0)
    for bucket in (1, 2):
        Stock(f"{tea.product_id}#{bucket}", available=3, on_order=0, version=1).save()
    StockLevel(f"{tea.product_id}{LEVEL_SUFFIX}", level="low", version=1).save()
    Product(tea.product_id).update([Product.stock_buckets.set(3)])

    assert look() == ["1 products verified, 0 drift"]


def test_what_is_in_a_bucket_that_a_product_has_no_more_is_missing():
    tea = counted("TEA", 10)
    take(tea, -4, 0)
    Stock(f"{tea.product_id}#1", available=4, on_order=0, version=1).save()

    assert look() == [
        "TEA: available 6, recomputed 10; on order 0, recomputed 0",
        "1 products verified, 1 drift",
    ]


def test_two_lines_of_one_product_are_both_held():
    tea = counted("TEA", 10)
    ordered(3, of=tea)
    order = next(Order.scan())
    order.lines = order.lines * 2
    order.save()

    assert look()[0] == "TEA: available 7, recomputed 4; on order 3, recomputed 6"


def test_stock_without_a_movement_and_a_movement_without_stock_are_drift():
    Stock(product("TEA").product_id, available=4, on_order=0, version=1).save()
    move(product("SALT"), 5)

    assert look() == [
        "SALT: available 0, recomputed 5; on order 0, recomputed 0",
        "TEA: available 4, recomputed 0; on order 0, recomputed 0",
        "2 products verified, 2 drift",
    ]


def test_stock_of_an_unknown_product_goes_by_its_id():
    Stock("prd_gone", available=4, on_order=0, version=1).save()

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

    assert look_while_busy() == ["1 products verified, 0 drift"]
    assert ahead == []
    assert pauses == []


def test_a_product_that_sells_all_the_time_is_no_drift(pauses):
    tea = counted("TEA", 100)
    scanned = ("souk-orders", "souk-stock-movements", "souk-stock")
    ahead.extend((table, lambda: ordered(2, of=tea)) for table in scanned)

    assert look_while_busy() == ["1 products verified, 0 drift"]
    assert pauses == []


def test_what_came_and_went_while_the_tables_were_read_is_looked_at_again(pauses):
    tea = counted("TEA", 10)

    def come_and_go() -> None:
        move(tea, 5)  # after the movements were read
        take(tea, 5, 0)
        ordered(5, of=tea)

    ahead.append(("souk-orders", come_and_go))

    assert look_while_busy() == ["1 products verified, 0 drift"]
    assert pauses == [2]


def test_a_product_that_is_new_since_the_first_look_is_not_judged():
    tea = counted("TEA", 10)
    take(tea, 1, 0)
    ahead.append(("souk-orders", lambda: counted("SALT", 7)))

    report = look_while_busy()

    assert report[-1] == "2 products verified, 1 drift"
    assert report[0].startswith("TEA:")


def test_more_products_than_one_batch_takes_are_named():
    for n in range(130):
        Stock(product(f"TEA-{n:03}").product_id, available=1, on_order=0, version=1).save()

    report = look()

    assert [line.split(":")[0] for line in report[:-1]] == [f"TEA-{n:03}" for n in range(130)]
    assert report[-1] == "130 products verified, 130 drift"
