"""The cart of a guest: its token, how it begins and ends, and how many one network may start."""

from datetime import UTC, datetime, timedelta

import pytest

from orders.carts import repository
from shared import clock
from shared.config import GuestSettings
from shared.storage.models.carts import Cart
from shared.storage.models.catalog import Product
from tests.support import logs, shop
from tests.support.carts import (
    guest_send,
    lines_of,
    new_guest_cart,
    quantities,
    stored_of_guest,
    update_guest_cart,
)
from tests.support.http import ELSEWHERE

pytestmark = pytest.mark.usefixtures("aws")

NOON = datetime(2026, 11, 24, 12, 10, tzinfo=UTC)
QUOTE = {"shipping_address": {"country": "GB"}}


@pytest.fixture
def tea() -> Product:
    return shop.product("tea", available=10)


@pytest.fixture
def _two_an_hour(monkeypatch):
    limit = GuestSettings("souk/order-links", guest_carts_per_hour=2)
    monkeypatch.setattr(repository, "settings", {GuestSettings: limit}.__getitem__)
    monkeypatch.setattr(clock, "utc_now", lambda: NOON)


def test_the_first_change_creates_a_cart_and_its_token(tea):
    first = update_guest_cart((tea, 2))
    token = first.body["cart_token"]

    second = update_guest_cart((tea, 3), token=token)

    assert len(token) == 43  # 256 bits
    assert (quantities(first), quantities(second)) == ([("tea", 2)], [("tea", 3)])
    assert second.body["cart_token"] is None
    assert guest_send("get", token).body["lines"] == second.body["lines"]


def test_replacing_can_create_a_cart_too(tea):
    body = {"lines": lines_of((tea, 1))}

    created = guest_send("replace", None, body=body, if_match="*")
    stale = guest_send("replace", None, body=body, if_match='"1"')
    empty = guest_send("replace", None, body={"lines": []}, if_match='"0"')

    assert quantities(guest_send("get", created.body["cart_token"])) == [("tea", 1)]
    assert (stale.status, stale.code) == (412, "stale_version")
    assert (empty.body["version"], empty.body["cart_token"]) == (0, None)


def test_each_guest_without_a_token_gets_another_cart(tea):
    tokens = {new_guest_cart((tea, 1)) for _ in range(3)}

    assert len(tokens) == 3
    assert Cart.count() == 3


def test_a_guest_without_a_token_has_an_empty_cart():
    answer = guest_send("get", None)

    assert (answer.status, answer.body["version"], answer.body["lines"]) == (200, 0, [])
    assert guest_send("quote", None, body=QUOTE).code == "cart_empty"
    assert guest_send("empty", None).status == 204
    assert Cart.count() == 0


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 5_000, "usr_ada"])
def test_an_unknown_token_opens_and_creates_nothing(tea, token):
    lines = {"lines": lines_of((tea, 1))}

    answers = [
        guest_send("get", token),
        guest_send("replace", token, body=lines, if_match="*"),
        guest_send("update", token, body=lines),
        guest_send("empty", token),
        guest_send("quote", token, body=QUOTE),
    ]

    assert {(answer.status, answer.code) for answer in answers} == {(404, "cart_not_found")}
    assert Cart.count() == 0


def test_the_id_of_an_account_or_of_a_stored_cart_is_no_token(tea):
    cart = stored_of_guest(new_guest_cart((tea, 1)))
    assert cart is not None

    assert guest_send("get", cart.cart_id).code == "cart_not_found"


def test_the_token_is_stored_and_logged_nowhere(tea):
    with logs.captured() as lines:
        token = new_guest_cart((tea, 1))
        guest_send("get", token)

    assert lines.text
    assert token not in lines.text
    assert token not in str(shop.stored_items())


def test_a_guest_s_cart_ends_by_the_clock(tea):
    token = new_guest_cart((tea, 1))
    cart = stored_of_guest(token)
    assert cart is not None
    cart.update([Cart.expires_at.set(clock.utc_now() - timedelta(seconds=1))])

    assert guest_send("get", token).code == "cart_not_found"
    assert update_guest_cart((tea, 1), token=token).code == "cart_not_found"


