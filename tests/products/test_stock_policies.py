"""The stock policy of a product: what shoppers see of it, and what staff may do."""

import pytest

from products import browse_cache
from products.handler import handler
from shared.storage.models.catalog import Product, ProductGroup, Stock, StockMovement
from shared.storage.models.outbox import OutboxRow
from tests.products.test_stock_levels import announced, watch
from tests.support import catalog, shop
from tests.support.aws_calls import record_calls
from tests.support.catalog import (
    adjust_stock,
    call_stock,
    create_product,
    get_product,
    get_staff_product,
    list_products,
    patch_product,
    post_product,
    set_stock,
    skus_in,
)
from tests.support.events import published_events
from tests.support.http import NOBODY, send
from tests.support.orders import count_units

pytestmark = pytest.mark.usefixtures("aws")


def shown(product: Product) -> tuple[str, int, str]:
    browse_cache.forget()
    body = get_product(product.product_id).body
    return body["stock_policy"], body["available"], body["availability"]


# What is shown


@pytest.mark.parametrize(
    ("policy", "limit", "units", "available", "availability"),
    [
        ("tracked", None, None, 0, "out_of_stock"),
        ("tracked", None, 3, 3, "in_stock"),
        ("tracked", None, -2, 0, "out_of_stock"),
        ("backorder", None, None, 0, "backorder"),
        ("backorder", None, 3, 3, "in_stock"),
        ("backorder", None, -2, 0, "backorder"),
        ("backorder", 3, -2, 0, "backorder"),
        ("backorder", 2, -2, 0, "out_of_stock"),
        ("untracked", None, None, 0, "in_stock"),
        ("untracked", None, 3, 0, "in_stock"),
        ("untracked", None, -2, 0, "in_stock"),
    ],
)
def test_shoppers_see_whether_it_can_be_ordered(policy, limit, units, available, availability):
    tea = shop.listed_product("TEA", available=units, stock_policy=policy, backorder_limit=limit)

    (listed,) = list_products().body["items"]
    (found,) = send(handler, "products.search", caller=NOBODY, query={"q": "tea"}).body["items"]

    assert shown(tea) == (policy, available, availability)
    for each in (listed, found):
        assert (each["available"], each["availability"]) == (available, availability)
        assert each["stock_policy"] == policy
        assert "backorder_limit" not in each
    in_stock = skus_in(list_products(in_stock="true"))
    assert in_stock == ([] if availability == "out_of_stock" else ["TEA"])


def test_staff_see_how_many_units_are_backordered():
    tea = shop.product("TEA", available=1, stock_policy="backorder", backorder_limit=9)
    shop.sell(tea, 4)

    body = get_staff_product(tea.product_id).body

    assert (body["available"], body["allocated"], body["backorder_limit"]) == (-3, 4, 9)
    assert (body["availability"], body["stock_policy"]) == ("backorder", "backorder")
    stock = call_stock("get", tea.product_id).body
    assert (stock["available"], stock["allocated"]) == (-3, 4)


def test_a_new_product_is_tracked():
    body = create_product()

    assert (body["stock_policy"], body["backorder_limit"]) == ("tracked", None)


@pytest.mark.parametrize("policy", ["tracked", "backorder", "untracked"])
def test_a_product_is_created_with_its_policy(policy):
    with record_calls() as calls:
        body = create_product(stock_policy=policy, backorder_limit=5)

    assert (body["stock_policy"], body["backorder_limit"]) == (policy, 5)
    assert (calls, Stock.count()) == (["TransactWriteItems"], 0)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"stock_policy": "deny"}, "unknown_value"),
        ({"stock_policy": "Tracked"}, "unknown_value"),
        ({"stock_policy": 1}, "unknown_value"),
        ({"stock_policy": None}, "unknown_value"),
        ({"backorder_limit": 0}, "too_small"),
        ({"backorder_limit": -1}, "too_small"),
        ({"backorder_limit": 10**9 + 1}, "too_large"),
        ({"backorder_limit": "5"}, "wrong_type"),
        ({"backorder_limit": 1.5}, "not_a_whole_number"),
    ],
)
def test_a_policy_that_does_not_exist_is_refused(bad, code):
    answer = post_product(**bad)

    assert answer.status == 422
    assert [field["code"] for field in answer.error["details"]["fields"]] == [code]


def test_a_product_of_older_code_is_tracked():
    tea = shop.product("TEA", available=2)
    tea.update([Product.stock_policy.remove()])

    assert shown(tea) == ("tracked", 2, "in_stock")
    assert set_stock(tea.product_id, 3).status == 200


