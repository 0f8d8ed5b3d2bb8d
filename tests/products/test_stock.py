"""Whole slice: stock is counted and adjusted, never sold twice, and each change is on record."""

import json

import pytest

from benchmarks.endpoint import record_calls
from products.handler import handler
from products.stock import repository
from shared.storage import stock as stock_module
from shared.storage.models.catalog import Product, Stock, StockMovement
from tests.support import shop
from tests.support.catalog import (
    adjust_stock,
    call_stock,
    create_product,
    get_product,
    get_staff_product,
    patch_product,
    set_stock,
)
from tests.support.http import ADA, NOBODY, STAFF, Caller, send

pytestmark = pytest.mark.usefixtures("aws")


def held(product_id: str) -> dict:
    return call_stock("get", product_id).body


def movements(product_id: str, **query) -> list[dict]:
    path = {"product_id": product_id}
    answer = send(handler, "products.list_movements", caller=STAFF, path=path, query=query)
    assert answer.status == 200, answer
    return answer.body["items"]


def after_reading(monkeypatch, act) -> None:
    """Have something happen between the first look at the stock and the write."""
    real, turns = repository.known, iter([True])

    def known(product_id):
        read = real(product_id)
        if next(turns, False):
            act()
        return read

    monkeypatch.setattr(repository, "known", known)


def test_stock_is_set_to_what_was_counted():
    tea = shop.product("TEA")

    first = set_stock(tea.product_id, 10, if_match='"0"')
    second = set_stock(tea.product_id, 7, if_match=first.headers["ETag"])

    assert first.body == {
        "product_id": tea.product_id,
        "available": 10,
        "allocated": 0,
        "version": 1,
    }
    assert (second.body["available"], second.body["version"]) == (7, 2)
    assert get_product(tea.product_id).body["available"] == 7


def test_a_count_made_upon_what_was_sold_since_is_refused():
    tea = shop.product("TEA", available=10)
    seen = call_stock("get", tea.product_id).headers["ETag"]
    shop.sell(tea, 2)

    answer = set_stock(tea.product_id, 10, if_match=seen)

    assert (answer.status, answer.code) == (412, "stale_version")
    assert answer.error["details"] == {"current_version": 2}
    assert (shop.available(tea), movements(tea.product_id)) == (8, [])


def test_a_count_must_say_what_it_was_made_upon():
    tea = shop.product("TEA", available=3)

    answer = set_stock(tea.product_id, 10, if_match=None)

    assert (answer.status, answer.code) == (428, "if_match_required")
    assert shop.available(tea) == 3


def test_a_count_of_this_moment_takes_off_what_is_sold_at_this_moment(monkeypatch):
    tea = shop.product("TEA", available=10)
    after_reading(monkeypatch, lambda: shop.sell(tea, 2))  # a customer, just now

    answer = set_stock(tea.product_id, 15, if_match="*")

    assert (answer.status, answer.body["available"]) == (200, 13)


def test_who_has_the_stock_already_is_not_sent_it_again():
    tea = shop.product("TEA", available=3)
    etag = call_stock("get", tea.product_id).headers["ETag"]

    answer = call_stock("get", tea.product_id, if_none_match=etag)

    assert (answer.status, answer.body) == (304, "")


@pytest.mark.parametrize("available", [-1, 10**9 + 1, 1.5, "5", None, True])
def test_a_count_is_a_whole_number_of_units(available):
    tea = shop.product("TEA", available=3)

    answer = set_stock(tea.product_id, available)

    assert (answer.status, answer.paths) == (422, ["body.available"])
    assert shop.available(tea) == 3


@pytest.mark.parametrize("change", [0, 1.5, "5", None, True, 10**9 + 1, -(10**9) - 1])
def test_an_adjustment_is_a_whole_number_of_units_other_than_none(change):
    tea = shop.product("TEA", available=3)

    answer = adjust_stock(tea.product_id, change)

    assert (answer.status, answer.paths) == (422, ["body.change"])
    assert (shop.available(tea), StockMovement.count()) == (3, 0)


