"""SKUs as shops write them: stored as written, unique without regard to case, found again."""

import pytest

from products import identifiers
from products.handler import handler
from shared import ids
from shared.storage.models.catalog import Product, ProductGroup
from shared.storage.models.outbox import OutboxRow
from tests.products.test_identifiers import REAL_SKUS, SAME
from tests.support import shop
from tests.support.catalog import (
    create_product,
    edit_product,
    get_product,
    list_products,
    post_product,
    skus_in,
)
from tests.support.events import published_events
from tests.support.http import NOBODY, send

pytestmark = pytest.mark.usefixtures("aws")


def stored_skus() -> list[str]:
    return sorted(product.sku for product in Product.scan())


def earlier_product(sku: str) -> Product:
    """A product of an earlier release, which derived its id from the spelling."""
    assert ids.derived_id("prd", sku) != identifiers.product_id_of(sku)
    return shop.product(sku)


@pytest.mark.parametrize("sku", REAL_SKUS)
def test_a_real_sku_is_stored_and_shown_as_it_was_written(sku):
    created = create_product(sku=f" {sku} ")

    assert created["sku"] == get_product(created["id"]).body["sku"] == sku
    assert [event.data.sku for event in published_events()] == [sku]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_of_a_sku_collide(one, other):
    create_product(sku=one)

    answer = post_product(sku=other)

    assert (answer.status, answer.code) == (409, "sku_taken")
    assert stored_skus() == [one]
    assert OutboxRow.count() == 1


def test_products_with_different_skus_live_side_by_side():
    for sku in ("TEA 1", "TEA-1", "TEA1", "TÉA1", "C+1", "C 1"):
        create_product(sku=sku)

    assert Product.count() == 6


def test_a_product_of_an_earlier_release_keeps_its_id_and_sku():
    stored = earlier_product("Tea-1")

    answer = post_product(sku="Tea-1")

    assert (answer.status, answer.code) == (409, "sku_taken")
    assert [product.product_id for product in Product.scan()] == [stored.product_id]


@pytest.mark.parametrize("sku", ["tea 1", "TEA 1", " Tea 1"])
def test_a_replaced_product_keeps_its_spelling(sku):
    product = create_product(sku="Tea 1")
    body = {"sku": sku, "name": "Black tea", "price": product["price"]}

    answer = edit_product("replace", product["id"], body)

    assert (answer.status, answer.body["sku"]) == (200, "Tea 1")
    (updated,) = [event for event in published_events() if event.type == "product.updated"]
    assert (updated.data.sku, updated.data.changed) == ("Tea 1", ["name"])


def test_another_sku_is_no_spelling_of_this_one():
    product = create_product(sku="Tea 1")
    body = {"sku": "Tea 2", "name": "Tea", "price": product["price"]}

    answer = edit_product("replace", product["id"], body)

    assert (answer.status, answer.code) == (422, "sku_immutable")
    assert answer.error["details"] == {"sku": "Tea 1"}


def test_a_group_has_the_same_characters_as_a_sku():
    group = 'Rohr 3/4" (grün) #1'
    for size in ("S", "M"):
        create_product(sku=f"Rohr {size}", group=group, options={"size": size})
    shop.index_published_events()

    (listed,) = list_products().body["items"]
    assert listed["group"] == group
    assert [variant.sku for variant in ProductGroup.get(group).variants] == ["Rohr S", "Rohr M"]
    detail = get_product(listed["id"]).body
    assert [variant["sku"] for variant in detail["variants"]] == ["Rohr M"]


@pytest.mark.parametrize(
    ("sku", "searched"),
    [('TEST3/4"', 'test3/4"'), ("123456 Oaktree", "oaktree"), ("Grün/7", "grun 7")],
)
def test_the_search_finds_a_sku_by_its_words(sku, searched):
    create_product(sku=sku, name="Thing")
    shop.index_published_events()

    answer = send(handler, "products.search", caller=NOBODY, query={"q": searched})

    assert skus_in(answer) == [sku]


def test_a_sku_without_words_is_listed():
    create_product(sku="+/#", name="Thing")
    shop.index_published_events()

    assert skus_in(list_products()) == ["+/#"]
