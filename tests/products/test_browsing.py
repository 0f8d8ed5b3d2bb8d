"""Browsing the catalog: newest first, page by page, at a cost that does not grow with it."""

import pytest

from products.handler import handler
from shared.dynamo import connection
from tests.support import shop
from tests.support.http import NOBODY, Answer, send

pytestmark = pytest.mark.usefixtures("aws")


def browse(**query) -> Answer:
    return send(handler, "products.list", caller=NOBODY, query=query)


def skus(answer) -> list[str]:
    return [product["sku"] for product in answer.body["items"]]


def followed(**query) -> list[str]:
    """All SKUs from the first page to the last."""
    page = browse(**query)
    found = skus(page)
    while page.body["next_cursor"]:
        page = browse(**query, cursor=page.body["next_cursor"])
        found += skus(page)
    return found


def test_the_newest_product_comes_first_with_its_stock():
    shop.product("OLD", available=1)
    shop.product("NEW", available=2)

    answer = browse()

    assert answer.status == 200
    assert [(item["sku"], item["available"]) for item in answer.body["items"]] == [
        ("NEW", 2),
        ("OLD", 1),
    ]
    assert answer.body["next_cursor"] is None


def test_an_empty_shop_is_an_empty_page():
    assert browse().body == {"items": [], "next_cursor": None}


def test_a_product_without_stock_is_listed_as_such():
    shop.product("TEA")

    assert browse().body["items"][0]["available"] == 0


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_following_the_cursor_shows_each_product_once(limit):
    made = [shop.product(f"SKU-{n}").sku for n in range(7)]

    assert followed(limit=str(limit)) == made[::-1]


def test_products_created_while_paging_do_not_disturb_the_pages_that_follow():
    made = [shop.product(f"SKU-{n}").sku for n in range(4)]
    first = browse(limit="2")
    shop.product("LATER")

    second = browse(limit="2", cursor=first.body["next_cursor"])

    assert skus(first) + skus(second) == made[::-1]


def test_a_category_shows_its_own_products():
    shop.product("TEA", category="kitchen/tea")
    shop.product("POT", category="kitchen/pots")
    shop.product("LOOSE")

    assert skus(browse(category="kitchen/tea")) == ["TEA"]
    assert len(skus(browse())) == 3


def test_a_cursor_belongs_to_the_query_that_gave_it():
    for n in range(3):
        shop.product(f"SKU-{n}", category="tea")
    cursor = browse(limit="2").body["next_cursor"]

    answer = browse(limit="2", category="tea", cursor=cursor)

    assert (answer.status, answer.code) == (400, "invalid_cursor")


@pytest.mark.parametrize("cursor", ["x", "a.b.c", "k1.e30.AAAA", "x" * 2000])
def test_a_made_up_cursor_is_refused(cursor):
    answer = browse(cursor=cursor)

    assert (answer.status, answer.code) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"limit": "0"}, "query.limit"),
        ({"limit": "101"}, "query.limit"),
        ({"limit": "ten"}, "query.limit"),
        ({"category": "Not A Category"}, "query.category"),
        ({"cursor": "x" * 2001}, "query.cursor"),
    ],
)
def test_a_query_that_is_wrong_is_named(query, path):
    answer = browse(**query)

    assert (answer.status, answer.paths) == (422, [path])


def test_a_page_reads_as_many_items_from_a_large_catalog_as_from_a_small_one(items_read):
    for n in range(6):
        shop.product(f"SMALL-{n}")
    small = items_read(lambda: browse(limit="5"))
    for n in range(60):
        shop.product(f"LARGE-{n}")

    large = items_read(lambda: browse(limit="5"))

    assert small == large == 5


@pytest.fixture
def items_read():
    """How many items a call's Queries read, by DynamoDB's own count."""
    counts = []

    def note(parsed, **_):
        counts.append(parsed["ScannedCount"])

    def during(call) -> int:
        counts.clear()
        call()
        return sum(counts)

    hooks = connection().client.meta.events
    hooks.register("after-call.dynamodb.Query", note)
    yield during
    hooks.unregister("after-call.dynamodb.Query", note)