def test_an_emptied_cart_keeps_its_token(tea):
    token = new_guest_cart((tea, 1))

    assert guest_send("empty", token).status == 204
    assert guest_send("get", token).body["lines"] == []
    assert quantities(update_guest_cart((tea, 2), token=token)) == [("tea", 2)]


def test_a_guest_has_the_limits_of_guests(tea):
    answer = update_guest_cart((tea, 21))

    assert (answer.status, answer.code) == (422, "quantity_limit_exceeded")
    assert update_guest_cart((tea, 20)).body["lines"][0]["quantity_max"] == 20


def test_a_guest_s_edits_are_checked_as_an_account_s(tea):
    token = new_guest_cart((tea, 1))
    etag = guest_send("get", token).headers["ETag"]
    update_guest_cart((tea, 2), token=token)
    lines = {"lines": lines_of((tea, 5))}
    draft = {"lines": lines_of((shop.product("draft", status="draft"), 1))}
    many = {"lines": lines_of((tea, 21))}

    for name, body in (("replace", lines), ("update", lines), ("empty", None)):
        assert guest_send(name, token, body=body, if_match=etag).code == "stale_version"
    for name in ("replace", "update"):
        assert guest_send(name, token, body=draft, if_match="*").code == "unknown_products"
        assert guest_send(name, token, body=many, if_match="*").code == "quantity_limit_exceeded"
    assert guest_send("get", token, if_none_match=etag).status == 200
    newest = guest_send("get", token).headers["ETag"]
    assert guest_send("get", token, if_none_match=newest).status == 304


def test_a_guest_s_cart_can_be_full(tea):
    products = [shop.product(f"p{number}", available=1) for number in range(50)]
    token = new_guest_cart(*((each, 1) for each in products))

    answer = update_guest_cart((tea, 1), token=token)

    assert (answer.status, answer.code) == (409, "cart_full")


def test_a_quote_prices_a_guest_s_cart(tea):
    token = new_guest_cart((tea, 2))

    answer = guest_send("quote", token, body=QUOTE)

    assert answer.body["totals"]["total"] == {"amount_minor": 2000, "currency": "EUR"}
    assert answer.body["cart_version"] == 1


@pytest.mark.usefixtures("_two_an_hour")
def test_a_network_may_start_only_so_many_carts_an_hour(tea):
    answers = [update_guest_cart((tea, 1)) for _ in range(3)]
    replaced = guest_send("replace", None, body={"lines": lines_of((tea, 1))}, if_match="*")

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert (answers[2].code, answers[2].headers["Retry-After"]) == ("too_many_attempts", "3000")
    assert replaced.code == "too_many_attempts"
    assert Cart.count() == 2


@pytest.mark.usefixtures("_two_an_hour")
def test_changing_a_cart_uses_no_quota(tea):
    token = new_guest_cart((tea, 1))
    new_guest_cart((tea, 1))

    assert update_guest_cart((tea, 2), token=token).status == 200
    assert update_guest_cart((tea, 2), address=ELSEWHERE).status == 200


def test_a_guest_s_quote_has_the_limits_of_an_order(tea):
    token = new_guest_cart((tea, 9))
    tea.update([Product.order_quantity_max.set(8)])
    many = [shop.product(f"p{number}", available=100) for number in range(6)]
    other = new_guest_cart(*((each, 20) for each in many))

    assert guest_send("quote", token, body=QUOTE).code == "quantity_limit_exceeded"
    assert guest_send("quote", other, body=QUOTE).code == "held_stock_limit_reached"


def test_unknown_codes_of_a_network_are_limited(tea):
    token = new_guest_cart((tea, 1))

    codes = [
        guest_send("quote", token, body=QUOTE | {"promotion_code": f"GUESS-{number}"}).code
        for number in range(31)
    ]

    assert codes == ["unknown_promotion"] * 30 + ["too_many_attempts"]
