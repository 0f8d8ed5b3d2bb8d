"""The units that unpaid orders hold at once are bounded: per account, guest address and network."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest

from benchmarks.endpoint import record_calls
from orders.checkout import placement
from orders.checkout.schemas import OrderRequest
from orders.handler import handler
from orders.lifecycle.buyers import Buyer
from orders.lifecycle.service import update_order
from shared import clock, retries
from shared.errors.base import AppError
from shared.storage.models.accounts import Attempts, HeldUnits
from shared.storage.models.catalog import Product
from shared.storage.models.orders import Order
from tests.support import orders, pricing, shop
from tests.support.http import ADA, BOB, ELSEWHERE, HOME, NOBODY, Answer, called_from, send
from tests.support.interleaving import each_interleaving
from tests.support.shop import line

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(retries.time, "sleep", lambda _: None)


@pytest.fixture
def tea():
    return shop.product("TEA", available=20_000, order_quantity_max=1_000)


def place(tea, quantity, key, *, caller=ADA, address=HOME, **more) -> Answer:
    """Places an order: with an e-mail address, that of a guest."""
    body = {"lines": [line(tea, quantity)], "shipping_address": shop.ADDRESS} | more
    return send(
        called_from(handler, address),
        "guest.place" if "email" in more else "orders.place",
        caller=NOBODY if "email" in more else caller,
        body=body,
        headers={"idempotency-key": key},
    )


def place_as_guest(tea, quantity, key, email="eve@example.com", **more) -> Answer:
    return place(tea, quantity, key, email=email, **more)


def held() -> int:
    """The units that are counted, those of accounts and guests once and their networks' again."""
    return sum(int(counter.units) for counter in HeldUnits.scan(HeldUnits.units.exists()))


def expect_refusal(answer: Answer, holder: str, limit: int) -> None:
    assert (answer.status, answer.code) == (409, "held_stock_limit_reached")
    assert (answer.error["details"]["holder"], answer.error["details"]["limit"]) == (holder, limit)


def test_an_account_holds_two_hundred_units_unpaid(tea):
    assert [place(tea, 100, f"key-{n}").status for n in range(2)] == [201, 201]

    expect_refusal(place(tea, 1, "key-3"), "account", 200)

    assert place(tea, 1, "key-4", caller=BOB).status == 201
    assert (Order.count(), shop.available(tea)) == (3, 20_000 - 201)


def test_a_guests_address_holds_a_hundred_units_unpaid(tea):
    assert place_as_guest(tea, 60, "key-1").status == 201
    assert place_as_guest(tea, 40, "key-2", address=ELSEWHERE).status == 201

    expect_refusal(place_as_guest(tea, 1, "key-3"), "guest", 100)
    expect_refusal(place_as_guest(tea, 1, "key-4", "EVE@Example.COM"), "guest", 100)
    expect_refusal(place_as_guest(tea, 1, "key-5", "eve+2@example.com"), "guest", 100)

    assert shop.available(tea) == 19_900


def test_accounts_and_guests_of_one_network_hold_together(tea):
    for n in range(3):
        assert place_as_guest(tea, 100, f"key-{n}", f"guest-{n}@example.com").status == 201
    assert place(tea, 100, "key-4").status == 201
    assert place(tea, 99, "key-5", caller=BOB).status == 201

    expect_refusal(place_as_guest(tea, 2, "key-6", "more@example.com"), "network", 500)
    assert place_as_guest(tea, 1, "key-7", "more@example.com").status == 201
    assert place(tea, 1, "key-8", address=ELSEWHERE).status == 201


def test_an_ipv6_subnet_holds_as_one_network(tea):
    for n in range(5):
        place_as_guest(tea, 100, f"key-{n}", f"{n}@example.com", address=f"2001:db8::{n + 1}")

    answer = place_as_guest(tea, 1, "key-6", "6@example.com", address="2001:db8::99")

    expect_refusal(answer, "network", 500)


@pytest.mark.parametrize(("guest", "limit"), [(False, 200), (True, 100)], ids=["account", "guest"])
def test_an_order_that_alone_holds_too_much_has_no_quote(tea, guest, limit):
    def quote(quantity):
        body = {"lines": [line(tea, quantity)], "shipping_address": {"country": "GB"}}
        name, caller = ("guest.quote", NOBODY) if guest else ("orders.quote", ADA)
        return send(handler, name, caller=caller, body=body)

    assert quote(limit).status == 200
    expect_refusal(quote(limit + 1), "guest" if guest else "account", limit)


def place_full_order(tea) -> Order:
    return Order.get(place(tea, 200, "key-1").body["id"])


ENDINGS = {
    "paid": [orders.captured],
    "authorized": [orders.authorized],
    "paid to staff": [orders.mark_paid_manually],
    "cancelled": [orders.cancel],
    "cancelled by staff": [orders.cancel_by_staff],
    "expired": [orders.expire],
    "started and paid": [orders.start_payment, orders.captured],
    "paid and cancelled": [orders.captured, orders.cancel],
    "expired and paid late": [orders.start_payment, orders.expire, orders.captured],
    "paid and shipped": [orders.captured, orders.ship],
}