def test_there_are_never_more_than_can_be_counted():
    tea = shop.product("TEA", available=10**9)

    answer = adjust_stock(tea.product_id, 1)

    assert (answer.status, answer.paths) == (422, ["body.change"])


@pytest.mark.parametrize(
    "ask",
    [
        lambda: set_stock("prd_unknown", 5),
        lambda: adjust_stock("prd_unknown", 5),
        lambda: call_stock("get", "prd_unknown"),
        lambda: call_stock("movements", "prd_unknown"),
    ],
)
def test_an_unknown_product_has_no_stock(ask):
    answer = ask()

    assert (answer.status, answer.code) == (404, "product_not_found")
    assert (Stock.count(), StockMovement.count()) == (0, 0)


@pytest.mark.parametrize(("caller", "status"), [(NOBODY, 401), (ADA, 403)])
def test_stock_is_for_staff(caller, status):
    tea = shop.product("TEA", available=3)

    for how in ("get", "movements"):
        assert call_stock(how, tea.product_id, caller=caller).status == status
    assert adjust_stock(tea.product_id, 1, caller=caller).status == status
    assert shop.available(tea) == 3


def test_an_adjustment_adds_and_takes():
    tea = shop.product("TEA", available=10)

    more = adjust_stock(tea.product_id, 5, key="one")
    fewer = adjust_stock(tea.product_id, -12, key="two")

    assert (more.body["available"], more.headers["Idempotency-Replayed"]) == (15, "false")
    assert fewer.body["available"] == 3


def test_an_adjustment_takes_no_more_than_there_is():
    tea = shop.product("TEA", available=3)

    answer = adjust_stock(tea.product_id, -4)

    assert (answer.status, answer.code) == (409, "insufficient_stock")
    assert answer.error["details"] == {"available": 3, "change": -4}
    assert (shop.available(tea), StockMovement.count()) == (3, 0)


def test_an_adjustment_that_is_sent_again_changes_nothing_more():
    tea = shop.product("TEA", available=10)
    adjust_stock(tea.product_id, -4)
    shop.sell(tea, 1)

    again = adjust_stock(tea.product_id, -4)

    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert (again.body["available"], len(movements(tea.product_id))) == (5, 1)


def test_it_is_answered_as_before_though_it_could_not_be_made_now():
    tea = shop.product("TEA", available=4)
    adjust_stock(tea.product_id, -4)

    again = adjust_stock(tea.product_id, -4)

    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")


def test_a_key_stands_for_one_adjustment():
    tea = shop.product("TEA", available=10)
    adjust_stock(tea.product_id, -4)

    answer = adjust_stock(tea.product_id, -5)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert shop.available(tea) == 6


def test_a_key_is_of_its_product_and_its_user():
    tea, pot = shop.product("TEA", available=10), shop.product("POT", available=10)

    for product, caller in ((tea, STAFF), (pot, STAFF), (tea, Caller("usr_x", "customer staff"))):
        assert adjust_stock(product.product_id, -1, caller=caller).status == 200

    assert (shop.available(tea), shop.available(pot)) == (8, 9)


def test_an_adjustment_that_was_refused_leaves_its_key_free():
    tea = shop.product("TEA", available=3)
    adjust_stock(tea.product_id, -4)
    set_stock(tea.product_id, 9)

    assert adjust_stock(tea.product_id, -4).body["available"] == 5


def test_an_adjustment_needs_a_key_and_no_version():
    tea = shop.product("TEA", available=3)

    answer = call_stock("adjust", tea.product_id, {"change": 1}, idempotency_key=None)

    assert (answer.status, answer.code) == (400, "idempotency_key_required")


