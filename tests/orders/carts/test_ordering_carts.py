"""An order of a cart empties it in the same transaction, once, or orders nothing."""

import pytest

from orders.handler import handler
from shared import ids
from shared.storage.models.accounts import User
from shared.storage.models.carts import Cart
from shared.storage.models.catalog import Product
from shared.storage.models.orders import Order
from tests.support import pricing, shop
from tests.support.aws_calls import Killed, break_call, record_calls
from tests.support.carts import (
    empty_cart,
    get_cart,
    guest_send,
    new_guest_cart,
    place_guest_order,
    place_order,
    quantities,
    quote_cart,
    replace_cart,
    stored,
    stored_of_guest,
    update_cart,
    update_guest_cart,
)
from tests.support.http import ADA, BOB, send

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def tea() -> Product:
    return shop.product("tea", available=10)


@pytest.fixture
def cup() -> Product:
    return shop.product("cup", available=10)


def test_an_order_empties_the_cart(tea, cup):
    version = update_cart((tea, 2), (cup, 1)).body["version"]

    placed = place_order((tea, 2), (cup, 1), version=version)

    assert placed.status == 201
    assert [(line["sku"], line["quantity"]) for line in placed.body["lines"]] == [
        ("tea", 2),
        ("cup", 1),
    ]
    cart = get_cart().body
    assert (cart["lines"], cart["version"]) == ([], 2)
    assert (shop.available(tea), shop.available(cup)) == (8, 9)


def test_an_order_of_a_cart_costs_two_calls(tea):
    version = update_cart((tea, 2)).body["version"]

    with record_calls() as calls:
        place_order((tea, 2), version=version)

    assert calls == ["BatchGetItem", "TransactWriteItems"]


def test_an_order_without_a_version_leaves_the_cart(tea):
    update_cart((tea, 2))
    body = {"lines": [shop.line(tea, 2)], "shipping_address": shop.ADDRESS, "cart_version": None}

    assert send(handler, "orders.place", body=body).status == 201
    assert quantities(get_cart()) == [("tea", 2)]


CHANGES = {
    "more": lambda: update_cart((tea_of_shop(), 3)),
    "another product": lambda: update_cart((shop.product("pot", available=1), 1)),
    "removed": lambda: update_cart((tea_of_shop(), 0)),
    "emptied": empty_cart,
    "replaced": lambda: replace_cart((shop.product("pot", available=1), 2)),
    "gone": lambda: Cart(ADA.user_id).delete(),
}


def tea_of_shop() -> Product:
    return Product.get(ids.derived_id("prd", "tea"))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_cart_that_changed_is_not_ordered(tea, change):
    version = update_cart((tea, 2)).body["version"]
    change()
    before = stored(ADA.user_id)

    answer = place_order((tea, 2), version=version)

    assert (answer.status, answer.code) == (409, "cart_changed")
    assert answer.error["details"] == {"current_version": 2 if before else 0}
    assert (Order.count(), shop.available(tea)) == (0, 10)
    after = stored(ADA.user_id)
    assert (after and after.serialize()) == (before and before.serialize())


@pytest.mark.parametrize("quantity", [1, 3])
def test_other_lines_than_the_cart_s_are_not_ordered(tea, cup, quantity):
    version = update_cart((tea, 2)).body["version"]

    for lines in ([(tea, quantity)], [(cup, 2)], [(tea, 2), (cup, 1)]):
        assert place_order(*lines, version=version).code == "cart_changed"
    assert Order.count() == 0
    assert quantities(get_cart()) == [("tea", 2)]


def test_the_order_of_the_lines_does_not_matter(tea, cup):
    version = update_cart((tea, 2), (cup, 1)).body["version"]

    assert place_order((cup, 1), (tea, 1), (tea, 1), version=version).status == 201


def test_a_repeated_request_gets_the_first_order(tea):
    version = update_cart((tea, 2)).body["version"]
    first = place_order((tea, 2), version=version)

    again = place_order((tea, 2), version=version)

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body["id"] == first.body["id"]
    assert (Order.count(), shop.available(tea)) == (1, 8)


def test_a_repetition_leaves_a_new_cart_alone(tea, cup):
    version = update_cart((tea, 2)).body["version"]
    first = place_order((tea, 2), version=version)
    update_cart((cup, 1))

    again = place_order((tea, 2), version=version)

    assert (again.status, again.body["id"]) == (201, first.body["id"])
    assert quantities(get_cart()) == [("cup", 1)]


def test_another_key_does_not_order_an_emptied_cart_again(tea):
    version = update_cart((tea, 2)).body["version"]
    place_order((tea, 2), version=version)
    update_cart((tea, 2))

    answer = place_order((tea, 2), version=version, key="key-2")

    assert answer.code == "cart_changed"
    assert (Order.count(), quantities(get_cart())) == (1, [("tea", 2)])


def test_a_key_of_another_request_is_refused_as_before(tea):
    version = update_cart((tea, 2)).body["version"]
    place_order((tea, 2), version=version)

    assert place_order((tea, 1), version=version).code == "idempotency_key_reused"
    assert place_order((tea, 2), version=version + 1).code == "idempotency_key_reused"


