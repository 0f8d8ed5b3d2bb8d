"""Lists of products: filters, sorts, pages, cursors, and the cost of a page."""

import json

import pytest

from benchmarks.endpoint import record_calls
from products.catalog_queries import CATEGORIES_MAX
from products.listing_keys import SHOP_SHARDS
from tests.support import shop
from tests.support.catalog import (
    create_product,
    list_all_skus,
    list_products,
    patch_product,
    skus_in,
)

pytestmark = pytest.mark.usefixtures("aws")


def create_with_prices(**amounts: int) -> None:
    for sku, amount in amounts.items():
        shop.listed_product(sku, price_minor=amount)


def test_the_newest_product_comes_first_with_its_stock():
    shop.listed_product("OLD", available=1)
    shop.listed_product("NEW", available=2)

    answer = list_products()

    assert answer.status == 200
    assert [(item["sku"], item["available"]) for item in answer.body["items"]] == [
        ("NEW", 2),
        ("OLD", 1),
    ]
    assert answer.body["next_cursor"] is None


def test_an_empty_shop_is_an_empty_page():
    assert list_products().body == {"items": [], "next_cursor": None}


def test_a_product_without_stock_is_listed_with_zero_units():
    shop.listed_product("TEA")

    assert list_products().body["items"][0]["available"] == 0


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
def test_every_sort_lists_all_products_in_order(sort, expected, limit):
    shop.listed_product("A", name="épice", price_minor=300)
    shop.listed_product("B", name="Apple", price_minor=100)
    shop.listed_product("C", name="zest", price_minor=200)

    assert list_all_skus(sort=sort, limit=limit) == expected


def test_a_shorter_name_comes_before_a_longer_one():
    for sku, name in (("A", "Tea pot"), ("B", "tea"), ("C", "Teak")):
        shop.listed_product(sku, name=name)

    assert list_all_skus(sort="name") == ["B", "A", "C"]


def test_a_parent_category_lists_its_children():
    shop.listed_product("POT", category="home/kitchen/teapots")
    shop.listed_product("PAN", category="home/kitchen")
    shop.listed_product("RUG", category="home")
    shop.listed_product("HOMER", category="homer")

    assert list_all_skus(category="home") == ["RUG", "PAN", "POT"]
    assert list_all_skus(category="home/kitchen") == ["PAN", "POT"]
    assert list_all_skus(category="home/kitchen/teapots") == ["POT"]
    assert list_all_skus(category="kitchen") == []


def test_a_tag_lists_the_products_that_have_it():
    shop.listed_product("TEA", tags=["green, loose", "sale"])
    shop.listed_product("POT", tags=["sale"])

    assert list_all_skus(tag="sale") == ["POT", "TEA"]
    assert list_all_skus(tag="green, loose") == ["TEA"]


@pytest.mark.parametrize("sort", ["newest", "price_asc", "price_desc", "name"])
def test_sold_out_products_can_be_filtered_out(sort):
    shop.listed_product("GONE", available=0, category="tea", tags=["x"])
    shop.listed_product("TEA", available=1, category="tea", tags=["x"])
    shop.listed_product("NEVER", category="tea", tags=["x"])

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
def test_a_price_range_filters_by_both_bounds(bounds, expected, limit):
    create_with_prices(A=100, B=200, C=300, D=10**12)

    assert list_all_skus(**bounds, limit=limit) == expected
    assert list_all_skus(**bounds, limit=limit, sort="price_desc") == expected[::-1]


def test_amounts_of_two_currencies_are_not_compared():
    shop.listed_product("YEN", price_minor=500, currency="JPY")
    shop.listed_product("EURO", price_minor=400)

    assert list_all_skus(sort="price_asc") == ["EURO"]
    assert list_all_skus(sort="price_asc", currency="JPY") == ["YEN"]
    assert list_all_skus(min_price="1", currency="JPY") == ["YEN"]
    assert len(list_all_skus(sort="newest", currency="JPY")) == 2


@pytest.mark.parametrize("sort", ["newest", "price_asc", "price_desc", "name"])
def test_several_categories_are_one_sorted_list(sort):
    for n in range(12):
        shop.listed_product(
            f"SKU-{n}", category=f"c{n % 4}", price_minor=100 + n * 7 % 12, name=f"{n:03}"
        )
    expected = list_all_skus(sort=sort, limit="100")

    found = list_all_skus(category=[f"c{n}" for n in range(4)], sort=sort, limit="5")

    assert found == expected


def test_a_parent_and_its_child_list_no_product_twice():
    shop.listed_product("POT", category="home/kitchen")
    shop.listed_product("RUG", category="home")

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
def test_a_query_without_an_index_is_refused(query):
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
def test_an_invalid_parameter_is_named(query, path):
    answer = list_products(**query)

    assert (answer.status, answer.paths) == (422, [path])


def test_an_edit_moves_a_product_to_its_new_lists():
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
def test_a_page_costs_the_same_in_a_larger_shop(query, queries):
    for n in range(6):
        shop.listed_product(f"SMALL-{n}", category="tea", tags=["x"], price_minor=10, available=1)
    small = measure_page(query)
    for n in range(30):
        shop.listed_product(f"LARGE-{n}", category="tea", tags=["x"], price_minor=10, available=1)

    large = measure_page(query)

    assert small == large
    assert small == (["BatchGetItem"] + ["Query"] * queries, 5 * queries)


def measure_page(query) -> tuple[list[str], int]:
    """The AWS calls of a page of five products, and the sum of the limits of its Queries."""
    list_products(limit="1", **query)  # reads the keys that sign cursors, once
    with record_calls() as calls:
        assert len(skus_in(list_products(limit="5", **query))) == 5
    limits = [json.loads(call.body).get("Limit", 0) for call in calls]
    return sorted(call.operation for call in calls), sum(limits)
