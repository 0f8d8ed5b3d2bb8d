"""The browse cache: answers are cached for a limited time, and an edit clears them."""

import pytest

from benchmarks.endpoint import record_calls
from products.handler import handler
from tests.support import shop
from tests.support.catalog import (
    adjust_stock,
    call_stock,
    edit_product,
    get_product,
    get_staff_product,
    patch_product,
    post_product,
    set_stock,
)
from tests.support.http import NOBODY, Answer, send
from tests.support.logs import captured

pytestmark = pytest.mark.usefixtures("aws")

TTL = 30  # seconds; BROWSE_CACHE_SECONDS of the tests and of the template


def listed(**query) -> Answer:
    """A page of the list, from the cache if it has one."""
    return send(handler, "products.list", caller=NOBODY, query=query)


def search(q: str = "tea") -> Answer:
    return send(handler, "products.search", caller=NOBODY, query={"q": q})


@pytest.mark.parametrize("name", ["get", "list", "search"])
def test_a_repeated_request_makes_no_aws_call(name):
    tea = shop.listed_product("TEA", name="tea", available=3)
    ask = {"get": lambda: get_product(tea.product_id), "list": listed, "search": search}[name]
    first = ask()

    with record_calls() as calls:
        second = ask()

    assert calls == []
    assert (second.body, second.headers["ETag"]) == (first.body, first.headers["ETag"])


@pytest.mark.usefixtures("cache_clock")
def test_each_query_has_its_own_cache_entry():
    for n in range(3):
        shop.listed_product(f"SKU-{n}", category="tea" if n else "pots", price_minor=100 + n)
    listed(limit="1")

    assert len(listed(limit="2").body["items"]) == 2
    assert len(listed(limit="2", category="pots").body["items"]) == 1
    assert listed(limit="1", sort="price_asc").body["items"][0]["sku"] == "SKU-0"


@pytest.mark.parametrize(("later", "shown"), [(TTL - 0.1, 5), (TTL, 4), (TTL + 1, 4)])
def test_a_sale_elsewhere_is_visible_within_the_time_limit(cache_clock, later, shown):
    tea = shop.listed_product("TEA", available=5)
    get_product(tea.product_id)
    listed()
    shop.sell(tea, 1)

    cache_clock.seconds += later

    assert get_product(tea.product_id).body["available"] == shown
    assert listed().body["items"][0]["available"] == shown


@pytest.mark.parametrize(("age", "max_age"), [(0, 30), (12, 18), (29.5, 0)])
def test_max_age_is_the_time_left_in_this_cache(cache_clock, age, max_age):
    """So the limit holds for a browser behind a CDN behind this instance too."""
    tea = shop.listed_product("TEA")
    get_product(tea.product_id)
    listed()

    cache_clock.seconds += age

    for answer in (get_product(tea.product_id), listed()):
        assert answer.headers["Cache-Control"] == f"public, max-age={max_age}"


def test_an_edit_is_visible_at_once_on_the_same_instance():
    tea = shop.listed_product("TEA", available=3)
    pot = shop.listed_product("POT", available=3)
    edits = [
        lambda: patch_product(tea.product_id, {"name": "Sencha"}),
        lambda: set_stock(tea.product_id, 9),
        lambda: adjust_stock(tea.product_id, -1),
    ]

    for act in edits:
        before = get_product(tea.product_id).body, listed().body
        act()
        assert get_product(tea.product_id).body != before[0]
        assert listed().body != before[1]
    edit_product("archive", pot.product_id)

    assert get_product(tea.product_id).body["name"] == "Sencha"
    assert (get_product(tea.product_id).body["available"], get_product(pot.product_id).status) == (
        8,
        404,
    )
    assert [product["sku"] for product in listed().body["items"]] == ["TEA"]


def test_staff_routes_never_answer_from_a_cache(cache_clock):
    tea = shop.listed_product("TEA", available=5)
    get_staff_product(tea.product_id)
    call_stock("get", tea.product_id)
    shop.sell(tea, 1)

    cache_clock.seconds += 0.001

    for answer in (get_staff_product(tea.product_id), call_stock("get", tea.product_id)):
        assert answer.body["available"] == 4
        assert answer.headers["Cache-Control"] == "no-store"


def test_an_unchanged_page_is_not_modified(cache_clock):
    tea = shop.listed_product("TEA", available=5)
    etag = listed().headers["ETag"]
    cache_clock.seconds += TTL

    same = send(handler, "products.list", caller=NOBODY, query={}, headers={"if-none-match": etag})
    shop.sell(tea, 1)
    cache_clock.seconds += TTL
    other = send(handler, "products.list", caller=NOBODY, query={}, headers={"if-none-match": etag})

    assert (same.status, same.body, same.headers["Cache-Control"]) == (
        304,
        "",
        "public, max-age=30",
    )
    assert (other.status, other.body["items"][0]["available"]) == (200, 4)


@pytest.mark.parametrize("name", ["products.list", "products.search"])
def test_a_page_with_a_cursor_keeps_its_etag(cache_clock, name):
    for n in range(3):
        shop.listed_product(f"TEA-{n}", name="tea")
    query = {"limit": "2", "q": "tea"} if name == "products.search" else {"limit": "2"}
    first = send(handler, name, caller=NOBODY, query=query)
    cache_clock.seconds += TTL

    again = send(
        handler, name, caller=NOBODY, query=query, headers={"if-none-match": first.headers["ETag"]}
    )

    assert first.body["next_cursor"] is not None
    assert (again.status, again.headers["Vary"]) == (304, "Origin")


def test_a_missing_product_is_not_cached():
    missing = get_product("prd_pjveaookjdmxcwbfpikr7ype3gxdjqed")

    made = post_product(sku="TEA")

    assert (missing.status, missing.headers["Cache-Control"]) == (404, "no-store")
    assert get_product(made.body["id"]).status == 200


def test_the_request_log_has_cache_hits_and_misses():
    tea = shop.listed_product("TEA")

    with captured() as lines:
        get_product(tea.product_id)
        get_product(tea.product_id)
        get_staff_product(tea.product_id)

    assert [line.get("cache") for line in lines.saying("request")] == ["miss", "hit", None]