@pytest.mark.parametrize("phase", ["before-call", "after-call"])
def test_a_lost_reply_orders_and_empties_once(tea, phase):
    version = update_cart((tea, 2)).body["version"]
    with pytest.raises(Killed), break_call(1, Killed(), phase=phase):
        place_order((tea, 2), version=version)

    answer = place_order((tea, 2), version=version)

    assert answer.status == 201
    assert (Order.count(), shop.available(tea), get_cart().body["lines"]) == (1, 8, [])


def test_a_refused_order_leaves_the_cart(tea):
    version = update_cart((tea, 11)).body["version"]

    assert place_order((tea, 11), version=version).code == "out_of_stock"
    assert quantities(get_cart()) == [("tea", 11)]


def test_a_changed_total_leaves_the_cart(tea):
    version = update_cart((tea, 1)).body["version"]
    total = quote_cart().body["totals"]["total"]
    tea.update([Product.price_minor.set(1100), Product.version.add(1)])
    body = {
        "lines": [shop.line(tea)],
        "shipping_address": shop.ADDRESS,
        "cart_version": version,
        "quoted_total": total,
    }

    assert send(handler, "orders.place", body=body).code == "total_changed"
    assert quantities(get_cart()) == [("tea", 1)]


def test_another_account_s_cart_is_not_ordered(tea):
    version = update_cart((tea, 2)).body["version"]

    assert place_order((tea, 2), version=version, caller=BOB).code == "cart_changed"
    assert quantities(get_cart()) == [("tea", 2)]


def test_a_promotion_and_a_cart_are_in_one_transaction(tea):
    pricing.promotion("SPRING", uses_max=1, uses_per_customer_max=1)
    version = update_cart((tea, 2)).body["version"]
    body = {
        "lines": [shop.line(tea, 2)],
        "shipping_address": shop.ADDRESS,
        "cart_version": version,
        "promotion_code": "SPRING",
    }

    assert send(handler, "orders.place", body=body).status == 201
    assert get_cart().body["lines"] == []


def test_a_cart_of_services_and_backorders_can_be_ordered():
    card = shop.product("card", stock_policy="untracked")
    pot = shop.product("pot", available=1, stock_policy="backorder")
    version = update_cart((card, 2), (pot, 3)).body["version"]

    assert place_order((card, 2), (pot, 3), version=version).status == 201
    assert (get_cart().body["lines"], shop.available(pot)) == ([], -2)


def test_a_cart_of_fifty_lines_can_be_ordered():
    products = [shop.product(f"p{number}", available=1) for number in range(50)]
    lines = [(each, 1) for each in products]
    version = update_cart(*lines).body["version"]

    assert place_order(*lines, version=version).status == 201
    assert get_cart().body["lines"] == []


@pytest.mark.parametrize("version", [0, -1, "1", 1.5])
def test_a_version_is_a_whole_number_from_one(tea, version):
    assert place_order((tea, 1), version=version).paths == ["body.cart_version"]


def test_a_guest_s_order_empties_the_guest_s_cart(tea):
    token = new_guest_cart((tea, 2))

    placed = place_guest_order((tea, 2), version=1, token=token)
    again = place_guest_order((tea, 2), version=1, token=token)

    assert (placed.status, again.body["id"]) == (201, placed.body["id"])
    assert guest_send("get", token).body["lines"] == []
    assert quantities(update_guest_cart((tea, 1), token=token)) == [("tea", 1)]


def test_a_guest_s_cart_that_changed_is_not_ordered(tea):
    token = new_guest_cart((tea, 2))
    update_guest_cart((tea, 3), token=token)

    answer = place_guest_order((tea, 2), version=1, token=token)

    assert (answer.status, answer.code) == (409, "cart_changed")
    assert Order.count() == 0


def test_a_guest_s_cart_is_not_ordered_without_its_token(tea):
    token = new_guest_cart((tea, 2))

    without = place_guest_order((tea, 2), version=1, token=None)
    wrong = place_guest_order((tea, 2), version=1, token="A" * 43)

    assert (without.status, without.code) == (404, "cart_not_found")
    assert (wrong.status, wrong.code) == (409, "cart_changed")
    assert stored_of_guest(token) is not None
    assert Order.count() == 0


def test_a_guest_s_repetition_without_the_token_gets_the_order(tea):
    token = new_guest_cart((tea, 2))
    placed = place_guest_order((tea, 2), version=1, token=token)

    again = place_guest_order((tea, 2), version=1, token=None)

    assert (again.status, again.body["id"]) == (201, placed.body["id"])


def test_an_account_s_id_orders_no_cart_of_a_guest(tea):
    update_cart((tea, 2))

    answer = place_guest_order((tea, 2), version=1, token=ADA.user_id)

    assert answer.code == "cart_changed"
    assert quantities(get_cart()) == [("tea", 2)]


def test_a_disabled_account_orders_no_cart(tea):
    version = update_cart((tea, 2)).body["version"]
    User(ADA.user_id).update([User.status.set("disabled")])

    assert place_order((tea, 2), version=version).code == "session_ended"
    assert quantities(get_cart()) == [("tea", 2)]
