"""Sharded stock: it is set, adjusted and shown as one, and a reshard loses no unit."""

import pytest

from shared.storage import stock as stock_module
from shared.storage.models.catalog import Product, Stock, StockMovement
from shared.storage.stock_shards import StockSnapshot
from tests.support import shop
from tests.support.catalog import (
    adjust_stock,
    call_stock,
    create_product,
    get_product,
    get_staff_product,
    patch_product,
    set_stock,
)

pytestmark = pytest.mark.usefixtures("aws")

IN_DOLLARS = {"amount_minor": 1250, "currency": "USD"}


def stock_of(product_id: str) -> dict:
    return call_stock("get", product_id).body


def sharded(available: int, number: int) -> Product:
    tea = shop.product("TEA", available=available)
    assert patch_product(tea.product_id, {"stock_shards": number}).status == 200
    return tea


def available_by_shard(product: Product) -> list[int]:
    shards = stock_module.get_stock(Product.get(product.product_id)).shards
    return [shard.available for shard in shards]


@pytest.mark.parametrize(
    ("available", "number", "expected"),
    [(10, 4, [3, 3, 2, 2]), (2, 4, [1, 1, 0, 0]), (0, 3, [0, 0, 0]), (7, 1, [7])],
)
def test_units_are_divided_evenly_among_shards(available, number, expected):
    tea = sharded(available, number)

    assert available_by_shard(tea) == expected
    assert stock_of(tea.product_id)["available"] == available


@pytest.mark.parametrize("number", [1, 2, 3, 7, 16])
def test_resharding_neither_loses_nor_adds_units(number):
    tea = sharded(50, 5)
    shop.sell(tea, 12)
    before = stock_of(tea.product_id)

    patch_product(tea.product_id, {"stock_shards": number})

    after = stock_of(tea.product_id)
    assert (after["available"], after["allocated"]) == (38, 12)
    assert after["version"] > before["version"] or number == 5
    assert len(available_by_shard(tea)) == number


def test_stock_that_was_never_set_can_have_shards():
    tea = create_product(stock_shards=4)

    answer = set_stock(tea["id"], 10, if_match='"0"')

    assert (answer.status, answer.body["available"]) == (200, 10)
    assert get_staff_product(tea["id"]).body["stock_shards"] == 4


def test_a_sale_during_a_reshard_is_not_lost(monkeypatch):
    tea = shop.product("TEA", available=10)
    real, turns = stock_module.get_stocks, iter([True])

    def read_and_be_overtaken(shard_counts):
        found = real(shard_counts)
        if next(turns, False):
            shop.sell(tea, 3)
        return found

    monkeypatch.setattr(stock_module, "get_stocks", read_and_be_overtaken)

    assert patch_product(tea.product_id, {"stock_shards": 4}).status == 200
    assert shop.available(tea) == 7


def test_sharded_stock_is_set_and_shown_as_one():
    tea = sharded(10, 4)

    counted = set_stock(tea.product_id, 21)
    fewer = adjust_stock(tea.product_id, -20)

    assert (counted.body["available"], fewer.body["available"]) == (21, 1)
    assert get_product(tea.product_id).body["available"] == 1
    assert min(available_by_shard(tea)) >= 0


def test_a_sale_from_any_shard_makes_a_count_stale():
    tea = sharded(10, 4)
    seen = call_stock("get", tea.product_id).headers["ETag"]
    shop.sell(tea, 1)

    assert set_stock(tea.product_id, 10, if_match=seen).status == 412


@pytest.mark.parametrize("now", [1, 2, 8, 16])
@pytest.mark.parametrize("how", ["adjust", "count", "count with *"])
def test_units_added_during_a_reshard_are_not_lost(after_reading, how, now):
    tea = sharded(10, 4)
    seen = call_stock("get", tea.product_id).headers["ETag"]
    after_reading(lambda: patch_product(tea.product_id, {"stock_shards": now}))

    answer = {
        "adjust": lambda: adjust_stock(tea.product_id, 8),
        "count": lambda: set_stock(tea.product_id, 18, if_match=seen),
        "count with *": lambda: set_stock(tea.product_id, 18),
    }[how]()

    assert answer.status == (412 if how == "count" else 200)
    expected = 10 if how == "count" else 18
    assert stock_of(tea.product_id)["available"] == expected
    assert sum(item.available for item in Stock.scan()) == expected
    assert patch_product(tea.product_id, {"stock_shards": 5}).status == 200
    assert stock_of(tea.product_id)["available"] == expected


def test_all_that_an_edit_can_change_fits_a_transaction():
    """16 shards, two groups and the currency, of the 100 writes that DynamoDB allows."""
    create_product(sku="POT", group="POTS", options={"size": "L"}, price=IN_DOLLARS)
    tea = create_product(group="TEAS", options={"size": "L"}, stock_shards=16)
    set_stock(tea["id"], 160)

    answer = patch_product(
        tea["id"],
        {"stock_shards": 1, "group": "POTS", "options": {"size": "S"}, "price": IN_DOLLARS},
    )

    assert (answer.status, stock_of(tea["id"])["available"]) == (200, 160)
    assert {item.available for item in Stock.scan()} == {160, 0}


def test_stock_without_units_can_be_resharded_twice():
    tea = create_product(stock_shards=8)

    for shards in (1, 16, 3):
        assert patch_product(tea["id"], {"stock_shards": shards}).status == 200

    assert Stock.count() == 0
    assert set_stock(tea["id"], 10).body["available"] == 10


def test_a_product_of_older_code_has_one_shard():
    """Its item has no number of shards."""
    tea = shop.product("TEA", available=5)
    Product(tea.product_id).update([Product.stock_shards.remove()])

    assert adjust_stock(tea.product_id, 3).status == 200
    assert set_stock(tea.product_id, 9).body["available"] == 9


def test_the_first_count_during_a_reshard_is_not_lost(after_reading):
    tea = create_product(stock_shards=4)
    after_reading(lambda: patch_product(tea["id"], {"stock_shards": 1}))

    answer = set_stock(tea["id"], 100, if_match='"0"')

    assert (answer.status, stock_of(tea["id"])["available"]) == (200, 100)


def test_a_count_does_not_build_on_half_of_another_count(monkeypatch):
    """Shards are not read in one instant, so a count can read half of another."""
    tea = sharded(20, 2)
    real, turns = stock_module.get_stocks, iter([True])

    def read_and_be_overtaken(shard_counts):
        found = real(shard_counts)
        if next(turns, False):
            before = found[tea.product_id].shards[0]
            set_stock(tea.product_id, 40)
            later = real(shard_counts)[tea.product_id].shards[1]
            found[tea.product_id] = StockSnapshot(tea.product_id, (before, later))
        return found

    monkeypatch.setattr(stock_module, "get_stocks", read_and_be_overtaken)

    answer = set_stock(tea.product_id, 100)

    assert (answer.status, answer.body["available"]) == (200, 100)
    assert sum(movement.change for movement in StockMovement.scan()) == 80