def test_a_version_that_is_given_counts():
    tea = shop.product("TEA", available=3)
    seen = call_stock("get", tea.product_id).headers["ETag"]
    shop.sell(tea, 1)

    stale = adjust_stock(tea.product_id, 1, if_match=seen)
    fresh = adjust_stock(tea.product_id, 1, if_match='"2"')

    assert (stale.status, stale.error["details"]) == (412, {"current_version": 2})
    assert (fresh.status, fresh.body["available"]) == (200, 3)


def test_each_change_is_a_movement_with_its_reason():
    tea = shop.product("TEA")
    call_stock("set", tea.product_id, {"available": 9, "reason": "delivery"}, if_match="*")
    adjust_stock(tea.product_id, -2)
    set_stock(tea.product_id, 7)

    third, second, first = movements(tea.product_id)

    assert (first["kind"], first["change"], first["reason"]) == ("count", 9, "delivery")
    assert (second["kind"], second["change"], second["reason"]) == ("adjustment", -2, "broken")
    assert (third["kind"], third["change"], third["reason"]) == ("count", 0, "count")
    assert {it["by"] for it in (first, second, third)} == {STAFF.user_id}


def test_movements_are_followed_page_by_page():
    tea = shop.product("TEA", available=0)
    for n in range(5):
        adjust_stock(tea.product_id, n + 1, key=str(n))
    path = {"product_id": tea.product_id}
    found, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = send(handler, "products.list_movements", caller=STAFF, path=path, query=query).body
        found += [it["change"] for it in page["items"]]
        if not (cursor := page["next_cursor"]):
            break

    assert found == [5, 4, 3, 2, 1]


def test_movements_explain_what_there_is():
    tea = shop.product("TEA")
    set_stock(tea.product_id, 20)
    shop.sell(tea, 3)
    adjust_stock(tea.product_id, -2)
    set_stock(tea.product_id, 30)

    moved = sum(it["change"] for it in movements(tea.product_id))

    assert (moved - 3, held(tea.product_id)["allocated"]) == (shop.available(tea), 3)


def split(available: int, number: int) -> Product:
    tea = shop.product("TEA", available=available)
    assert patch_product(tea.product_id, {"stock_shards": number}).status == 200
    return tea


def in_shards(product: Product) -> list[int]:
    known = stock_module.get_stock(Product.get(product.product_id)).shards
    return [shard.available for shard in known]


@pytest.mark.parametrize(
    ("available", "number", "expected"),
    [(10, 4, [3, 3, 2, 2]), (2, 4, [1, 1, 0, 0]), (0, 3, [0, 0, 0]), (7, 1, [7])],
)
def test_stock_is_split_evenly(available, number, expected):
    tea = split(available, number)

    assert in_shards(tea) == expected
    assert held(tea.product_id)["available"] == available


@pytest.mark.parametrize("number", [1, 2, 3, 7, 16])
def test_splitting_anew_loses_and_makes_nothing(number):
    tea = split(50, 5)
    shop.sell(tea, 12)
    before = held(tea.product_id)

    patch_product(tea.product_id, {"stock_shards": number})

    after = held(tea.product_id)
    assert (after["available"], after["allocated"]) == (38, 12)
    assert after["version"] > before["version"] or number == 5
    assert len(in_shards(tea)) == number


def test_stock_that_was_never_set_can_be_split():
    tea = create_product(stock_shards=4)

    answer = set_stock(tea["id"], 10, if_match='"0"')

    assert (answer.status, answer.body["available"]) == (200, 10)
    assert get_staff_product(tea["id"]).body["stock_shards"] == 4


def test_a_sale_while_the_stock_is_split_is_not_lost(monkeypatch):
    tea = shop.product("TEA", available=10)
    real, turns = stock_module.get_stocks, iter([True])

    def read(of):
        found = real(of)
        if next(turns, False):
            shop.sell(tea, 3)
        return found

    monkeypatch.setattr(stock_module, "get_stocks", read)

    assert patch_product(tea.product_id, {"stock_shards": 4}).status == 200
    assert shop.available(tea) == 7


