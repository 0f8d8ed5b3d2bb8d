"""Two requests for one cart, the second whole between any two AWS calls of the first."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from shared.storage.dynamo import connection
from shared.storage.models.carts import Cart
from shared.storage.models.orders import Order
from tests.support import shop
from tests.support.aws_calls import on_each_call
from tests.support.carts import (
    empty_cart,
    get_cart,
    guest_send,
    lines_of,
    merge_carts,
    new_guest_cart,
    place_order,
    quantities,
    replace_cart,
    update_cart,
    update_guest_cart,
)
from tests.support.http import Answer
from tests.support.interleaving import interleave

pytestmark = pytest.mark.usefixtures("aws")

PLACES_MAX = 6


@pytest.fixture
def tea():
    return shop.product("tea", available=100)


@pytest.fixture
def cup():
    return shop.product("cup", available=100)


def races(
    first: Callable[[], Answer], second: Callable[[], Answer], prepare: Callable[[], object]
) -> Iterator[tuple[Answer, Answer]]:
    """Both answers of each interleaving, each from a new cart that `prepare` makes."""
    for place in range(1, PLACES_MAX):
        for stored in (*Cart.scan(), *Order.scan()):
            stored.delete()
        prepare()
        found: dict[str, Answer] = {}
        if not interleave(
            partial(answer_into, found, "first", first),
            partial(answer_into, found, "second", second),
            before_call=place,
        ):
            return
        yield found["first"], found["second"]
    raise AssertionError("the first operation has more calls than expected")


def answer_into(found: dict[str, Answer], name: str, request: Callable[[], Answer]) -> None:
    found[name] = request()


def test_two_tabs_add_two_products_and_lose_none(tea, cup):
    for one, other in races(
        lambda: update_cart((tea, 1)), lambda: update_cart((cup, 2)), lambda: None
    ):
        assert (one.status, other.status) == (200, 200)
        assert dict(quantities(get_cart())) == {"tea": 1, "cup": 2}


def test_two_tabs_that_replace_do_not_overwrite_each_other(tea, cup):
    for one, other in races(
        lambda: replace_cart((tea, 5), if_match='"1"'),
        lambda: replace_cart((cup, 5), if_match='"1"'),
        lambda: update_cart((tea, 1)),
    ):
        assert sorted([one.status, other.status]) == [200, 412]
        assert quantities(get_cart()) == ([("cup", 5)] if other.status == 200 else [("tea", 5)])


def test_a_cart_is_ordered_once_by_two_keys(tea):
    for one, other in races(
        lambda: place_order((tea, 2), version=1, key="one"),
        lambda: place_order((tea, 2), version=1, key="two"),
        lambda: update_cart((tea, 2)),
    ):
        assert sorted([one.status, other.status]) == [201, 409]
        assert {one.body.get("error", {}).get("code"), other.body.get("error", {}).get("code")} == {
            None,
            "cart_changed",
        }
        assert Order.count() == 1
        assert get_cart().body["lines"] == []


def test_one_key_at_once_orders_and_empties_once(tea):
    for one, other in races(
        lambda: place_order((tea, 2), version=1),
        lambda: place_order((tea, 2), version=1),
        lambda: update_cart((tea, 2)),
    ):
        assert (one.status, other.status) == (201, 201)
        assert one.body["id"] == other.body["id"]
        assert Order.count() == 1


def test_an_order_and_a_change_never_mix(tea, cup):
    for one, other in races(
        lambda: place_order((tea, 2), version=1),
        lambda: update_cart((cup, 1)),
        lambda: update_cart((tea, 2)),
    ):
        left = dict(quantities(get_cart()))
        assert other.status == 200
        if one.status == 201:
            assert left == {"cup": 1}
        else:
            assert (one.code, left, Order.count()) == ("cart_changed", {"tea": 2, "cup": 1}, 0)


def test_a_change_that_an_order_overtakes_is_made_after_it(tea, cup):
    for one, other in races(
        lambda: update_cart((cup, 1)),
        lambda: place_order((tea, 2), version=1),
        lambda: update_cart((tea, 2)),
    ):
        assert (one.status, other.status) == (200, 201)
        assert quantities(get_cart()) == [("cup", 1)]


def test_two_merges_of_one_cart_move_its_lines_once(tea, cup):
    tokens: list[str] = []

    def prepare():
        tokens.append(new_guest_cart((tea, 3)))
        update_cart((cup, 1))

    for one, other in races(
        lambda: merge_carts(tokens[-1]), lambda: merge_carts(tokens[-1]), prepare
    ):
        assert (one.status, other.status) == (200, 200)
        assert quantities(get_cart()) == [("cup", 1), ("tea", 3)]


def test_a_merge_and_a_change_lose_no_line(tea, cup):
    pot = shop.product("pot", available=5)
    tokens: list[str] = []

    def prepare():
        tokens.append(new_guest_cart((tea, 3)))
        update_cart((cup, 1))

    for one, other in races(
        lambda: merge_carts(tokens[-1]), lambda: update_cart((pot, 1)), prepare
    ):
        assert (one.status, other.status) == (200, 200)
        assert dict(quantities(get_cart())) == {"cup": 1, "tea": 3, "pot": 1}


def test_emptying_meets_a_change_of_the_cart(tea, cup):
    for one, other in races(
        empty_cart, lambda: update_cart((cup, 1)), lambda: update_cart((tea, 2))
    ):
        assert (one.status, other.status) == (204, 200)
        assert get_cart().body["lines"] == []


@pytest.fixture
def _always_overtaken(monkeypatch):
    """Somebody else writes each cart before each write of it."""
    monkeypatch.setattr("shared.retries.pause", lambda _: None)
    units = iter(range(1, 1000))

    def change_carts(operation: str) -> None:
        if operation == "TransactWriteItems":
            for cart in Cart.scan():
                cart.update([Cart.version.add(next(units))])

    with on_each_call("before-call", change_carts, connection().client):
        yield


@pytest.mark.usefixtures("_always_overtaken")
def test_a_cart_that_always_changes_is_a_conflict(tea, cup):
    update_cart((tea, 1))
    token = new_guest_cart((tea, 1))
    lines = {"lines": lines_of((cup, 1))}

    answers = [
        update_cart((cup, 1)),
        replace_cart((cup, 1)),
        empty_cart(),
        merge_carts(token),
        update_guest_cart((cup, 1), token=token),
        guest_send("replace", token, body=lines, if_match="*"),
        guest_send("empty", token),
    ]

    assert [answer.code for answer in answers] == ["concurrent_modification"] * 7
    assert {answer.status for answer in answers} == {409}
