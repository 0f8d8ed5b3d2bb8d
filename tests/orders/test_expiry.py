"""Whole slice: orders that nobody has paid in time end, and what they held can be sold again."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from orders.lifecycle.service import update_order
from orders.workers import expire_orders
from orders.workers.expire_orders import NotExpired, handler
from shared import clock, retries
from shared.storage.dynamo import connection
from shared.storage.models.orders import Order
from tests.support import logs, orders, pricing, shop
from tests.support.faults import error_reply, inject_faults, read_timeout
from tests.support.http import CONTEXT, sample
from tests.support.orders import cancel, captured, count_units, list_order_events, start_payment

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(retries.time, "sleep", lambda _: None)


@pytest.fixture
def tea():
    return shop.product("TEA", available=10)


def later(monkeypatch, minutes: int = 31) -> None:
    now = clock.utc_now
    monkeypatch.setattr(clock, "utc_now", lambda: now() + timedelta(minutes=minutes))


def run(context=CONTEXT) -> dict:
    """What the run says of itself."""
    with logs.captured() as lines:
        handler(sample("orders.expire_orders"), context)
    return summary(lines)


def summary(lines: logs.Lines) -> dict:
    (line,) = lines.saying("expired unpaid orders")
    names = ("expired", "left_alone", "failed", "left_to_the_next_run")
    return {name: line[name] for name in names if line[name]}


def status_of(order: Order) -> str:
    return Order.get(order.order_id).status


def with_time_for(run_of: int):
    """A context in which the time is up after so many orders."""
    looks = iter([60_000] * run_of + [4_999])
    rest = {"get_remaining_time_in_millis": lambda: next(looks)}
    return SimpleNamespace(**vars(CONTEXT) | rest)


def test_an_order_that_nobody_pays_ends_after_half_an_hour(tea, monkeypatch):
    order = orders.create_order(product=tea)

    later(monkeypatch, 29)
    assert run() == {}
    assert status_of(order) == "pending_payment"
    later(monkeypatch, 2)
    assert run() == {"expired": 1}

    assert status_of(order) == "expired"
    assert count_units(tea) == (10, 0)
    assert [event.type for event in list_order_events(order)] == ["order.placed", "order.expired"]


def test_its_use_of_a_promotion_is_given_back(tea, monkeypatch):
    pricing.promotion("SPRING", uses_max=1)
    orders.create_order(product=tea, promotion_code="SPRING")
    later(monkeypatch)

    run()

    assert pricing.count_uses("SPRING") == 0


def test_who_has_begun_to_pay_has_a_quarter_of_an_hour_for_it(tea, monkeypatch):
    order = orders.create_order(product=tea)
    later(monkeypatch, 29)
    update_order(order.order_id, start_payment)

    later(monkeypatch, 14)
    assert run() == {}
    later(monkeypatch, 2)
    assert run() == {"expired": 1}

    assert [event.type for event in list_order_events(order)] == [
        "order.placed",
        "order.expired",
        "order.void_requested",
    ]


@pytest.mark.parametrize("end", [captured, cancel])
def test_what_is_paid_or_cancelled_is_not_even_looked_at(end, tea, monkeypatch):
    order = orders.create_order(end, product=tea)
    later(monkeypatch)

    assert run() == {}
    assert status_of(order) in ("paid", "cancelled")


def test_an_order_that_is_paid_while_the_index_still_has_it_is_left_alone(tea, monkeypatch):
    order = orders.create_order(captured, product=tea)
    later(monkeypatch)
    monkeypatch.setattr(expire_orders.repository, "due", lambda *_, **__: [order.order_id])

    assert run() == {"left_alone": 1}

    assert status_of(order) == "paid"
    assert count_units(tea) == (8, 2)


def test_of_two_runs_at_once_one_expires_it(tea, monkeypatch):
    order = orders.create_order(product=tea)
    later(monkeypatch)
    monkeypatch.setattr(expire_orders.repository, "due", lambda *_, **__: [order.order_id] * 2)

    assert run() == {"expired": 1, "left_alone": 1}

    assert count_units(tea) == (10, 0)
    assert [event.type for event in list_order_events(order)].count("order.expired") == 1


def test_one_that_fails_does_not_keep_the_others_and_the_alarm_is_told(tea, monkeypatch):
    placed = [orders.create_order(product=tea) for _ in range(3)]
    later(monkeypatch)

    with (
        inject_faults(connection().client, "TransactWriteItems", None, read_timeout()),
        logs.captured() as lines,
        pytest.raises(NotExpired),
    ):
        handler(sample("orders.expire_orders"), CONTEXT)

    assert [status_of(it) for it in placed] == ["expired", "pending_payment", "expired"]
    assert summary(lines) == {"expired": 2, "failed": 1}
    (line,) = lines.saying("not expired")
    assert (line["level"], line["reason"]) == ("ERROR", "Unavailable")
    assert line["order_id"] == placed[1].order_id
    assert line["correlation_id"] == sample("orders.expire_orders")["id"]
    assert run() == {"expired": 1}


def test_a_crash_over_one_order_does_not_keep_the_others_either(tea, monkeypatch):
    placed = [orders.create_order(product=tea) for _ in range(2)]
    later(monkeypatch)
    crash = error_reply("ValidationException")

    with (
        inject_faults(connection().client, "TransactWriteItems", crash),
        pytest.raises(NotExpired),
    ):
        handler(sample("orders.expire_orders"), CONTEXT)

    assert [status_of(it) for it in placed] == ["pending_payment", "expired"]


def test_what_there_is_no_time_for_is_left_to_the_next_run(tea, monkeypatch):
    placed = [orders.create_order(product=tea, quantity=1) for _ in range(5)]
    later(monkeypatch)

    assert run(with_time_for(2)) == {"expired": 2, "left_to_the_next_run": 3}
    assert [status_of(it) for it in placed] == ["expired"] * 2 + ["pending_payment"] * 3
    assert run() == {"expired": 3}


def test_a_run_has_an_end_however_many_there_are(tea, monkeypatch):
    for _ in range(4):
        orders.create_order(product=tea, quantity=1)
    later(monkeypatch)
    monkeypatch.setattr(expire_orders, "ORDERS_MAX", 3)

    assert run() == {"expired": 3}
    assert run() == {"expired": 1}


def test_an_order_costs_two_calls(tea, monkeypatch):
    for _ in range(3):
        orders.create_order(product=tea, quantity=1)
    later(monkeypatch)
    client = connection().client

    with (
        inject_faults(client, "Query") as queries,
        inject_faults(client, "GetItem") as reads,
        inject_faults(client, "TransactWriteItems") as writes,
    ):
        run()

    assert (len(queries), len(reads), len(writes)) == (1, 3, 3)


def test_in_a_shop_where_everybody_pays_there_is_nothing_to_do():
    assert run() == {}
