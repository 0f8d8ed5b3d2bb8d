"""Stock levels: the stream's worker announces each change of level once."""

import random

import pytest

from products.stock import repository
from products.stock.repository import LevelChanged
from products.workers.watch_stock_levels import handler
from shared.storage import stock
from shared.storage.models.catalog import Product
from shared.storage.models.outbox import OutboxRow
from tests.support import events, shop
from tests.support.aws_calls import record_calls
from tests.support.catalog import adjust_stock, patch_product, set_stock
from tests.support.http import CONTEXT, sample

pytestmark = pytest.mark.usefixtures("aws")


def watch(*products: Product, key: str | None = None) -> None:
    event = sample("products.watch_stock_levels")
    (record,) = event["Records"]
    event["Records"] = [
        record
        | {
            "dynamodb": record["dynamodb"]
            | {"Keys": {"product_id": {"S": key or product.product_id}}}
        }
        for product in products
    ]
    handler(event, CONTEXT)


def announced() -> list[tuple[str, int]]:
    """The stock events since the last call, with the available units."""
    found = []
    for row in OutboxRow.scan():
        found += [event for event in events.events_in_row(row) if event.type.startswith("stock.")]
        row.delete()
    found.sort(key=lambda event: event.occurred_at)
    return [(event.type, event.data.available) for event in found]


@pytest.fixture
def tea() -> Product:
    """A product with ten units, which are announced."""
    product = shop.product("TEA", available=10, low_stock_at=3)
    watch(product)
    announced()
    return product


def test_the_first_units_of_a_product_are_announced():
    product = shop.product("TEA", available=10)

    watch(product)

    assert announced() == [("stock.replenished", 10)]


def test_a_product_that_never_had_units_is_not_depleted():
    product = shop.product("TEA", available=0)

    watch(product)

    assert announced() == []


def test_the_sale_of_the_last_unit_is_announced(tea):
    shop.sell(tea, 10)

    watch(tea)

    assert announced() == [("stock.depleted", 0)]


def test_a_sale_that_keeps_the_level_is_not_announced(tea):
    shop.sell(tea, 6)

    watch(tea)

    assert announced() == []


@pytest.mark.parametrize("sold", [7, 9])
def test_stock_is_low_at_low_stock_at_and_below(tea, sold):
    shop.sell(tea, sold)

    watch(tea)

    assert announced() == [("stock.low", 10 - sold)]


def test_low_and_depleted_are_each_announced_once(tea):
    for _ in range(10):
        shop.sell(tea, 1)
        watch(tea, tea)

    assert announced() == [("stock.low", 3), ("stock.depleted", 0)]


def test_a_replenished_product_is_announced(tea):
    shop.sell(tea, 10)
    watch(tea)
    adjust_stock(tea.product_id, 2, key="back")
    watch(tea)
    adjust_stock(tea.product_id, 20, key="more")
    watch(tea)
    adjust_stock(tea.product_id, -20, key="fewer")
    watch(tea)

    assert announced() == [("stock.depleted", 0), ("stock.replenished", 2), ("stock.low", 2)]


def test_a_product_without_low_stock_at_is_never_low():
    product = shop.product("TEA", available=10)
    watch(product)
    announced()
    shop.sell(product, 9)

    watch(product)

    assert announced() == []


def test_sharded_stock_is_depleted_when_all_shards_are(tea):
    patch_product(tea.product_id, {"stock_shards": 4})
    for n in range(10):
        shop.sell(tea, 1)
        watch(tea, key=f"{tea.product_id}#{n % 4}")

    assert announced() == [("stock.low", 3), ("stock.depleted", 0)]


def test_repeated_records_announce_nothing_more(tea):
    shop.sell(tea, 10)
    watch(tea)
    announced()

    for _ in range(3):
        watch(tea)

    assert announced() == []


def test_of_two_concurrent_instances_one_announces(tea, monkeypatch):
    shop.sell(tea, 10)
    list_watched_stocks, turns = repository.list_watched_stocks, iter([True])

    def read_slowly(product_ids):
        found = list_watched_stocks(product_ids)
        if next(turns, False):
            watch(tea)  # in another, faster instance
        return found

    monkeypatch.setattr(repository, "list_watched_stocks", read_slowly)

    with pytest.raises(LevelChanged):  # so the stream brings the record again
        watch(tea)
    watch(tea)

    assert announced() == [("stock.depleted", 0)]


def test_a_batch_of_new_stock_is_announced_in_few_calls():
    """As an import delivers it: up to 100 records in one batch."""
    products = [shop.product(f"TEA-{number}", available=10) for number in range(100)]

    with record_calls() as calls:
        watch(*products)

    # Three reads, and two writes: the last level does not fit into the first transaction.
    assert calls == ["BatchGetItem"] * 3 + ["TransactWriteItems"] * 2
    assert announced() == [("stock.replenished", 10)] * 100


@pytest.mark.parametrize("place", range(3))
def test_a_faster_instance_delays_no_other_product(monkeypatch, place):
    products = [shop.product(f"TEA-{number}", available=10) for number in range(3)]
    list_watched_stocks, turns = repository.list_watched_stocks, iter([True])

    def read_slowly(product_ids):
        found = list_watched_stocks(product_ids)
        if next(turns, False):
            watch(products[place])  # in another, faster instance
        return found

    monkeypatch.setattr(repository, "list_watched_stocks", read_slowly)

    with pytest.raises(LevelChanged):
        watch(*products)
    assert announced() == [("stock.replenished", 10)] * 3
    watch(*products)

    assert announced() == []


@pytest.mark.parametrize("seed", range(5))
def test_batches_announce_what_single_records_announce(seed):
    """The same sales and deliveries, watched in batches with repeats, and one by one."""
    found = []
    for size in (1, 4, 100):
        chance = random.Random(seed)  # noqa: S311 (no secret)
        products = [
            shop.product(f"{size}-{number}", available=6, low_stock_at=3) for number in range(8)
        ]
        types: dict[str, list[str]] = {product.product_id: [] for product in products}
        for step in range(6):
            records = chance.choices(products, k=12)
            for product in dict.fromkeys(record.product_id for record in records):
                change = chance.choice((-6, -3, 3, 6))
                adjust_stock(product, change, key=f"{size}-{step}")
            for start in range(0, len(records), size):
                watch(*records[start : start + size])
            for event in events.published_events():
                types[event.data.product_id].append(event.type)
            announced()  # forgets them
        found.append([types[product.product_id] for product in products])

    assert found[0] == found[1] == found[2]
    assert any(found[0])


def test_a_stale_read_announces_no_outdated_level(tea, monkeypatch):
    """Otherwise the stale level would hide the next replenishment."""
    shop.sell(tea, 5)
    read, turns = stock.get_stocks, iter([True])

    def read_slowly(shard_counts):
        found = read(shard_counts)
        if next(turns, False):
            shop.sell(tea, 5)
            watch(tea)  # in another instance, which announces that it is depleted
        return found

    monkeypatch.setattr(stock, "get_stocks", read_slowly)

    watch(tea)
    adjust_stock(tea.product_id, 50)
    watch(tea)

    assert announced() == [("stock.depleted", 0), ("stock.replenished", 50)]


def test_a_record_of_an_unknown_product_is_ignored():
    handler(sample("products.watch_stock_levels"), CONTEXT)

    assert announced() == []


def test_the_item_of_the_level_is_not_counted_as_stock(tea):
    assert shop.available(tea) == 10
    assert set_stock(tea.product_id, 4).body["available"] == 4
