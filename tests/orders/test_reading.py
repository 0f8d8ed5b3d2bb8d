"""Buyers read and list their own orders, newest first, page by page."""

import pytest

from orders.handler import handler
from tests.support import shop
from tests.support.http import ADA, BOB, NOBODY, STAFF, send

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def placed():
    tea = shop.product("TEA", available=100)

    def place(key, caller=ADA):
        lines = [{"product_id": tea.product_id, "quantity": 1}]
        answer = send(
            handler,
            "orders.place",
            caller=caller,
            headers={"idempotency-key": key},
            body={"lines": lines, "shipping_address": shop.ADDRESS},
        )
        return answer.body

    return place


def get(order_id, caller):
    return send(handler, "orders.get", caller=caller, path={"order_id": order_id})


def listed(caller=ADA, **query):
    return send(handler, "orders.list", caller=caller, query=query)


@pytest.mark.parametrize("caller", [ADA, STAFF], ids=["buyer", "staff"])
def test_buyer_and_staff_read_an_order(caller, placed):
    order = placed("key-1")

    answer = get(order["id"], caller)

    assert (answer.status, answer.body) == (200, order)


def test_another_buyers_order_looks_like_a_missing_one(placed):
    theirs = get(placed("key-1")["id"], BOB)
    missing = get("ord_missing", BOB)

    assert theirs.status == missing.status == 404
    assert theirs.error | {"request_id": ""} == missing.error | {"request_id": ""}


def test_reading_orders_needs_a_token(placed):
    order = placed("key-1")

    assert get(order["id"], NOBODY).status == 401
    assert listed(NOBODY).status == 401


def test_buyers_list_only_their_own_orders_newest_first(placed):
    mine = [placed(f"key-{n}")["id"] for n in range(3)]
    placed("key-of-bob", BOB)

    answer = listed(limit="10")

    assert [order["id"] for order in answer.body["items"]] == mine[::-1]
    assert answer.body["next_cursor"] is None


def test_following_the_cursor_shows_each_order_once(placed):
    mine = [placed(f"key-{n}")["id"] for n in range(5)]

    seen, cursor = [], None
    while True:
        page = listed(limit="2", **({"cursor": cursor} if cursor else {})).body
        seen += [order["id"] for order in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == mine[::-1]


def test_a_cursor_of_another_buyer_is_refused(placed):
    for n in range(3):
        placed(f"key-{n}")
    cursor = listed(limit="2").body["next_cursor"]

    answer = listed(BOB, limit="2", cursor=cursor)

    assert (answer.status, answer.code) == (400, "cursor_user_mismatch")


def test_a_tampered_cursor_is_refused(placed):
    for n in range(3):
        placed(f"key-{n}")
    kid, payload, mac = listed(limit="2").body["next_cursor"].split(".")

    answer = listed(limit="2", cursor=f"{kid}.{payload[:-4]}AAAA.{mac}")

    assert (answer.status, answer.code) == (400, "invalid_cursor")


@pytest.mark.parametrize("limit", ["0", "51", "101", "-1", "many", "1.5"])
def test_a_page_has_1_to_50_orders(limit):
    answer = listed(limit=limit)

    assert (answer.status, answer.paths) == (422, ["query.limit"])


def test_an_id_longer_than_any_key_is_404():
    assert get("x" * 2049, ADA).status == 404
