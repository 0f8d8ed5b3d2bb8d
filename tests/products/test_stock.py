"""Stock: staff set and adjust it, no unit is sold twice, and each change is a movement."""

import json

import pytest

from benchmarks.endpoint import record_calls
from products.handler import handler
from shared.storage.models.catalog import Stock, StockMovement
from tests.support import shop
from tests.support.catalog import adjust_stock, call_stock, get_product, set_stock
from tests.support.http import ADA, NOBODY, STAFF, Caller, send

pytestmark = pytest.mark.usefixtures("aws")


def stock_of(product_id: str) -> dict:
    return call_stock("get", product_id).body


def movements(product_id: str, **query) -> list[dict]:
    path = {"product_id": product_id}
    answer = send(handler, "products.list_movements", caller=STAFF, path=path, query=query)
    assert answer.status == 200, answer
    return answer.body["items"]


def test_staff_set_the_stock_to_their_count():
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


def test_a_count_is_refused_after_a_sale():
    tea = shop.product("TEA", available=10)
    seen = call_stock("get", tea.product_id).headers["ETag"]
    shop.sell(tea, 2)

    answer = set_stock(tea.product_id, 10, if_match=seen)

    assert (answer.status, answer.code) == (412, "stale_version")
    assert answer.error["details"] == {"current_version": 2}
    assert (shop.available(tea), movements(tea.product_id)) == (8, [])


def test_a_count_needs_if_match():
    tea = shop.product("TEA", available=3)

    answer = set_stock(tea.product_id, 10, if_match=None)

    assert (answer.status, answer.code) == (428, "if_match_required")
    assert shop.available(tea) == 3


def test_a_count_with_star_subtracts_concurrent_sales(after_reading):
    tea = shop.product("TEA", available=10)
    after_reading(lambda: shop.sell(tea, 2))

    answer = set_stock(tea.product_id, 15, if_match="*")

    assert (answer.status, answer.body["available"]) == (200, 13)


def test_unchanged_stock_is_not_modified():
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
def test_an_adjustment_is_a_whole_number_but_not_zero(change):
    tea = shop.product("TEA", available=3)

    answer = adjust_stock(tea.product_id, change)

    assert (answer.status, answer.paths) == (422, ["body.change"])
    assert (shop.available(tea), StockMovement.count()) == (3, 0)


def test_an_adjustment_cannot_exceed_the_largest_stock():
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
def test_only_staff_can_see_and_change_stock(caller, status):
    tea = shop.product("TEA", available=3)

    for how in ("get", "movements"):
        assert call_stock(how, tea.product_id, caller=caller).status == status
    assert adjust_stock(tea.product_id, 1, caller=caller).status == status
    assert shop.available(tea) == 3


def test_an_adjustment_adds_or_removes_units():
    tea = shop.product("TEA", available=10)

    more = adjust_stock(tea.product_id, 5, key="one")
    fewer = adjust_stock(tea.product_id, -12, key="two")

    assert (more.body["available"], more.headers["Idempotency-Replayed"]) == (15, "false")
    assert fewer.body["available"] == 3


def test_an_adjustment_cannot_remove_more_than_available():
    tea = shop.product("TEA", available=3)

    answer = adjust_stock(tea.product_id, -4)

    assert (answer.status, answer.code) == (409, "insufficient_stock")
    assert answer.error["details"] == {"available": 3, "change": -4}
    assert (shop.available(tea), StockMovement.count()) == (3, 0)


def test_a_repeated_adjustment_changes_nothing_more():
    tea = shop.product("TEA", available=10)
    adjust_stock(tea.product_id, -4)
    shop.sell(tea, 1)

    again = adjust_stock(tea.product_id, -4)

    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert (again.body["available"], len(movements(tea.product_id))) == (5, 1)


def test_a_repeated_adjustment_succeeds_without_stock():
    tea = shop.product("TEA", available=4)
    adjust_stock(tea.product_id, -4)

    again = adjust_stock(tea.product_id, -4)

    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")


def test_an_idempotency_key_is_for_one_adjustment():
    tea = shop.product("TEA", available=10)
    adjust_stock(tea.product_id, -4)

    answer = adjust_stock(tea.product_id, -5)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert shop.available(tea) == 6


def test_a_key_belongs_to_its_product_and_user():
    tea, pot = shop.product("TEA", available=10), shop.product("POT", available=10)

    for product, caller in ((tea, STAFF), (pot, STAFF), (tea, Caller("usr_x", "customer staff"))):
        assert adjust_stock(product.product_id, -1, caller=caller).status == 200

    assert (shop.available(tea), shop.available(pot)) == (8, 9)


def test_a_refused_adjustment_does_not_use_its_key():
    tea = shop.product("TEA", available=3)
    adjust_stock(tea.product_id, -4)
    set_stock(tea.product_id, 9)

    assert adjust_stock(tea.product_id, -4).body["available"] == 5


def test_an_adjustment_needs_an_idempotency_key():
    tea = shop.product("TEA", available=3)

    answer = call_stock("adjust", tea.product_id, {"change": 1}, idempotency_key=None)

    assert (answer.status, answer.code) == (400, "idempotency_key_required")


def test_an_adjustment_checks_if_match_when_sent():
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
    assert {movement["by"] for movement in (first, second, third)} == {STAFF.user_id}


def test_movements_are_listed_page_by_page():
    tea = shop.product("TEA", available=0)
    for n in range(5):
        adjust_stock(tea.product_id, n + 1, key=str(n))
    path = {"product_id": tea.product_id}
    found, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = send(handler, "products.list_movements", caller=STAFF, path=path, query=query).body
        found += [movement["change"] for movement in page["items"]]
        if not (cursor := page["next_cursor"]):
            break

    assert found == [5, 4, 3, 2, 1]


def test_movements_and_sales_explain_the_stock():
    tea = shop.product("TEA")
    set_stock(tea.product_id, 20)
    shop.sell(tea, 3)
    adjust_stock(tea.product_id, -2)
    set_stock(tea.product_id, 30)

    moved = sum(movement["change"] for movement in movements(tea.product_id))

    assert (moved - 3, stock_of(tea.product_id)["allocated"]) == (shop.available(tea), 3)


def test_a_concurrent_sale_and_removal_do_not_overlap(after_reading):
    tea = shop.product("TEA", available=5)
    after_reading(lambda: shop.sell(tea, 3))

    answer = adjust_stock(tea.product_id, -4)

    assert (answer.status, answer.code) == (409, "insufficient_stock")
    assert shop.available(tea) == 2


def test_an_adjustment_with_if_match_fails_after_a_sale(after_reading):
    tea = shop.product("TEA", available=5)
    seen = call_stock("get", tea.product_id).headers["ETag"]
    after_reading(lambda: shop.sell(tea, 3))

    answer = adjust_stock(tea.product_id, 4, if_match=seen)

    assert (answer.status, shop.available(tea)) == (412, 2)


def test_movements_are_read_consistently():
    tea = shop.product("TEA", available=5)

    with record_calls() as calls:
        movements(tea.product_id)

    (query,) = [json.loads(call.body) for call in calls if call.operation == "Query"]
    assert query["ConsistentRead"] is True
