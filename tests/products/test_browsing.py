"""Browsing the catalog: in every order, page by page, at a cost that does not grow with it."""

import json
from datetime import timedelta

import pytest

from benchmarks.endpoint import record_calls
from products.catalog import CATEGORIES_MAX
from products.handler import handler
from products.listing_keys import SHOP_SHARDS
from shared import clock
from shared.storage import cursors
from shared.storage.models.catalog import Product
from tests.support import shop
from tests.support.catalog import (
    create_product,
    edit_product,
    list_all_skus,
    list_products,
    patch_product,
    skus_in,
)
from tests.support.http import STAFF, Caller, send

pytestmark = pytest.mark.usefixtures("aws")


def priced(**amounts: int) -> None:
    for sku, amount in amounts.items():
        shop.product(sku, price_minor=amount)


def test_the_newest_product_comes_first_with_its_stock():
    shop.product("OLD", available=1)
    shop.product("NEW", available=2)

    answer = list_products()

    assert answer.status == 200
    assert [(item["sku"], item["available"]) for item in answer.body["items"]] == [
        ("NEW", 2),
        ("OLD", 1),
    ]
    assert answer.body["next_cursor"] is None


def test_an_empty_shop_is_an_empty_page():
    assert list_products().body == {"items": [], "next_cursor": None}


def test_a_product_without_stock_is_listed_as_such():
    shop.product("TEA")

    assert list_products().body["items"][0]["available"] == 0


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_following_the_cursor_shows_each_product_once(limit):
    made = [shop.product(f"SKU-{n}").sku for n in range(7)]

    assert list_all_skus(limit=str(limit)) == made[::-1]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("newest", ["C", "B", "A"]),
        ("price_asc", ["B", "C", "A"]),
        ("price_desc", ["A", "C", "B"]),
        ("name", ["B", "A", "C"]),
    ],
)
@pytest.mark.parametrize("limit", ["1", "2", "100"])
def test_each_order_is_followed_from_one_end_to_the_other(sort, expected, limit):
    shop.product("A", name="épice", price_minor=300)
    shop.product("B", name="Apple", price_minor=100)
    shop.product("C", name="zest", price_minor=200)

    assert list_all_skus(sort=sort, limit=limit) == expected


def test_a_shorter_name_comes_before_one_that_goes_on():
    for sku, name in (("A", "Tea pot"), ("B", "tea"), ("C", "Teak")):
        shop.product(sku, name=name)

    assert list_all_skus(sort="name") == ["B", "A", "C"]


def test_a_parent_shows_what_is_in_its_children():
    shop.product("POT", category="home/kitchen/teapots")
    shop.product("PAN", category="home/kitchen")
    shop.product("RUG", category="home")
    shop.product("HOMER", category="homer")

    assert list_all_skus(category="home") == ["RUG", "PAN", "POT"]
    assert list_all_skus(category="home/kitchen") == ["PAN", "POT"]
    assert list_all_skus(category="home/kitchen/teapots") == ["POT"]
    assert list_all_skus(category="kitchen") == []


def test_a_tag_shows_what_has_it():
    shop.product("TEA", tags=["green, loose", "sale"])
    shop.product("POT", tags=["sale"])

    assert list_all_skus(tag="sale") == ["POT", "TEA"]
    assert list_all_skus(tag="green, loose") == ["TEA"]


@pytest.mark.parametrize("sort", ["newest", "price_asc", "price_desc", "name"])
def test_what_is_sold_out_can_be_left_out(sort):
    shop.product("GONE", available=0, category="tea", tags=["x"])
    shop.product("TEA", available=1, category="tea", tags=["x"])
    shop.product("NEVER", category="tea", tags=["x"])

    for where in ({}, {"category": "tea"}, {"tag": "x"}):
        assert list_all_skus(**where, in_stock="true", sort=sort, limit="1") == ["TEA"]
        assert len(list_all_skus(**where, sort=sort)) == 3


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"min_price": "200"}, ["B", "C", "D"]),
        ({"max_price": "200"}, ["A", "B"]),
        ({"min_price": "200", "max_price": "300"}, ["B", "C"]),
        ({"min_price": "201", "max_price": "299"}, []),
        ({"min_price": "300", "max_price": "300"}, ["C"]),
        ({"min_price": "0"}, ["A", "B", "C", "D"]),
        ({"max_price": str(10**12)}, ["A", "B", "C", "D"]),
    ],
)
@pytest.mark.parametrize("limit", ["1", "100"])
def test_prices_can_be_bounded_both_ways(bounds, expected, limit):
    priced(A=100, B=200, C=300, D=10**12)

    assert list_all_skus(**bounds, limit=limit) == expected
    assert list_all_skus(**bounds, limit=limit, sort="price_desc") == expected[::-1]