@pytest.mark.parametrize("decisions", ENDINGS.values(), ids=ENDINGS)
def test_an_order_that_awaits_no_payment_holds_nothing(tea, decisions):
    order = place_full_order(tea)
    assert held() == 400
    assert place(tea, 1, "key-2").status == 409

    for decide in decisions:
        update_order(order.order_id, decide)

    assert held() == 0
    assert Order.get(order.order_id).holds_json is None
    assert place(tea, 200, "key-3").status == 201


def test_a_started_payment_still_holds_the_units(tea):
    order = place_full_order(tea)

    update_order(order.order_id, orders.start_payment)

    assert held() == 400


def test_an_order_that_is_linked_to_an_account_releases(tea):
    order = Order.get(place_as_guest(tea, 100, "key-1").body["id"])

    update_order(
        order.order_id,
        partial(orders.decisions.link_to_user, user_id="usr_ada", email="eve@example.com"),
    )
    assert held() == 200
    update_order(order.order_id, orders.cancel)

    assert held() == 0


def test_an_order_of_older_code_is_paid_without_a_hold(tea):
    order = orders.create_order(product=tea)
    Order(order.order_id).update([Order.holds_json.remove()])
    before = held()

    update_order(order.order_id, orders.captured)

    assert held() == before


def test_a_hold_that_older_code_left_is_released_later(tea):
    """Code of the last release pays the order and keeps the attribute that it does not know."""
    order = place_full_order(tea)
    Order(order.order_id).update([Order.status.set("paid"), Order.awaits.remove()])

    update_order(order.order_id, orders.ship)

    assert held() == 0


def test_a_refused_or_repeated_order_holds_nothing_more(tea):
    pot = shop.product("POT", available=1)
    place(pot, 2, "key-1")
    assert held() == 0

    for _ in range(3):
        assert place(tea, 150, "key-2").status == 201

    assert held() == 300


def test_a_replay_works_while_the_limit_is_reached(tea):
    first = place(tea, 200, "key-1")
    assert place(tea, 1, "key-2").status == 409

    again = place(tea, 200, "key-1")

    assert (again.status, again.body["id"]) == (201, first.body["id"])


def test_an_order_still_makes_two_calls(tea):
    with record_calls() as calls:
        place(tea, 1, "key-1")
    assert [call.operation for call in calls] == ["BatchGetItem", "TransactWriteItems"]


def test_two_orders_at_once_never_pass_the_limit(tea):
    """The second order is placed whole before each call of the first."""
    outcomes = {}

    def prepare(number):
        buyer = Buyer(f"usr_{number}", network="203.0.113.7")
        shop.user(buyer.buyer_id)
        outcomes[number] = []
        return tuple(
            partial(_attempt, tea, buyer, f"key-{n}", 120, outcomes[number]) for n in range(2)
        )

    for number in each_interleaving(prepare):
        assert sorted(outcomes[number]) == ["held_stock_limit_reached", "placed"]
        for order in Order.scan():
            update_order(order.order_id, orders.cancel_by_staff)
        assert held() == 0


def test_many_orders_at_once_never_pass_the_limit():
    tea = shop.product("TEA", available=1_000, order_quantity_max=1_000)
    start, outcomes = Barrier(8), []

    def order(number):
        start.wait()
        _attempt(tea, Buyer("usr_ada", network="203.0.113.7"), f"key-{number}", 60, outcomes)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(order, range(8)))

    placed = outcomes.count("placed")
    assert 1 <= placed <= 3
    assert set(outcomes) <= {"placed", "held_stock_limit_reached", "unavailable"}
    assert (shop.available(tea), held()) == (1_000 - 60 * placed, 120 * placed)


def _attempt(tea, buyer, key, quantity, outcomes):
    request = OrderRequest.model_validate(
        {"lines": [line(tea, quantity)], "shipping_address": shop.ADDRESS}
    )
    try:
        placement.place_order(buyer, request, key)
    except AppError as refusal:
        outcomes.append(refusal.code)
    else:
        outcomes.append("placed")


def test_orders_without_a_price_are_bounded_by_the_hour(tea, monkeypatch):
    pricing.promotion("FREE", kind="percent", percent=100)
    for n in range(2):
        assert place(tea, 100, f"key-{n}", promotion_code="FREE").body["status"] == "paid"

    answer = place(tea, 1, "key-3", promotion_code="FREE")

    assert (answer.status, answer.code) == (429, "too_many_attempts")
    assert "Retry-After" in answer.headers
    assert held() == 0
    now = clock.utc_now()
    monkeypatch.setattr(clock, "utc_now", lambda: now + timedelta(hours=1))
    assert place(tea, 1, "key-4", promotion_code="FREE").status == 201


def test_a_free_order_of_a_guest_is_bounded_too(tea):
    pricing.promotion("FREE", kind="percent", percent=100)
    assert place_as_guest(tea, 100, "key-1", promotion_code="FREE").status == 201

    assert place_as_guest(tea, 1, "key-2", promotion_code="FREE").status == 429


def test_counters_do_not_show_whose_they_are(tea):
    place_as_guest(tea, 1, "key-1")

    stored = [item.subject for item in HeldUnits.scan()] + [row.subject for row in Attempts.scan()]

    assert not any("eve" in subject or "203.0" in subject for subject in stored)


def test_a_lowered_limit_of_a_product_leaves_its_orders(tea):
    order = place_full_order(tea)
    tea.update([Product.order_quantity_max.set(1)])

    update_order(order.order_id, orders.captured)

    assert Order.get(order.order_id).status == "paid"
