"""A price range shows a group if one of its variants fits, as the variant that fits."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.endpoint import record_calls
from products.index.catalog_entries import PARTITIONS_MAX, CatalogEntry, build_listings
from products.index.price_steps import list_price_steps
from products.listing_keys import SHOP_SHARDS, is_shown_price, price_key
from shared import clock
from shared.events.catalog import StockData, StockDepleted
from shared.storage.models.catalog import Product
from shared.storage.models.listings import Listing
from tests.support import shop
from tests.support.catalog import list_all_skus, list_products, patch_product, skus_in

pytestmark = pytest.mark.usefixtures("aws")


def group(name: str, *prices: int, available: int | None = 1, **changes) -> list[Product]:
    """A group with a variant of each price. Its SKU is the group and the price."""
    products = [
        shop.product(
            f"{name}-{price}",
            price_minor=price,
            available=available,
            group=name,
            options_json={"size": str(price)},
            **changes,
        )
        for price in prices
    ]
    shop.index_products(products[-1])
    return products


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, ["SHIRT-100"]),
        ({"min_price": "100"}, ["SHIRT-100"]),
        ({"min_price": "101"}, ["SHIRT-200"]),
        ({"min_price": "200", "max_price": "200"}, ["SHIRT-200"]),
        ({"min_price": "201"}, ["SHIRT-300"]),
        ({"max_price": "300"}, ["SHIRT-100"]),
        ({"min_price": "150", "max_price": "1000"}, ["SHIRT-200"]),
        ({"max_price": "99"}, []),
        ({"min_price": "301"}, []),
        ({"min_price": "201", "max_price": "299"}, []),
    ],
)
@pytest.mark.parametrize("where", [{}, {"category": "clothes"}, {"tag": "sale"}])
@pytest.mark.parametrize("stock", [{}, {"in_stock": "true"}])
def test_a_group_is_shown_as_the_variant_that_fits(bounds, expected, where, stock):
    group("SHIRT", 300, 100, 200, category="clothes/shirts", tags=["sale"])

    for sort in ("price_asc", "price_desc"):
        assert list_all_skus(**bounds, **where, **stock, sort=sort, limit="1") == expected
        assert list_all_skus(**bounds, **where, **stock, sort=sort) == expected


def test_the_sort_by_price_goes_by_the_variant_that_fits():
    group("A", 100, 400)
    group("B", 200, 350)
    shop.listed_product("C", price_minor=300)

    assert list_all_skus(sort="price_asc") == ["A-100", "B-200", "C"]
    assert list_all_skus(min_price="250", sort="price_asc") == ["C", "B-350", "A-400"]
    assert list_all_skus(min_price="250", sort="price_desc") == ["A-400", "B-350", "C"]
    assert list_all_skus(min_price="250", max_price="360") == ["C", "B-350"]


def test_a_variant_in_stock_comes_before_a_sold_out_one():
    group("SHIRT", 100, 400, available=0)
    group("SHIRT", 200, 300)

    assert list_all_skus(sort="price_asc") == ["SHIRT-200"]
    assert list_all_skus(max_price="500") == ["SHIRT-200"]
    assert list_all_skus(max_price="150") == ["SHIRT-100"]
    assert list_all_skus(min_price="350") == ["SHIRT-400"]
    assert list_all_skus(max_price="150", in_stock="true") == []


def test_a_tag_shows_the_variant_that_fits_and_has_the_tag():
    group("SHIRT", 100, 300, tags=["plain"])
    group("SHIRT", 200, 400, tags=["sale"])

    assert list_all_skus(tag="sale", min_price="250") == ["SHIRT-400"]
    assert list_all_skus(tag="sale", max_price="150") == []
    assert list_all_skus(tag="plain", min_price="250") == ["SHIRT-300"]


def test_ranges_of_another_currency_do_not_show_the_group():
    group("SHIRT", 100, 300, currency="JPY")

    assert list_all_skus(min_price="200", currency="JPY") == ["SHIRT-300"]
    assert list_all_skus(min_price="200") == []


@pytest.mark.parametrize("change", [{"status": "archived"}, {"status": "draft"}])
def test_a_variant_that_leaves_the_sale_leaves_the_ranges(change):
    _, dear = group("SHIRT", 100, 300)
    assert list_all_skus(min_price="200") == ["SHIRT-300"]

    patch_product(dear.product_id, change)
    shop.index_products(dear)

    assert list_all_skus(min_price="200") == []
    assert not [item for item in Listing.scan() if item.partition.startswith("price#")]


def test_a_variant_that_sells_out_makes_room_for_another():
    cheap, _, _ = group("SHIRT", 100, 200, 300)

    shop.sell(cheap, 1)
    data = StockData(product_id=cheap.product_id, group="SHIRT", available=0)
    shop.invoke_index_worker(StockDepleted(data=data))

    assert list_all_skus(max_price="250") == ["SHIRT-200"]
    assert list_all_skus(max_price="150") == ["SHIRT-100"]
    assert list_all_skus(max_price="150", in_stock="true") == []


def test_variants_of_one_price_are_stored_once():
    for size in "SML":
        shop.listed_product(
            f"SHIRT-{size}", price_minor=100, group="SHIRT", options_json={"size": size}
        )

    assert not [item for item in Listing.scan() if item.partition.startswith("price#")]
    assert list_all_skus(min_price="100") == ["SHIRT-S"]


def test_another_price_is_in_no_list_by_name_or_date():
    group("SHIRT", 100, 300)

    for sort in ("newest", "name"):
        assert list_all_skus(sort=sort, limit="1") == ["SHIRT-100"]


def test_a_group_of_many_prices_has_a_bounded_number_of_listings():
    tags = [f"tag{number}" for number in range(20)]
    products = [
        shop.product(f"SHIRT-{price}", price_minor=price, category="a/b/c/d/e/f/g/h", tags=tags)
        for price in range(100, 130)
    ]
    available = {product.product_id: 1 for product in products}

    listings = build_listings(CatalogEntry("grp#SHIRT", products, available))

    assert len(listings) == PARTITIONS_MAX
    assert {"price#129#category#a", "price#110#category#a/b/c"} <= set(listings)


PRICES = st.dictionaries(st.integers(0, 12), st.booleans(), min_size=1, max_size=6)


@given(PRICES, st.integers(0, 12), st.integers(0, 12), st.booleans())
def test_every_range_shows_the_price_that_the_rule_says(prices, one, other, in_stock):
    low, high = sorted((one, other))
    now = clock.utc_now()
    variants = [
        Product(f"prd_{price}", price_minor=price, created_at=now, stock_shards=1)
        for price in prices
    ]
    available = {f"prd_{price}": int(is_stocked) for price, is_stocked in prices.items()}

    shown = [
        step.amount_minor
        for step in list_price_steps(variants, available)
        if low <= step.amount_minor <= high
        and (step.is_stocked or not in_stock)
        and is_shown_price(price_key(step.amount_minor, "grp#A", step.below, step.above), low, high)
    ]

    expected = shown_price(prices, low, high, in_stock)
    assert shown == ([] if expected is None else [expected])


def test_pages_of_groups_are_in_order_and_complete():
    chance = random.Random(7)  # noqa: S311
    groups = {
        f"G{number}": {price: chance.random() < 0.6 for price in chance.sample(range(1, 30), 4)}
        for number in range(6)
    }
    for name, prices in groups.items():
        for price, is_stocked in prices.items():
            group(name, price, available=int(is_stocked))

    for low, high, in_stock in [(0, 30, False), (5, 20, False), (10, 25, True), (15, 16, False)]:
        expected = sorted(
            (shown, name)
            for name, prices in groups.items()
            if (shown := shown_price(prices, low, high, in_stock)) is not None
        )
        query = {"min_price": str(low), "max_price": str(high)}
        query |= {"in_stock": "true"} if in_stock else {}
        skus = [f"{name}-{price}" for price, name in expected]
        for limit in ("1", "3", "20"):
            assert list_all_skus(**query, limit=limit) == skus
            assert list_all_skus(**query, limit=limit, sort="price_desc") == skus[::-1]


def shown_price(prices: dict[int, bool], low: int, high: int, in_stock: bool) -> int | None:
    stocked = [price for price, is_stocked in prices.items() if is_stocked and low <= price <= high]
    fitting = [price for price in prices if low <= price <= high]
    return min(stocked or ([] if in_stock else fitting), default=None)


@pytest.mark.parametrize(
    ("query", "queries"),
    [({"category": "clothes", "min_price": "150"}, 1), ({"min_price": "150"}, SHOP_SHARDS)],
)
def test_a_page_of_a_price_range_costs_what_every_page_costs(query, queries):
    for number in range(5):
        group(f"S{number}", 100, 200, 300, category="clothes")

    with record_calls() as calls:
        answer = list_products(**query, limit="20")

    assert skus_in(answer) == [f"S{number}-200" for number in range(5)]
    assert [call.operation for call in calls] == ["Query"] * queries + ["BatchGetItem"]


def test_a_page_reads_once_more_where_other_prices_fill_it():
    for number in range(6):
        group(f"S{number}", *range(100 + number, 1000, 100), category="clothes")

    with record_calls() as calls:
        answer = list_products(category="clothes", sort="price_asc", limit="4")

    assert skus_in(answer) == [f"S{number}-{100 + number}" for number in range(4)]
    assert [call.operation for call in calls].count("Query") == 1
    with record_calls() as calls:
        last = list_products(category="clothes", sort="price_desc", limit="4", min_price="300")
    assert [call.operation for call in calls].count("Query") == 2
    assert last.body["next_cursor"] is not None


def test_a_key_of_the_last_release_is_always_shown():
    assert price_key(100, "grp#A") == "0000000000100#grp#A"
    assert is_shown_price("0000000000100#grp#A", 0, 100)
    assert is_shown_price(price_key(300, "grp#A", 100, None), 101, 300)
    assert not is_shown_price(price_key(300, "grp#A", 100, None), 100, 300)
    assert not is_shown_price(price_key(300, "grp#A", None, 400), 300, 400)
