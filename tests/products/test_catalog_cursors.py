"""Cursors of lists: pages that are followed while products change, and cursors that are refused."""

from datetime import timedelta

import pytest

from products.handler import handler
from shared import clock
from shared.storage import cursors
from shared.storage.models.catalog import Product
from tests.support import shop
from tests.support.catalog import (
    create_product,
    edit_product,
    list_all_skus,
    list_products,
    skus_in,
)
from tests.support.http import STAFF, Caller, send

pytestmark = pytest.mark.usefixtures("aws")


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_following_the_cursor_shows_each_product_once(limit):
    made = [shop.listed_product(f"SKU-{n}").sku for n in range(7)]

    assert list_all_skus(limit=str(limit)) == made[::-1]


@pytest.mark.parametrize("sort", ["newest", "price_asc", "price_desc", "name"])
def test_changes_while_paging_neither_skip_nor_repeat_products(sort):
    staying = [f"SKU-{n}" for n in range(15)]
    going = [f"GOING-{n}" for n in range(5)]
    for n, sku in enumerate([*staying, *going]):
        shop.listed_product(sku, price_minor=1000 + n * 37 % 100, name=f"{n * 53 % 100:02}")
    found: list[str] = []
    page = list_products(limit="3", sort=sort)
    for turn in range(20):
        found += skus_in(page)
        if not page.body["next_cursor"]:
            break
        shop.listed_product(f"NEW-{turn}", price_minor=1000 + turn, name=f"{turn:02}")
        if going:
            remove(going.pop())
        remove(found[-1])  # the product at which the cursor continues
        page = list_products(limit="3", sort=sort, cursor=page.body["next_cursor"])

    assert len(found) == len(set(found))
    assert set(staying) <= set(found)


def remove(sku: str) -> None:
    product = next(product for product in Product.scan() if product.sku == sku)
    edit_product("archive", product.product_id)
    shop.index_products(product)


def test_a_page_is_short_while_the_index_is_stale():
    for sku in ("A", "B", "C"):
        shop.listed_product(sku)
    archived = next(product for product in Product.scan() if product.sku == "B")

    edit_product("archive", archived.product_id)  # the index worker has not run yet

    assert list_all_skus(limit="1") == ["C", "A"]


@pytest.mark.parametrize(
    "other",
    [
        {"category": "tea"},
        {"tag": "x"},
        {"in_stock": "true"},
        {"sort": "name"},
        {"sort": "price_asc"},
        {"min_price": "5"},
    ],
)
def test_a_cursor_is_valid_for_its_query_only(other):
    for n in range(3):
        shop.listed_product(f"SKU-{n}", category="tea", tags=["x"])
    cursor = list_products(limit="2").body["next_cursor"]

    answer = list_products(limit="2", cursor=cursor, **other)

    assert (answer.status, answer.code) == (400, "cursor_query_mismatch")


def test_a_cursor_is_valid_for_its_currency_only():
    for n in range(3):
        shop.listed_product(f"SKU-{n}")
    cursor = list_products(limit="2", sort="price_asc").body["next_cursor"]

    answer = list_products(limit="2", sort="price_asc", currency="USD", cursor=cursor)

    assert answer.code == "cursor_query_mismatch"


def test_the_limit_can_change_between_pages():
    made = [shop.listed_product(f"SKU-{n}").sku for n in range(5)]
    first = list_products(limit="1")

    rest = list_products(limit="10", cursor=first.body["next_cursor"])

    assert skus_in(first) + skus_in(rest) == made[::-1]


def test_a_cursor_expires(monkeypatch):
    for n in range(3):
        shop.listed_product(f"SKU-{n}")
    cursor = list_products(limit="2").body["next_cursor"]
    later = clock.utc_now() + cursors.LIFETIME + timedelta(seconds=1)
    monkeypatch.setattr(clock, "utc_now", lambda: later)

    answer = list_products(limit="2", cursor=cursor)

    assert (answer.status, answer.code) == (400, "cursor_expired")


def test_a_staff_cursor_is_valid_for_its_user_only():
    for n in range(3):
        create_product(sku=f"SKU-{n}")
    query = {"status": "active", "limit": "2"}
    cursor = send(handler, "staff.list_products", caller=STAFF, query=query).body["next_cursor"]

    colleague = Caller("usr_colleague", "customer staff")
    answer = send(
        handler, "staff.list_products", caller=colleague, query=query | {"cursor": cursor}
    )

    assert (answer.status, answer.code) == (400, "cursor_user_mismatch")


@pytest.mark.parametrize("cursor", ["x", "a.b.c", "k1.e30.AAAA", "x" * 2000])
def test_a_forged_cursor_is_refused(cursor):
    answer = list_products(cursor=cursor)

    assert (answer.status, answer.code) == (400, "invalid_cursor")