def test_a_null_policy_resets_a_patched_product():
    tea = shop.product("TEA", stock_policy="untracked")

    answer = patch_product(tea.product_id, {"stock_policy": None})

    assert answer.body["stock_policy"] == "tracked"


def test_variants_show_their_policy():
    size = {"group": "TEA", "options": {"size": "1"}}
    download = {"sku": "TEA-2", "options": {"size": "2"}, "stock_policy": "untracked"}
    first = create_product(**size)
    second = create_product(**size | download)

    (other,) = get_product(first["id"]).body["variants"]
    assert other["stock_policy"] == "untracked"
    patch_product(second["id"], {"stock_policy": "backorder"})
    browse_cache.forget()
    (other,) = get_product(first["id"]).body["variants"]
    assert other["stock_policy"] == "backorder"


def test_a_variant_of_older_code_is_tracked():
    size = {"group": "TEA", "options": {"size": "1"}}
    first = create_product(**size)
    create_product(sku="TEA-2", **size | {"options": {"size": "2"}})
    ProductGroup("TEA").update([ProductGroup.variants[1].stock_policy.remove()])

    (other,) = get_product(first["id"]).body["variants"]

    assert other["stock_policy"] == "tracked"


def test_a_group_shows_its_cheapest_variant_that_can_be_ordered():
    size = {"group": "TEA", "price_minor": 500}
    shop.product("SOLD", options_json={"size": "1"}, **size)
    for sku, policy, price in (("SONG", "untracked", 700), ("PRE", "backorder", 600)):
        more = {"options_json": {"size": sku}, "stock_policy": policy}
        last = shop.product(sku, **size | {"price_minor": price} | more)
    shop.index_products(last)

    assert skus_in(list_products(in_stock="true")) == ["PRE"]


# Counts


@pytest.mark.parametrize("how", ["set", "adjust"])
def test_stock_that_is_not_counted_cannot_be_set(how):
    song = shop.product("SONG", available=4, stock_policy="untracked")

    answer = (set_stock if how == "set" else adjust_stock)(song.product_id, 2)

    assert (answer.status, answer.code) == (409, "stock_not_tracked")
    assert "stock_policy" in answer.error["message"]
    assert (count_units(song), StockMovement.count()) == ((4, 0), 0)
    assert call_stock("get", song.product_id).body["available"] == 4


@pytest.mark.parametrize("how", ["set", "adjust"])
def test_stock_is_not_set_while_counting_ends(after_reading, how):
    tea = shop.product("TEA", available=4)
    after_reading(lambda: patch_product(tea.product_id, {"stock_policy": "untracked"}))

    answer = (set_stock if how == "set" else adjust_stock)(tea.product_id, 2)

    assert (answer.status, answer.code) == (409, "stock_not_tracked")
    assert count_units(tea) == (4, 0)


def test_a_repeated_adjustment_succeeds_after_counting_ended():
    tea = shop.product("TEA", available=4)
    adjust_stock(tea.product_id, 2)
    patch_product(tea.product_id, {"stock_policy": "untracked"})

    repeated = adjust_stock(tea.product_id, 2)

    assert (repeated.status, repeated.headers["Idempotency-Replayed"]) == (200, "true")
    assert count_units(tea) == (6, 0)


@pytest.mark.parametrize("if_match", ["*", "exact"])
@pytest.mark.parametrize("shards", [1, 3])
def test_a_backorder_can_be_counted_below_zero(shards, if_match):
    tea = shop.product("TEA", stock_policy="backorder", stock_shards=shards)
    shop.sell(tea, 4)
    exact = call_stock("get", tea.product_id).headers["ETag"]

    answer = set_stock(tea.product_id, -2, if_match=exact if if_match == "exact" else "*")

    assert (answer.status, answer.body["available"], answer.body["allocated"]) == (200, -2, 4)
    (movement,) = StockMovement.scan()
    assert movement.change == 2


def test_tracked_stock_is_never_counted_below_zero():
    tea = shop.product("TEA", available=4)

    answer = set_stock(tea.product_id, -1)

    assert (answer.status, answer.code) == (422, "invalid_fields")
    (field,) = answer.error["details"]["fields"]
    assert (field["path"], field["code"]) == ("body.available", "too_small")


@pytest.mark.parametrize("shards", [1, 3])
def test_staff_can_remove_more_than_there_is_of_a_backorder(shards):
    tea = shop.product("TEA", available=2, stock_policy="backorder", backorder_limit=3)
    patch_product(tea.product_id, {"stock_shards": shards})

    answer = adjust_stock(tea.product_id, -9)

    assert (answer.status, answer.body["available"]) == (200, -7)
    assert shown(tea) == ("backorder", 0, "out_of_stock")


