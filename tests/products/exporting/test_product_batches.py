"""The products of an export: which ones, in which order, with how many calls."""

from collections import Counter
from datetime import timedelta

import pytest

from products.exporting import repository
from products.exporting.service import (
    CategoryNames,
    list_group_batches,
    list_product_batches,
)
from products.product_edits import set_status_keys
from shared import clock, ids
from shared.storage.models.catalog import Product, ProductGroup
from tests.support import aws_calls, shop
from tests.support.categories import create_category

pytestmark = pytest.mark.usefixtures("aws")

SPRING = clock.utc_now() - timedelta(days=30)
ALL = frozenset({"draft", "active", "archived"})


def store(sku: str, minute: int, **changes) -> Product:
    return shop.product(sku, created_at=SPRING + timedelta(minutes=minute), **changes)


def variant(group: str, size: int, minute: int, **changes) -> Product:
    options = {"Size": str(size)}
    return store(f"{group}-{size}", minute, group=group, options_json=options, **changes)


def skus(statuses=ALL) -> list[str]:
    return [each.fields["sku"] for batch in list_product_batches(statuses) for each in batch]


def grouped(statuses=ALL) -> list[list[str]]:
    return [
        [variant.fields["sku"] for variant in group]
        for batch in list_group_batches(statuses)
        for group in batch
    ]


@pytest.fixture
def batches_of_three(monkeypatch):
    monkeypatch.setattr(repository, "BATCH_MAX", 3)


@pytest.mark.usefixtures("batches_of_three")
@pytest.mark.parametrize("count", [0, 1, 3, 6, 14])
def test_each_product_comes_once_by_time_of_creation(count):
    statuses = ("active", "draft", "archived")
    stored = [store(f"TEA-{n}", n // 2, status=statuses[n % 3]) for n in range(count)]

    in_order = sorted(stored, key=lambda product: str(product.listed_at))
    assert skus() == [product.sku for product in in_order]


@pytest.mark.usefixtures("batches_of_three")
def test_a_status_that_changes_during_the_run_loses_no_product():
    stored = [store(f"TEA-{n}", n) for n in range(9)]
    batches = list_product_batches(ALL)
    found = [each.fields["sku"] for each in next(batches)]

    for product in (stored[1], stored[4], stored[8]):
        product.status = "archived"
        set_status_keys(product)
        product.save()
    found += [each.fields["sku"] for batch in batches for each in batch]

    assert found == [product.sku for product in stored]


def test_a_product_that_has_left_the_statuses_is_omitted(monkeypatch):
    store("TEA", 1)
    store("POT", 2)
    list_keys = repository._list_keys  # noqa: SLF001

    def archive_after_the_query(*args):
        keys = list_keys(*args)
        Product(ids.derived_id("prd", "TEA")).update([Product.status.set("archived")])
        return keys

    monkeypatch.setattr(repository, "_list_keys", archive_after_the_query)

    assert skus({"active"}) == ["POT"]


def test_a_batch_costs_a_query_of_each_shard_and_two_reads():
    for number in range(150):
        store(f"TEA-{number}", number, available=1)

    with aws_calls.record_calls() as calls:
        assert len(skus()) == 150

    assert Counter(calls) == {"Query": 2 * 12, "BatchGetItem": 2 * 2}


@pytest.mark.usefixtures("batches_of_three")
def test_variants_come_together_where_the_first_one_is():
    store("FIRST", 0)
    variant("TEAS", 1, 1)
    variant("POTS", 1, 2)
    store("ALONE", 3)
    variant("TEAS", 2, 4)
    variant("TEAS", 3, 5)
    variant("POTS", 2, 6)
    store("LAST", 7)

    assert grouped() == [
        ["FIRST"],
        ["TEAS-1", "TEAS-2", "TEAS-3"],
        ["POTS-1", "POTS-2"],
        ["ALONE"],
        ["LAST"],
    ]


@pytest.mark.usefixtures("batches_of_three")
def test_only_variants_with_the_statuses_come():
    variant("TEAS", 1, 1, status="draft")
    variant("TEAS", 2, 2)
    store("ALONE", 3)
    variant("TEAS", 3, 4, status="archived")
    variant("TEAS", 4, 5)

    assert grouped({"active"}) == [["TEAS-2", "TEAS-4"], ["ALONE"]]


@pytest.mark.usefixtures("batches_of_three")
def test_a_variant_that_changed_its_group_comes_with_its_own():
    variant("TEAS", 1, 1)
    moved = variant("TEAS", 2, 2)
    moved.group = "POTS"
    moved.save()
    variant("POTS", 3, 3)

    assert grouped() == [["TEAS-1"], ["TEAS-2", "POTS-3"]]


def test_a_variant_whose_group_has_no_item_comes_alone():
    variant("TEAS", 1, 1)
    ProductGroup("TEAS").delete()

    assert grouped() == [["TEAS-1"]]


def test_whole_groups_in_a_batch_cost_one_more_read():
    for number in range(20):
        for size in range(3):
            variant(f"GROUP-{number}", size, 3 * number + size)

    with aws_calls.record_calls() as calls:
        assert len(grouped()) == 20

    assert Counter(calls) == {"Query": 12, "BatchGetItem": 3}


def test_the_stock_of_what_is_not_counted_is_left_out():
    store("TEA", 1, available=7)
    store("NEVER", 2)
    store("BACK", 3, available=-2, stock_policy="backorder")
    store("DOWNLOAD", 4, available=5, stock_policy="untracked")

    found = {
        each.fields["sku"]: each.available for batch in list_product_batches(ALL) for each in batch
    }
    assert found == {"TEA": 7, "NEVER": 0, "BACK": -2, "DOWNLOAD": None}


def test_categories_have_their_names_or_those_they_would_get():
    create_category(name="Home & garden", parent=None)

    names = CategoryNames()

    assert names.of("home-garden") == ["Home & garden"]
    assert names.of("home-garden/tea-pots") == ["Home & garden", "Tea pots"]
    assert names.of(None) == []
