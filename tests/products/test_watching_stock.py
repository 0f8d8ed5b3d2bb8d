"""The stock's stream: what is low, depleted or back is told once, whatever the stream repeats."""

import pytest

from products.stock import repository
from products.stock.repository import LevelChanged
from products.workers.watch_stock_levels import handler
from shared.storage import stock
from shared.storage.models.catalog import Product
from shared.storage.models.outbox import OutboxRow
from tests.support import events, shop
from tests.support.catalog import adjust_stock, patch_product, set_stock
from tests.support.http import CONTEXT, sample

pytestmark = pytest.mark.usefixtures("aws")


def watch(*products: Product, key: str | None = None) -> None:
    event = sample("products.watch_stock_levels")
    (record,) = event["Records"]
    event["Records"] = [
        record
        | {"dynamodb": record["dynamodb"] | {"Keys": {"product_id": {"S": key or it.product_id}}}}
        for it in products
    ]
    handler(event, CONTEXT)


def told() -> list[tuple[str, int]]:
    """The events about stock since this was last asked."""
    found = []
    for row in OutboxRow.scan():
        found += [it for it in events.events_in_row(row) if it.type.startswith("stock.")]
        row.delete()
    found.sort(key=lambda it: it.occurred_at)
    return [(it.type, it.data.available) for it in found]


@pytest.fixture
def tea() -> Product:
    """Of which ten are there, as is known."""
    product = shop.product("TEA", available=10, low_stock_at=3)
    watch(product)
    told()
    return product


def test_the_first_units_of_a_product_are_told():
    product = shop.product("TEA", available=10)

    watch(product)

    assert told() == [("stock.replenished", 10)]


def test_a_product_that_has_none_from_the_start_is_not_depleted():
    product = shop.product("TEA", available=0)

    watch(product)

    assert told() == []


def test_the_last_unit_is_told(tea):
    shop.sell(tea, 10)

    watch(tea)

    assert told() == [("stock.depleted", 0)]


def test_what_changes_no_level_is_not_told(tea):
    shop.sell(tea, 6)

    watch(tea)

    assert told() == []


@pytest.mark.parametrize("sold", [7, 9])
def test_so_few_as_the_product_says_are_low(tea, sold):
    shop.sell(tea, sold)

    watch(tea)

    assert told() == [("stock.low", 10 - sold)]


def test_low_and_then_depleted_are_both_told_and_each_once(tea):
    for _ in range(10):
        shop.sell(tea, 1)
        watch(tea, tea)

    assert told() == [("stock.low", 3), ("stock.depleted", 0)]


def test_what_comes_back_is_told(tea):
    shop.sell(tea, 10)
    watch(tea)
    adjust_stock(tea.product_id, 2, key="back")
    watch(tea)
    adjust_stock(tea.product_id, 20, key="more")
    watch(tea)
    adjust_stock(tea.product_id, -20, key="fewer")
    watch(tea)

    assert told() == [("stock.depleted", 0), ("stock.replenished", 2), ("stock.low", 2)]


def test_a_product_without_a_threshold_is_never_low():
    product = shop.product("TEA", available=10)
    watch(product)
    told()
    shop.sell(product, 9)

    watch(product)

    assert told() == []


def test_split_stock_is_depleted_when_all_of_it_is(tea):
    patch_product(tea.product_id, {"stock_shards": 4})
    for n in range(10):
        shop.sell(tea, 1)
        watch(tea, key=f"{tea.product_id}#{n % 4}")

    assert told() == [("stock.low", 3), ("stock.depleted", 0)]


def test_records_that_come_again_tell_nothing_more(tea):
    shop.sell(tea, 10)
    watch(tea)
    told()

    for _ in range(3):
        watch(tea)

    assert told() == []


def test_of_two_that_look_at_once_one_tells(tea, monkeypatch):
    shop.sell(tea, 10)
    levels_of, turns = repository.levels_of, iter([True])

    def slowly(product_ids):
        read = levels_of(product_ids)
        if next(turns, False):
            watch(tea)  # another instance, faster
        return read

    monkeypatch.setattr(repository, "levels_of", slowly)

    with pytest.raises(LevelChanged):  # and the stream brings the record again
        watch(tea)
    watch(tea)

    assert told() == [("stock.depleted", 0)]


def test_who_has_read_an_older_stock_does_not_tell_of_it_after_a_newer(tea, monkeypatch):
    """Else it would say that there are some, be believed, and fall silent when there are."""
    shop.sell(tea, 5)
    read, turns = stock.get_stocks, iter([True])

    def slowly(shards):
        found = read(shards)
        if next(turns, False):
            shop.sell(tea, 5)
            watch(tea)  # another instance, which tells that it is depleted
        return found

    monkeypatch.setattr(stock, "get_stocks", slowly)

    watch(tea)
    adjust_stock(tea.product_id, 50)
    watch(tea)

    assert told() == [("stock.depleted", 0), ("stock.replenished", 50)]


def test_what_the_sample_record_is_about_may_be_gone():
    handler(sample("products.watch_stock_levels"), CONTEXT)

    assert told() == []


def test_the_level_is_no_stock(tea):
    assert shop.available(tea) == 10
    assert set_stock(tea.product_id, 4).body["available"] == 4