def test_no_adjustment_lowers_a_backorder_without_end():
    tea = shop.product("TEA", available=-1, stock_policy="backorder")

    answer = adjust_stock(tea.product_id, -(10**9))

    assert [field["code"] for field in answer.error["details"]["fields"]] == ["too_small"]


def test_what_is_removed_from_tracked_stock_is_there():
    tea = shop.product("TEA", available=-1)

    answer = adjust_stock(tea.product_id, -1)

    assert (answer.status, answer.code) == (409, "insufficient_stock")
    assert answer.error["details"] == {"available": 0, "change": -1}


@pytest.mark.parametrize("shards", [1, 2, 8])
def test_a_reshard_keeps_backorders(shards):
    tea = shop.product("TEA", stock_policy="backorder", stock_shards=4)
    for _ in range(5):
        shop.sell(tea, 2)

    patch_product(tea.product_id, {"stock_shards": shards})

    assert count_units(tea) == (-10, 10)


@pytest.mark.parametrize("edit", [{"name": "Tea"}, {"low_stock_at": 3}])
def test_other_edits_do_not_touch_stock(edit):
    tea = shop.product("TEA", available=-2, stock_policy="backorder")

    with record_calls() as calls:
        patch_product(tea.product_id, edit)

    assert calls == ["GetItem", "TransactWriteItems", "BatchGetItem"]
    assert Stock.get(tea.product_id).backorders_max is None


def test_a_policy_and_shards_and_a_currency_change_at_once():
    tea = shop.product("TEA", available=-2, stock_policy="backorder", stock_shards=2)
    changes = {
        "stock_policy": "tracked",
        "stock_shards": 3,
        "price": {"amount_minor": 900, "currency": "USD"},
    }

    answer = patch_product(tea.product_id, changes)

    assert (answer.status, answer.body["available"]) == (200, -2)
    stamps = {(shard.currency, shard.backorders_max) for shard in Stock.scan()}
    assert stamps == {("USD", 0)}


# Events


def test_a_backorder_is_depleted_and_then_sold_out():
    tea = shop.product("TEA", available=2, stock_policy="backorder", backorder_limit=3)
    watch(tea)
    announced()

    found = []
    for quantity in (2, 2, 1):
        shop.sell(tea, quantity)
        watch(tea)
        found.append(announced())

    assert found == [[("stock.depleted", 0)], [], [("stock.depleted", 0)]]


def test_an_event_says_what_is_backordered_and_available():
    tea = shop.product("TEA", available=1, stock_policy="backorder")
    watch(tea)
    for row in OutboxRow.scan():
        row.delete()
    shop.sell(tea, 3)

    watch(tea)

    (event,) = published_events()
    facts = (event.data.available, event.data.backordered, event.data.availability)
    assert facts == (0, 2, "backorder")


def test_a_sold_out_backorder_can_be_ordered_again():
    tea = shop.product("TEA", available=0, stock_policy="backorder", backorder_limit=3)
    shop.sell(tea, 3)
    watch(tea)
    announced()

    found = []
    for number in range(2):
        adjust_stock(tea.product_id, 2, key=str(number))
        watch(tea)
        found.append(announced())

    assert found == [[("stock.replenished", 0)], [("stock.replenished", 1)]]


def test_the_end_of_backorders_replenishes_nothing():
    tea = shop.product("TEA", available=0, stock_policy="backorder", backorder_limit=3)
    shop.sell(tea, 3)
    watch(tea)
    announced()

    patch_product(tea.product_id, {"stock_policy": "tracked"})
    watch(tea)
    assert announced() == []
    adjust_stock(tea.product_id, 4)
    watch(tea)
    assert announced() == [("stock.replenished", 1)]


def test_stock_that_is_not_counted_is_never_announced():
    song = shop.product("SONG", available=0, stock_policy="untracked", low_stock_at=5)
    Stock(song.product_id).update([Stock.available.set(3)])

    watch(song)

    assert announced() == []


def test_lists_follow_the_limit_of_backorders():
    tea = shop.listed_product("TEA", stock_policy="backorder", backorder_limit=2)
    shop.sell(tea, 2)
    watch(tea)
    shop.index_published_events()

    assert skus_in(list_products(in_stock="true")) == []
    adjust_stock(tea.product_id, 1)
    watch(tea)
    shop.index_published_events()
    assert skus_in(list_products(in_stock="true")) == ["TEA"]


def test_lists_follow_a_change_of_policy():
    tea = shop.listed_product("TEA", available=0)

    found = []
    for policy in ("untracked", "backorder", "tracked"):
        patch_product(tea.product_id, {"stock_policy": policy})
        shop.index_published_events()
        found.append(skus_in(catalog.list_products(in_stock="true")))

    assert found == [["TEA"], ["TEA"], []]
