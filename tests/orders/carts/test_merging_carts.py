"""A guest logs in: the lines of the guest's cart move into the account's, once."""

from datetime import timedelta

import pytest

from shared import clock
from shared.storage.dynamo import connection
from shared.storage.models.accounts import User
from shared.storage.models.carts import Cart
from tests.support import faults, shop
from tests.support.aws_calls import Killed, break_call
from tests.support.carts import (
    empty_cart,
    get_cart,
    guest_send,
    merge_carts,
    new_guest_cart,
    quantities,
    stored,
    stored_of_guest,
    update_cart,
    update_guest_cart,
)
from tests.support.http import ADA, BOB

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def tea():
    return shop.product("tea", available=10)


@pytest.fixture
def cup():
    return shop.product("cup", available=10)


def test_the_lines_of_both_are_in_the_account_s_cart(tea, cup):
    pot = shop.product("pot", available=5)
    update_cart((tea, 2), (cup, 5))
    token = new_guest_cart((pot, 1), (tea, 3), (cup, 1))

    answer = merge_carts(token)

    assert quantities(answer) == [("tea", 3), ("cup", 5), ("pot", 1)]
    assert answer.headers["ETag"].startswith('"2-')
    assert quantities(get_cart()) == quantities(answer)


def test_the_guest_s_cart_is_gone_after_it(tea):
    token = new_guest_cart((tea, 1))

    merge_carts(token)

    assert stored_of_guest(token) is None
    assert guest_send("get", token).code == "cart_not_found"


def test_an_account_without_a_cart_gets_one(tea):
    assert quantities(merge_carts(new_guest_cart((tea, 3)))) == [("tea", 3)]


def test_a_repeated_merge_changes_nothing(tea):
    token = new_guest_cart((tea, 3))
    first = merge_carts(token)
    update_cart((tea, 1))

    again = merge_carts(token)

    assert (first.status, quantities(again)) == (200, [("tea", 1)])


@pytest.mark.parametrize("phase", ["before-call", "after-call"])
def test_a_merge_whose_reply_is_lost_can_be_repeated(tea, cup, phase):
    update_cart((cup, 1))
    token = new_guest_cart((tea, 3))
    with pytest.raises(Killed), break_call(2, Killed(), phase=phase):
        merge_carts(token)

    assert quantities(merge_carts(token)) == [("cup", 1), ("tea", 3)]
    assert quantities(merge_carts(token)) == [("cup", 1), ("tea", 3)]


@pytest.mark.parametrize("token", ["", "x", "A" * 43])
def test_an_unknown_token_merges_nothing(tea, token):
    update_cart((tea, 1))

    assert quantities(merge_carts(token)) == [("tea", 1)]
    assert get_cart().body["version"] == 1


def test_an_expired_cart_merges_nothing(tea, cup):
    update_cart((cup, 1))
    token = new_guest_cart((tea, 3))
    cart = stored_of_guest(token)
    assert cart is not None
    cart.update([Cart.expires_at.set(clock.utc_now() - timedelta(seconds=1))])

    assert quantities(merge_carts(token)) == [("cup", 1)]


def test_a_merge_needs_a_token_of_a_cart():
    answer = merge_carts(None)

    assert (answer.status, answer.paths) == (422, ["header.cart-token"])


def test_the_id_of_another_account_s_cart_is_no_token(tea):
    update_cart((tea, 1), caller=BOB)

    assert merge_carts(BOB.user_id).body["lines"] == []
    assert quantities(get_cart(BOB)) == [("tea", 1)]


def test_two_carts_that_are_too_much_for_one_both_stay(tea):
    products = [shop.product(f"p{number}", available=1) for number in range(50)]
    update_cart(*((each, 1) for each in products))
    token = new_guest_cart((tea, 1), (products[0], 1))

    refused = merge_carts(token)

    assert (refused.status, refused.code) == (409, "cart_full")
    assert len(get_cart().body["lines"]) == 50
    assert len(guest_send("get", token).body["lines"]) == 2
    update_cart((products[49], 0))
    assert quantities(merge_carts(token))[-1] == ("tea", 1)


def test_a_merged_line_keeps_the_price_that_its_buyer_saw(tea):
    token = new_guest_cart((tea, 3))
    tea.update([shop.Product.price_minor.set(1500)])

    (line,) = merge_carts(token).body["lines"]

    assert line["previous_unit_price"]["amount_minor"] == 1000
    assert line["changes"] == ["price_changed"]


def test_lines_beyond_an_order_s_limit_are_kept_and_shown(tea):
    tea.update([shop.Product.order_quantity_max.set(5)])
    token = new_guest_cart((tea, 5))
    tea.update([shop.Product.order_quantity_max.set(2)])

    (line,) = merge_carts(token).body["lines"]

    assert (line["quantity"], line["changes"]) == (5, ["quantity_limit_exceeded"])


def test_a_lost_account_takes_no_cart(tea):
    token = new_guest_cart((tea, 1))
    User(ADA.user_id).delete()

    answer = merge_carts(token)

    assert (answer.status, answer.code) == (401, "session_ended")
    assert quantities(guest_send("get", token)) == [("tea", 1)]
    assert stored(ADA.user_id) is None


def test_an_emptied_cart_takes_the_guest_s_lines(tea, cup):
    update_cart((cup, 1))
    empty_cart()

    assert quantities(merge_carts(new_guest_cart((tea, 1)))) == [("tea", 1)]


def test_a_guest_who_goes_on_after_the_merge_starts_anew(tea, cup):
    token = new_guest_cart((tea, 1))
    merge_carts(token)

    assert update_guest_cart((cup, 1), token=token).code == "cart_not_found"


def test_a_merge_that_finds_dynamodb_busy_is_unavailable(tea):
    token = new_guest_cart((tea, 1))
    busy = faults.cancelled_transaction("TransactionConflict", "None")
    with faults.inject_faults(connection().client, "TransactWriteItems", *[busy] * 20):
        answer = merge_carts(token)

    assert (answer.status, answer.code) == (503, "unavailable")
