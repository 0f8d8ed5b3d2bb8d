"""An order has at most so many units of a product: of accounts, of guests, and as staff say."""

import json

import pytest

from orders.handler import handler
from shared.storage.models.accounts import Attempts
from shared.storage.models.catalog import Product
from shared.storage.models.orders import Order
from tests.attacks import quantities
from tests.support import pricing, shop
from tests.support.http import ADA, NOBODY, Answer, send
from tests.support.shop import line

pytestmark = pytest.mark.usefixtures("aws")

ROUTES = {
    ("POST", "/v1/guest/orders"): "guest.place",
    ("POST", "/v1/guest/orders/quote"): "guest.quote",
    ("POST", "/v1/orders"): "orders.place",
}
ORDER_ATTACKS = [attack for attack in quantities.ATTACKS if (attack.method, attack.path) in ROUTES]


@pytest.fixture
def tea():
    return shop.product("TEA", available=20_000)


def place(*lines, guest=False, key="key-1", **more) -> Answer:
    body = {"lines": list(lines), "shipping_address": shop.ADDRESS} | more
    if guest:
        body |= {"email": "ada@example.com"}
    return send(
        handler,
        "guest.place" if guest else "orders.place",
        caller=NOBODY if guest else ADA,
        body=body,
        headers={"idempotency-key": key},
    )


def quote(*lines, guest=False) -> Answer:
    body = {"lines": list(lines), "shipping_address": {"country": "GB"}}
    name, caller = ("guest.quote", NOBODY) if guest else ("orders.quote", ADA)
    return send(handler, name, caller=caller, body=body)


def refused(answer: Answer) -> list[dict]:
    assert (answer.status, answer.code) == (422, "quantity_limit_exceeded")
    return answer.error["details"]["lines"]


@pytest.mark.parametrize("attack", ORDER_ATTACKS, ids=lambda attack: attack.name)
def test_no_order_takes_more_than_the_limit(attack, tea):
    body = attack.body.decode().replace("{product_id}", tea.product_id).replace("{unique}", "1")
    caller = ADA if attack.caller == "customer" else NOBODY

    answer = send(handler, ROUTES[attack.method, attack.path], caller=caller, body=json.loads(body))

    assert (answer.status, answer.code) == (attack.status, attack.code)
    assert (Order.count(), Attempts.count(), shop.available(tea)) == (0, 0, 20_000)


@pytest.mark.parametrize(("guest", "limit"), [(False, 100), (True, 20)])
def test_the_shops_limit_is_tighter_for_guests(tea, guest, limit):
    assert refused(place(line(tea, limit + 1), guest=guest)) == [
        {"product_id": tea.product_id, "quantity": limit + 1, "limit": limit}
    ]
    assert refused(quote(line(tea, limit + 1), guest=guest))[0]["limit"] == limit
    assert quote(line(tea, limit), guest=guest).status == 200
    assert place(line(tea, limit), guest=guest).status == 201


@pytest.mark.parametrize("guest", [False, True])
@pytest.mark.parametrize("own_limit", [1, 60])
def test_a_products_own_limit_replaces_the_shops(own_limit, guest):
    pot = shop.product("POT", available=500, order_quantity_max=own_limit)

    assert refused(place(line(pot, own_limit + 1), guest=guest))[0]["limit"] == own_limit
    assert refused(quote(line(pot, own_limit + 1), guest=guest))[0]["limit"] == own_limit
    assert place(line(pot, own_limit), guest=guest).status == 201


def test_every_line_above_its_limit_is_named(tea):
    pot = shop.product("POT", available=500, order_quantity_max=2)
    cup = shop.product("CUP", available=500)
    lines = [line(tea, 101), line(cup, 1), line(pot, 3)]

    for answer in (place(*lines), quote(*lines)):
        assert [(found["product_id"], found["limit"]) for found in refused(answer)] == [
            (tea.product_id, 100),
            (pot.product_id, 2),
        ]
        assert "The TEA, The POT" in answer.error["message"]


def test_lines_of_one_product_count_together(tea):
    (found,) = refused(place(line(tea, 60), line(tea, 41)))

    assert found["quantity"] == 101


def test_every_product_with_more_than_any_order_is_named(tea):
    pot = shop.product("POT", available=500)

    answer = place(*[line(tea, 9_000)] * 2, *[line(pot, 6_000)] * 2)

    messages = [field["message"] for field in answer.error["details"]["fields"]]
    assert [tea.product_id in messages[0], pot.product_id in messages[1]] == [True, True]


def test_a_replay_ignores_a_limit_that_was_lowered(tea):
    first = place(line(tea, 50))
    tea.update([Product.order_quantity_max.set(5)])

    again = place(line(tea, 50))

    assert (again.status, again.body["id"]) == (201, first.body["id"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert place(line(tea, 50), key="key-2").code == "quantity_limit_exceeded"


def test_a_limit_may_change_between_quote_and_order(tea):
    assert quote(line(tea, 50)).status == 200
    tea.update([Product.order_quantity_max.set(5)])
    assert refused(place(line(tea, 50)))[0]["limit"] == 5
    tea.update([Product.order_quantity_max.remove()])

    assert place(line(tea, 50)).status == 201


def test_a_product_that_is_not_for_sale_is_named_first(tea):
    draft = shop.product("POT", available=5, status="draft")

    assert place(line(tea, 101), line(draft)).code == "unknown_products"


def test_a_limit_holds_for_orders_without_a_price(tea):
    pricing.promotion("FREE", kind="percent", percent=100)

    answer = place(line(tea, 101), promotion_code="FREE")

    assert answer.code == "quantity_limit_exceeded"
