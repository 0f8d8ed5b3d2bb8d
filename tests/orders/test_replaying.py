"""A retry returns the order of the first attempt, whatever has changed since."""

import pytest
from pynamodb.exceptions import TransactWriteError

from orders.checkout import repository
from orders.checkout import service as orders
from orders.handler import handler
from shared import clock, ids
from shared.errors.base import Unavailable
from shared.security.permissions import PERMISSIONS, Principal, Role
from shared.storage.models.catalog import Product
from shared.storage.models.orders import Order
from shared.storage.models.outbox import OutboxRow
from tests.support import pricing, shop
from tests.support.http import ADA, Answer, send
from tests.support.shop import line

pytestmark = pytest.mark.usefixtures("aws")

CUSTOMER = Principal(ADA.user_id, PERMISSIONS[Role.CUSTOMER])


def place(*lines, key="key-1", **changes) -> Answer:
    body = {"lines": list(lines), "shipping_address": shop.ADDRESS} | changes
    return send(handler, "orders.place", body=body, headers={"idempotency-key": key})


def test_the_same_request_again_answers_with_the_first_order():
    tea = shop.product("TEA", available=10)
    first = place(line(tea, 2))

    again = place(line(tea, 2))

    assert (again.status, again.body) == (201, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (Order.count(), OutboxRow.count(), shop.available(tea)) == (1, 1, 8)


def test_a_replay_ignores_missing_stock():
    tea = shop.product("TEA", available=2)
    first = place(line(tea, 2))

    again = place(line(tea, 2))

    assert (again.status, again.body["id"]) == (201, first.body["id"])


def test_a_replay_ignores_a_removed_product():
    tea = shop.product("TEA", available=2)
    first = place(line(tea))
    tea.delete()

    again = place(line(tea))

    assert (again.status, again.body["id"]) == (201, first.body["id"])


def test_a_replay_keeps_the_price_of_the_first_attempt():
    tea = shop.product("TEA", price_minor=1000, available=2)
    first = place(line(tea))
    tea.update([Product.price_minor.set(9999)])

    again = place(line(tea))

    assert again.body["totals"] == first.body["totals"]


def test_a_replay_ignores_a_changed_total():
    tea = shop.product("TEA", price_minor=1000, available=2)
    quoted = {"amount_minor": 1000, "currency": "EUR"}
    first = place(line(tea), quoted_total=quoted)
    tea.update([Product.price_minor.set(9999)])

    again = place(line(tea), quoted_total=quoted)

    assert (again.status, again.body) == (201, first.body)


@pytest.mark.parametrize("since", [{"is_active": False}, {"ends_at": clock.utc_now()}, {"used": 9}])
def test_a_replay_ignores_an_ended_promotion(since):
    tea = shop.product("TEA", available=2)
    pricing.promotion("SPRING", uses_max=9)
    first = place(line(tea), promotion_code="SPRING")
    pricing.promotion("SPRING", **{"uses_max": 9, "version": 2} | since)

    again = place(line(tea), promotion_code="spring")

    assert (again.status, again.body) == (201, first.body)


def test_a_replay_ignores_changed_shipping_rates():
    tea = shop.product("TEA", available=2)
    first = place(line(tea))
    pricing.store_shipping_rates(pricing.zone("DE"))

    again = place(line(tea))

    assert (again.status, again.body) == (201, first.body)


def test_a_replay_shows_the_order_as_it_is_now():
    tea = shop.product("TEA", available=2)
    first = place(line(tea))
    orders.cancel_order(CUSTOMER, first.body["id"], "Changed my mind")

    again = place(line(tea))

    assert (again.status, again.body["id"]) == (201, first.body["id"])
    assert (again.body["status"], again.headers["Idempotency-Replayed"]) == ("cancelled", "true")
    assert shop.available(tea) == 2


def test_a_key_may_have_255_characters():
    tea = shop.product("TEA", available=2)
    first = place(line(tea), key="x" * 255)

    again = place(line(tea), key="x" * 255)

    assert (first.status, again.body) == (201, first.body)


def test_white_space_and_field_order_do_not_change_a_request():
    tea = shop.product("TEA", available=2)
    first = place(line(tea))
    turned = dict(reversed(shop.ADDRESS.items()))

    again = place({"quantity": 1, "product_id": tea.product_id}, shipping_address=turned)

    assert again.body["id"] == first.body["id"]


def test_an_explicit_default_does_not_change_a_request():
    tea = shop.product("TEA", available=2)
    first = place(line(tea))

    again = place(line(tea), shipping_address=shop.ADDRESS | {"line2": None})

    assert again.body["id"] == first.body["id"]


@pytest.mark.parametrize(
    "change",
    [
        {"lines": [{"product_id": ids.derived_id("prd", "TEA"), "quantity": 2}]},
        {"shipping_address": shop.ADDRESS | {"city": "Paris"}},
        {"promotion_code": "SPRING"},
        {"quoted_total": {"amount_minor": 1000, "currency": "EUR"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_key_cannot_place_a_different_order(change):
    tea = shop.product("TEA", available=10)
    pricing.promotion("SPRING")
    place(line(tea))

    other = place(line(tea), **change)

    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert (Order.count(), shop.available(tea)) == (1, 9)


def test_a_refused_request_leaves_its_key_free():
    tea = shop.product("TEA", available=1)
    refused = place(line(tea, 2))

    placed = place(line(tea))

    assert (refused.status, placed.status) == (409, 201)


def test_an_order_is_found_after_a_lost_reply(monkeypatch):
    tea = shop.product("TEA", available=10)
    commit = repository.Transaction.commit

    def commit_and_lose_the_reply(transaction, **how):
        commit(transaction, **how)
        raise Unavailable("the reply was lost")

    monkeypatch.setattr(repository.Transaction, "commit", commit_and_lose_the_reply)
    answer = place(line(tea, 2))

    assert answer.status == 201
    assert (Order.count(), OutboxRow.count(), shop.available(tea)) == (1, 1, 8)


def test_a_retry_recovers_from_a_crash_after_the_commit(monkeypatch):
    tea = shop.product("TEA", available=10)
    commit = repository.Transaction.commit

    def commit_and_die(transaction, **how):
        commit(transaction, **how)
        raise TransactWriteError("the process is gone")

    with monkeypatch.context() as during_the_crash:
        during_the_crash.setattr(repository.Transaction, "commit", commit_and_die)
        crashed = place(line(tea, 2))
    retried = place(line(tea, 2))

    assert (crashed.status, retried.status) == (500, 201)
    assert retried.headers["Idempotency-Replayed"] == "true"
    assert (Order.count(), OutboxRow.count(), shop.available(tea)) == (1, 1, 8)