def test_amounts_of_two_currencies_are_not_compared():
    shop.product("YEN", price_minor=500, currency="JPY")
    shop.product("EURO", price_minor=400)

    assert list_all_skus(sort="price_asc") == ["EURO"]
    assert list_all_skus(sort="price_asc", currency="JPY") == ["YEN"]
    assert list_all_skus(min_price="1", currency="JPY") == ["YEN"]
    assert len(list_all_skus(sort="newest", currency="JPY")) == 2


@pytest.mark.parametrize("sort", ["newest", "price_asc", "price_desc", "name"])
def test_several_categories_are_one_list_in_order(sort):
    for n in range(12):
        shop.product(f"SKU-{n}", category=f"c{n % 4}", price_minor=100 + n * 7 % 12, name=f"{n:03}")
    expected = list_all_skus(sort=sort, limit="100")

    found = list_all_skus(category=[f"c{n}" for n in range(4)], sort=sort, limit="5")

    assert found == expected


def test_a_parent_and_its_child_together_show_nothing_twice():
    shop.product("POT", category="home/kitchen")
    shop.product("RUG", category="home")

    assert list_all_skus(category=["home/kitchen", "home", "home"], limit="1") == ["RUG", "POT"]


@pytest.mark.parametrize(
    "query",
    [
        {"category": "tea", "tag": "sale"},
        {"min_price": "1", "sort": "newest"},
        {"max_price": "1", "sort": "name"},
        {"min_price": "2", "max_price": "1"},
    ],
)
def test_what_no_index_answers_is_refused_with_what_can_be_asked(query):
    answer = list_products(**query)

    assert (answer.status, answer.code) == (422, "unsupported_query")
    assert answer.error["details"]["can_be_asked"].keys() == {"where", "and", "sort"}


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"limit": "0"}, "query.limit"),
        ({"limit": "101"}, "query.limit"),
        ({"limit": "ten"}, "query.limit"),
        ({"category": "Not A Category"}, "query.category.0"),
        ({"category": [f"c{n}" for n in range(CATEGORIES_MAX + 1)]}, "query.category"),
        ({"tag": ""}, "query.tag"),
        ({"in_stock": "perhaps"}, "query.in_stock"),
        ({"min_price": "-1"}, "query.min_price"),
        ({"max_price": "1.5"}, "query.max_price"),
        ({"max_price": str(10**12 + 1)}, "query.max_price"),
        ({"currency": "XXX"}, "query.currency"),
        ({"sort": "random"}, "query.sort"),
        ({"cursor": "x" * 2001}, "query.cursor"),
        ({"catgory": "tea"}, "query.catgory"),
        ({"category[]": "tea"}, "query.category[]"),
        ({"LIMIT": "1"}, "query.LIMIT"),
        ({"q": "tea"}, "query.q"),
        ({"x" * 300: "1"}, "query." + "x" * 50),
    ],
)
def test_a_query_that_is_wrong_is_named(query, path):
    answer = list_products(**query)

    assert (answer.status, answer.paths) == (422, [path])


@pytest.mark.parametrize("sort", ["newest", "price_asc", "price_desc", "name"])
def test_products_that_come_and_go_while_paging_disturb_none_that_stay(sort):
    staying = [f"SKU-{n}" for n in range(15)]
    going = [f"GOING-{n}" for n in range(5)]
    for n, sku in enumerate([*staying, *going]):
        shop.product(sku, price_minor=1000 + n * 37 % 100, name=f"{n * 53 % 100:02}")
    found: list[str] = []
    page = list_products(limit="3", sort=sort)
    for turn in range(20):
        found += skus_in(page)
        if not page.body["next_cursor"]:
            break
        shop.product(f"NEW-{turn}", price_minor=1000 + turn, name=f"{turn:02}")
        if going:
            remove(going.pop())
        remove(found[-1])  # the very product that the cursor stands at
        page = list_products(limit="3", sort=sort, cursor=page.body["next_cursor"])

    assert len(found) == len(set(found))
    assert set(staying) <= set(found)


