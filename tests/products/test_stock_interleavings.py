"""Two changes of one product's stock: one runs whole between any two AWS calls of the other."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest

from files.workers import import_file
from local import reconciliation
from orders.lifecycle.service import update_order
from products import service as products
from products.schemas import ProductPatch
from products.stock import service as stock_service
from products.stock.schemas import StockAdjustment, StockCount
from shared import retries
from shared.errors.base import AppError
from shared.errors.catalog import ProductNotFound
from shared.http.etags import ExpectedVersion
from shared.storage import stock
from shared.storage.models.catalog import Product, Stock
from shared.storage.models.orders import Order
from shared.storage.stock_shards import SHARDS_MAX, shard_key
from tests.local import shops
from tests.support import imports, orders, shop
from tests.support.http import CONTEXT
from tests.support.imports import CSV_HEADER, csv_row, put_file
from tests.support.interleaving import each_interleaving

pytestmark = pytest.mark.usefixtures("aws")

ANY = ExpectedVersion.parse("*")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(retries, "pause", lambda _: None)
    monkeypatch.setattr(reconciliation.time, "sleep", lambda _: None)


@dataclass(frozen=True)
class Scene:
    """A product, and an order in each status that a stock change can meet."""

    product: Product
    pending: Order | None = None
    paid: Order | None = None
    shipped: Order | None = None


def patch(**changes) -> Callable[[Scene], object]:
    return lambda scene: products.update_product(
        scene.product.product_id, ProductPatch(**changes), ANY
    )


def adjust(change: int) -> Callable[[Scene], object]:
    adjustment = StockAdjustment(change=change)
    return lambda scene: stock_service.adjust_stock(
        scene.product.product_id, adjustment, uuid4().hex, None, by="usr_staff"
    )


def count(scene: Scene) -> object:
    seen = stock_service.get_stock(scene.product.product_id).version
    return stock_service.set_stock(
        scene.product.product_id,
        StockCount(available=41),
        ExpectedVersion.parse(f'"{seen}"'),
        by="usr_staff",
    )


def count_any(scene: Scene) -> object:
    return stock_service.set_stock(
        scene.product.product_id, StockCount(available=43), ANY, by="usr_staff"
    )


def place(scene: Scene) -> object:
    return orders.create_order(product=scene.product, quantity=2)


def change_order(status: str, decide: orders.Decide) -> Callable[[Scene], object]:
    def change(scene: Scene) -> object:
        order: Order | None = getattr(scene, status)
        return order and update_order(order.order_id, decide)

    return change


def import_row(scene: Scene) -> object:
    upload_id = f"upl_{uuid4().hex}"
    imports.upload(upload_id)
    row = csv_row(scene.product.sku, available=29)
    return import_file.handler(put_file(CSV_HEADER + row, upload_id), CONTEXT)


STOCK_CHANGES: dict[str, Callable[[Scene], object]] = {
    "reshard to 16": patch(stock_shards=16),
    "reshard to 1": patch(stock_shards=1),
    "change currency": patch(price={"currency": "USD"}),
    "deliver 80": adjust(80),
    "remove 7": adjust(-7),
    "count": count,
    "count with *": count_any,
    "import": import_row,
}
OTHER_CHANGES: dict[str, Callable[[Scene], object]] = {
    "archive": patch(status="archived"),
    "place": place,
    "cancel": change_order("pending", orders.cancel),
    "expire": change_order("pending", orders.expire),
    "ship": change_order("paid", orders.ship),
    "refund": change_order("paid", orders.refund()),
    "return": change_order(
        "shipped", lambda order: orders.return_items(**{order.lines[0].product_id: 1})(order)
    ),
    "reshard twice": lambda scene: (patch(stock_shards=1)(scene), patch(stock_shards=8)(scene)),
}
CHANGES = STOCK_CHANGES | OTHER_CHANGES


def attempt(change: Callable[[Scene], object], scene: Scene) -> None:
    """The change, or its refusal: any other error fails the test."""
    try:
        change(scene)
    except AppError as refusal:
        if refusal.status not in (409, 412, 422, 503):
            raise


def never_stocked(sku: str) -> Scene:
    return Scene(shop.product(sku, stock_shards=8))


def in_trade(sku: str) -> Scene:
    tea = shop.product(sku, stock_shards=5)
    scene = Scene(tea)
    adjust(50)(scene)
    return Scene(
        tea,
        pending=orders.create_order(product=tea, quantity=2),
        paid=orders.create_order(orders.captured, product=tea, quantity=3),
        shipped=orders.create_order(orders.captured, orders.ship, product=tea, quantity=4),
    )


def require_no_hidden_units(product: Product) -> None:
    """No shard is below 0, and none that the product no longer has holds units."""
    shards = int(Product.get(product.product_id).stock_shards)
    for number in range(SHARDS_MAX):
        item = Stock.find(shard_key(product.product_id, number))
        if item is not None:
            assert item.available >= 0
            assert number < shards or (item.available, item.allocated) == (0, 0)


@pytest.mark.parametrize("change", ["deliver 80", "remove 7", "count", "count with *"])
def test_a_deleted_product_gets_no_units(change):
    """No route deletes one; an operator's mistake, or a restored backup, does."""
    scenes, refused = {}, []

    def prepare_place(place):
        tea = shop.product(f"TEA-{place}", stock_shards=5)
        scenes[place] = Scene(tea)
        adjust(50)(scenes[place])

        def try_change():
            try:
                CHANGES[change](scenes[place])
            except ProductNotFound:
                refused.append(place)

        return try_change, tea.delete

    for place in each_interleaving(prepare_place):
        product_id = scenes[place].product.product_id
        units = stock.get_stocks({product_id: 5})[product_id].available
        assert (units == 50) is (place in refused)
    assert len(refused) >= 3


ALL_PAIRS = [
    (prepare, first, second)
    for prepare in (never_stocked, in_trade)
    for first in CHANGES
    for second in CHANGES
    if {first, second} & set(STOCK_CHANGES)
]
# Those that have lost units, or could. `make soak` runs all of them, which takes minutes.
FEW_PAIRS = [
    (never_stocked, "reshard to 1", "deliver 80"),
    (never_stocked, "deliver 80", "reshard to 1"),
    (never_stocked, "reshard to 16", "count"),
    (never_stocked, "reshard to 1", "import"),
    (never_stocked, "deliver 80", "reshard twice"),
    (never_stocked, "change currency", "deliver 80"),
    (in_trade, "reshard to 1", "place"),
    (in_trade, "place", "reshard to 1"),
    (in_trade, "cancel", "reshard to 1"),
    (in_trade, "return", "reshard twice"),
    (in_trade, "count", "place"),
    (in_trade, "remove 7", "reshard to 16"),
    (in_trade, "import", "change currency"),
    (in_trade, "ship", "change currency"),
]
PAIRS = ALL_PAIRS if os.environ.get("SOUK_PAIRS") == "all" else FEW_PAIRS


@pytest.mark.parametrize(("prepare", "first", "second"), PAIRS)
def test_units_add_up_after_each_interleaving(prepare, first, second):
    scenes = {}

    def prepare_place(place):
        scene = scenes[place] = prepare(f"TEA-{place}")
        return (
            lambda: attempt(CHANGES[first], scene),
            lambda: attempt(CHANGES[second], scene),
        )

    for place in each_interleaving(prepare_place):
        require_no_hidden_units(scenes[place].product)

    assert reconciliation.reconcile(shops.shop()).drifts == []