def test_split_stock_is_counted_adjusted_and_shown_as_one():
    tea = split(10, 4)

    counted = set_stock(tea.product_id, 21)
    fewer = adjust_stock(tea.product_id, -20)

    assert (counted.body["available"], fewer.body["available"]) == (21, 1)
    assert get_product(tea.product_id).body["available"] == 1
    assert min(in_shards(tea)) >= 0


def test_a_count_of_split_stock_is_stale_after_a_sale_from_any_shard():
    tea = split(10, 4)
    seen = call_stock("get", tea.product_id).headers["ETag"]
    shop.sell(tea, 1)

    assert set_stock(tea.product_id, 10, if_match=seen).status == 412


@pytest.mark.parametrize("now", [1, 2, 8, 16])
@pytest.mark.parametrize("how", ["adjust", "count", "count of this moment"])
def test_units_that_come_in_while_the_stock_is_split_anew_are_in_sight(monkeypatch, how, now):
    tea = split(10, 4)
    seen = call_stock("get", tea.product_id).headers["ETag"]
    after_reading(monkeypatch, lambda: patch_product(tea.product_id, {"stock_shards": now}))

    answer = {
        "adjust": lambda: adjust_stock(tea.product_id, 8),
        "count": lambda: set_stock(tea.product_id, 18, if_match=seen),
        "count of this moment": lambda: set_stock(tea.product_id, 18),
    }[how]()

    assert answer.status == (412 if how == "count" else 200)
    expected = 10 if how == "count" else 18
    assert held(tea.product_id)["available"] == expected
    assert sum(it.available for it in Stock.scan()) == expected
    assert patch_product(tea.product_id, {"stock_shards": 5}).status == 200
    assert held(tea.product_id)["available"] == expected


def test_the_first_count_is_in_sight_though_the_stock_is_split_at_the_same_time(monkeypatch):
    tea = create_product(stock_shards=4)
    after_reading(monkeypatch, lambda: patch_product(tea["id"], {"stock_shards": 1}))

    answer = set_stock(tea["id"], 100, if_match='"0"')

    assert (answer.status, held(tea["id"])["available"]) == (200, 100)


def test_a_count_is_not_made_upon_two_halves_of_another(monkeypatch):
    """Shards are not read in one instant."""
    tea = split(20, 2)
    real, turns = stock_module.get_stocks, iter([True])

    def read(of):
        found = real(of)
        if next(turns, False):
            before = found[tea.product_id].shards[0]
            set_stock(tea.product_id, 40)
            later = real(of)[tea.product_id].shards[1]
            found[tea.product_id] = stock_module.StockSnapshot(tea.product_id, (before, later))
        return found

    monkeypatch.setattr(stock_module, "get_stocks", read)

    answer = set_stock(tea.product_id, 100)

    assert (answer.status, answer.body["available"]) == (200, 100)
    assert sum(it["change"] for it in movements(tea.product_id)) == 80


def test_what_is_sold_while_an_adjustment_takes_it_is_not_taken_twice(monkeypatch):
    tea = shop.product("TEA", available=5)
    after_reading(monkeypatch, lambda: shop.sell(tea, 3))

    answer = adjust_stock(tea.product_id, -4)

    assert (answer.status, answer.code) == (409, "insufficient_stock")
    assert shop.available(tea) == 2


def test_an_adjustment_of_a_version_is_stale_after_a_sale_in_the_same_instant(monkeypatch):
    tea = shop.product("TEA", available=5)
    seen = call_stock("get", tea.product_id).headers["ETag"]
    after_reading(monkeypatch, lambda: shop.sell(tea, 3))

    answer = adjust_stock(tea.product_id, 4, if_match=seen)

    assert (answer.status, shop.available(tea)) == (412, 2)


def test_movements_are_read_as_they_are_now():
    tea = shop.product("TEA", available=5)

    with record_calls() as calls:
        movements(tea.product_id)

    (query,) = [json.loads(call.body) for call in calls if call.operation == "Query"]
    assert query["ConsistentRead"] is True