def remove(sku: str) -> None:
    product = next(it for it in Product.scan() if it.sku == sku)
    edit_product("archive", product.product_id)
    shop.index_products(product)


def test_a_page_is_short_and_not_wrong_where_the_index_is_behind():
    for sku in ("A", "B", "C"):
        shop.product(sku)
    archived = next(it for it in Product.scan() if it.sku == "B")

    edit_product("archive", archived.product_id)  # and the index worker has not heard of it yet

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
def test_a_cursor_belongs_to_the_query_that_gave_it(other):
    for n in range(3):
        shop.product(f"SKU-{n}", category="tea", tags=["x"])
    cursor = list_products(limit="2").body["next_cursor"]

    answer = list_products(limit="2", cursor=cursor, **other)

    assert (answer.status, answer.code) == (400, "cursor_query_mismatch")


def test_a_cursor_of_one_currency_is_not_for_another():
    for n in range(3):
        shop.product(f"SKU-{n}")
    cursor = list_products(limit="2", sort="price_asc").body["next_cursor"]

    answer = list_products(limit="2", sort="price_asc", currency="USD", cursor=cursor)

    assert answer.code == "cursor_query_mismatch"


def test_the_length_of_a_page_can_change_on_the_way():
    made = [shop.product(f"SKU-{n}").sku for n in range(5)]
    first = list_products(limit="1")

    rest = list_products(limit="10", cursor=first.body["next_cursor"])

    assert skus_in(first) + skus_in(rest) == made[::-1]


def test_a_cursor_expires(monkeypatch):
    for n in range(3):
        shop.product(f"SKU-{n}")
    cursor = list_products(limit="2").body["next_cursor"]
    later = clock.utc_now() + cursors.LIFETIME + timedelta(seconds=1)
    monkeypatch.setattr(clock, "utc_now", lambda: later)

    answer = list_products(limit="2", cursor=cursor)

    assert (answer.status, answer.code) == (400, "cursor_expired")


def test_staffs_cursor_is_not_for_another_user():
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
def test_a_made_up_cursor_is_refused(cursor):
    answer = list_products(cursor=cursor)

    assert (answer.status, answer.code) == (400, "invalid_cursor")


def test_an_edit_moves_a_product_to_where_it_then_belongs():
    tea = create_product(category="tea", tags=["old"], price={"amount_minor": 5, "currency": "EUR"})
    create_product(sku="POT", category="pots", price={"amount_minor": 6, "currency": "EUR"})
    shop.index_published_events()

    patch_product(tea["id"], {"category": "pots", "tags": ["new"], "price": {"amount_minor": 7}})
    shop.index_published_events()

    assert (list_all_skus(category="tea"), list_all_skus(tag="old")) == ([], [])
    assert list_all_skus(category="pots", sort="price_asc") == ["POT", "TEA"]
    assert list_all_skus(tag="new") == ["TEA"]


@pytest.mark.parametrize(
    ("query", "queries"),
    [
        ({}, SHOP_SHARDS),
        ({"category": "tea"}, 1),
        ({"tag": "x", "in_stock": "true", "sort": "name"}, 1),
        ({"category": ["tea", "pots", "cups"]}, 3),
        ({"min_price": "5", "max_price": "50"}, SHOP_SHARDS),
    ],
)
def test_a_page_costs_its_queries_and_one_batch_whatever_the_size_of_the_shop(query, queries):
    for n in range(6):
        shop.product(f"SMALL-{n}", category="tea", tags=["x"], price_minor=10, available=1)
    small = costs(query)
    for n in range(30):
        shop.product(f"LARGE-{n}", category="tea", tags=["x"], price_minor=10, available=1)

    large = costs(query)

    assert small == large
    assert small == (["BatchGetItem"] + ["Query"] * queries, 5 * queries)


def costs(query) -> tuple[list[str], int]:
    """The calls of a page of five, and the most that its Queries may read."""
    list_products(limit="1", **query)  # reads the keys that sign cursors
    with record_calls() as calls:
        assert len(skus_in(list_products(limit="5", **query))) == 5
    limits = [json.loads(call.body).get("Limit", 0) for call in calls]
    return sorted(call.operation for call in calls), sum(limits)
