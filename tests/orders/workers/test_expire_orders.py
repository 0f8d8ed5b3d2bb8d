"""Whole slice: orders that were not paid in time expire, and their stock is available again."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from orders.lifecycle.service import update_order
from orders.workers import expire_orders
from orders.workers.expire_orders import OrdersNotExpired, handler
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


def move_clock(monkeypatch, minutes: int = 31) -> None:
    now = clock.utc_now
    monkeypatch.setattr(clock, "utc_now", lambda: now() + timedelta(minutes=minutes))


def run(context=CONTEXT) -> dict:
    """Run the worker; return the counts that it logs, without zeros."""
    with logs.captured() as lines:
        handler(sample("orders.expire_orders"), context)
    return summary(lines)


def summary(lines: logs.Lines) -> dict:
    (line,) = lines.saying("expired unpaid orders")
    names = ("expired", "unchanged", "failed", "left_for_next_run")
    return {name: line[name] for name in names if line[name]}


def status_of(order: Order) -> str:
    return Order.get(order.order_id).status


def context_with_time_for(orders_count: int):
    """A context whose time is over after this many orders."""
    remaining = iter([60_000] * orders_count + [4_999])
    rest = {"get_remaining_time_in_millis": lambda: next(remaining)}
    return SimpleNamespace(**vars(CONTEXT) | rest)


def test_an_unpaid_order_expires_after_half_an_hour(monkeypatch):
    tea = shop.product("TEA", available=100)
    order = orders.create_order(product=tea)

    move_clock(monkeypatch, 29)
    assert run() == {}
    assert status_of(order) == "pending_payment"
    move_clock(monkeypatch, 2)
    assert run() == {"expired": 1}

    assert status_of(order) == "expired"
    assert count_units(tea) == (100, 0)
    assert [event.type for event in list_order_events(order)] == ["order.placed", "order.expired"]


def test_an_order_of_a_scarce_product_expires_sooner(tea, monkeypatch):
    order = orders.create_order(product=tea)

    move_clock(monkeypatch, 9)
    assert run() == {}
    move_clock(monkeypatch, 2)
    assert run() == {"expired": 1}

    assert status_of(order) == "expired"
    assert count_units(tea) == (10, 0)


def test_an_expired_order_gives_its_promotion_use_back(tea, monkeypatch):
    pricing.promotion("SPRING", uses_max=1)
    orders.create_order(product=tea, promotion_code="SPRING")
    move_clock(monkeypatch)

    run()

    assert pricing.count_uses("SPRING") == 0


def test_a_started_payment_extends_the_order_by_15_minutes(monkeypatch):
    order = orders.create_order(product=shop.product("TEA", available=100))
    move_clock(monkeypatch, 29)
    update_order(order.order_id, start_payment)

    move_clock(monkeypatch, 14)
    assert run() == {}
    move_clock(monkeypatch, 2)
    assert run() == {"expired": 1}

    assert [event.type for event in list_order_events(order)] == [
        "order.placed",
        "order.expired",
        "order.void_requested",
    ]


@pytest.mark.parametrize("finish", [captured, cancel])
def test_paid_and_cancelled_orders_are_not_read(finish, tea, monkeypatch):
    order = orders.create_order(finish, product=tea)
    move_clock(monkeypatch)

    assert run() == {}
    assert status_of(order) in ("paid", "cancelled")


def test_a_paid_order_from_a_lagging_index_is_unchanged(tea, monkeypatch):
    order = orders.create_order(captured, product=tea)
    move_clock(monkeypatch)
    monkeypatch.setattr(
        expire_orders.repository, "list_due_order_ids", lambda *_, **__: [order.order_id]
    )

    assert run() == {"unchanged": 1}

    assert status_of(order) == "paid"
    assert count_units(tea) == (8, 2)


def test_two_runs_at_once_expire_an_order_once(tea, monkeypatch):
    order = orders.create_order(product=tea)
    move_clock(monkeypatch)
    monkeypatch.setattr(
        expire_orders.repository, "list_due_order_ids", lambda *_, **__: [order.order_id] * 2
    )

    assert run() == {"expired": 1, "unchanged": 1}

    assert count_units(tea) == (10, 0)
    assert [event.type for event in list_order_events(order)].count("order.expired") == 1


def test_a_failed_order_is_reported_after_the_others_expire(tea, monkeypatch):
    placed = [orders.create_order(product=tea) for _ in range(3)]
    move_clock(monkeypatch)

    with (
        inject_faults(connection().client, "TransactWriteItems", None, read_timeout()),
        logs.captured() as lines,
        pytest.raises(OrdersNotExpired),
    ):
        handler(sample("orders.expire_orders"), CONTEXT)

    assert [status_of(order) for order in placed] == ["expired", "pending_payment", "expired"]
    assert summary(lines) == {"expired": 2, "failed": 1}
    (line,) = lines.saying("order not expired")
    assert (line["level"], line["reason"]) == ("ERROR", "Unavailable")
    assert line["order_id"] == placed[1].order_id
    assert line["correlation_id"] == sample("orders.expire_orders")["id"]
    assert run() == {"expired": 1}


def test_a_crash_at_one_order_does_not_stop_the_others(tea, monkeypatch):
    placed = [orders.create_order(product=tea) for _ in range(2)]
    move_clock(monkeypatch)
    crash = error_reply("ValidationException")

    with (
        inject_faults(connection().client, "TransactWriteItems", crash),
        pytest.raises(OrdersNotExpired),
    ):
        handler(sample("orders.expire_orders"), CONTEXT)

    assert [status_of(order) for order in placed] == ["pending_payment", "expired"]


def test_a_run_out_of_time_leaves_orders_to_the_next_run(tea, monkeypatch):
    placed = [orders.create_order(product=tea, quantity=1) for _ in range(5)]
    move_clock(monkeypatch)

    assert run(context_with_time_for(2)) == {"expired": 2, "left_for_next_run": 3}
    assert [status_of(order) for order in placed] == ["expired"] * 2 + ["pending_payment"] * 3
    assert run() == {"expired": 3}


def test_a_run_expires_a_limited_number_of_orders(tea, monkeypatch):
    for _ in range(4):
        orders.create_order(product=tea, quantity=1)
    move_clock(monkeypatch)
    monkeypatch.setattr(expire_orders, "ORDERS_PER_RUN_MAX", 3)

    assert run() == {"expired": 3}
    assert run() == {"expired": 1}


def test_each_order_costs_two_calls(tea, monkeypatch):
    for _ in range(3):
        orders.create_order(product=tea, quantity=1)
    move_clock(monkeypatch)
    client = connection().client

    with (
        inject_faults(client, "Query") as queries,
        inject_faults(client, "GetItem") as reads,
        inject_faults(client, "TransactWriteItems") as writes,
    ):
        run()

    assert (len(queries), len(reads), len(writes)) == (1, 3, 3)


def test_a_shop_without_due_orders_has_nothing_to_do():
    assert run() == {}
