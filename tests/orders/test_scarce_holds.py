"""An order that leaves few units of a product has less time to be paid."""

from datetime import UTC, datetime, timedelta

import pytest

from orders.handler import handler
from orders.lifecycle import provider_events
from orders.lifecycle.service import update_order
from shared import clock
from shared.storage.models.catalog import Stock
from shared.storage.models.orders import Order
from tests.support import orders, shop
from tests.support.aws_calls import record_calls
from tests.support.http import ADA, NOBODY, Answer, send
from tests.support.orders import PAYMENT_ID, count_units
from tests.support.shop import line

pytestmark = pytest.mark.usefixtures("aws")

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    monkeypatch.setattr(clock, "utc_now", lambda: NOON)


def place(*lines, guest=False) -> Answer:
    body = {"lines": list(lines), "shipping_address": shop.ADDRESS}
    if guest:
        return send(handler, "guest.place", caller=NOBODY, body=body | {"email": "ada@example.com"})
    return send(handler, "orders.place", caller=ADA, body=body)


def minutes_of(answer: Answer) -> float:
    assert answer.status == 201
    return (datetime.fromisoformat(answer.body["expires_at"]) - NOON) / timedelta(minutes=1)


@pytest.mark.parametrize("guest", [False, True])
@pytest.mark.parametrize(("available", "minutes"), [(25, 30), (24, 10), (14, 10)])
def test_expires_at_is_earlier_if_few_units_are_left(available, minutes, guest):
    tea = shop.product("TEA", available=available)

    assert minutes_of(place(line(tea, 14), guest=guest)) == minutes


def test_one_order_that_takes_nearly_everything_is_short():
    tea = shop.product("TEA", available=100)

    assert minutes_of(place(line(tea, 95))) == 10


def test_one_scarce_product_shortens_the_whole_order():
    tea, cup = shop.product("TEA", available=1_000), shop.product("CUP", available=2)

    assert minutes_of(place(line(tea), line(cup))) == 10


def test_repeated_lines_of_a_product_count_together():
    tea = shop.product("TEA", available=25)

    assert minutes_of(place(line(tea, 8), line(tea, 8))) == 10


def test_low_stock_at_says_when_a_product_is_scarce():
    tea = shop.product("TEA", available=100, low_stock_at=98)

    assert minutes_of(place(line(tea))) == 30
    assert minutes_of(send_again(line(tea))) == 10


def send_again(*lines):
    return send(
        handler,
        "orders.place",
        body={"lines": list(lines), "shipping_address": shop.ADDRESS},
        headers={"idempotency-key": "another"},
    )


@pytest.mark.parametrize(("per_shard", "minutes"), [(10, 30), (2, 10)])
def test_the_first_shard_stands_for_all(per_shard, minutes):
    tea = shop.product("TEA", available=per_shard, stock_shards=4)
    for number in range(1, 4):
        Stock(f"{tea.product_id}#{number}", available=per_shard, version=1).save()

    assert minutes_of(place(line(tea))) == minutes


def test_fifty_lines_read_their_stock_in_two_calls():
    products = [shop.product(f"TEA-{n}", available=100) for n in range(50)]

    with record_calls() as calls:
        answer = place(*map(line, products))

    assert minutes_of(answer) == 30
    assert calls == ["BatchGetItem", "BatchGetItem", "TransactWriteItems"]


def test_a_started_payment_still_has_fifteen_minutes(monkeypatch):
    tea = shop.product("TEA", available=5)
    order_id = place(line(tea)).body["id"]
    monkeypatch.setattr(clock, "utc_now", lambda: NOON + timedelta(minutes=9))

    order = update_order(order_id, orders.start_payment)

    assert order.expires_at == NOON + timedelta(minutes=9) + provider_events.PAYMENT_EXTENSION


def test_a_late_payment_of_a_scarce_order_is_refunded(monkeypatch):
    tea = shop.product("TEA", available=5)
    order_id = place(line(tea, 5)).body["id"]
    update_order(order_id, orders.start_payment)
    monkeypatch.setattr(clock, "utc_now", lambda: NOON + timedelta(minutes=16))
    update_order(order_id, orders.decisions.expire)
    assert count_units(tea) == (5, 0)

    update_order(order_id, orders.captured)

    order = Order.get(order_id)
    assert (order.status, order.payment.payment_id) == ("expired", PAYMENT_ID)
    assert [(refund.reason, refund.status) for refund in order.refunds] == [
        ("paid_late", "requested")
    ]
