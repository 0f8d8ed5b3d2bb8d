"""The operator's command that marks overdue orders for the payment sweep."""

from datetime import timedelta

import pytest

from local import payment_sweep
from local.payment_sweep import mark_overdue_orders
from orders.lifecycle import repository
from shared import clock
from shared.storage.models.orders import SETTLEMENT_OPEN, Order
from tests.local import shops
from tests.support import orders

pytestmark = pytest.mark.usefixtures("aws")


def write_as_an_older_version(*decisions: orders.Decide, hours_ago: int) -> Order:
    """An order without a mark, whose last step was that long ago."""
    order = orders.create_order(*decisions)
    for entry in (*order.history, *order.refunds):
        entry.at -= timedelta(hours=hours_ago)
    order.settlement = order.settlement_due_at = None
    order.save()
    return order


def due_order_ids() -> list[str]:
    now = clock.utc_now() + timedelta(seconds=1)
    return [order_id for order_id, _ in repository.list_unsettled_orders(now, limit=10)]


def test_an_overdue_order_without_a_mark_becomes_due():
    overdue = write_as_an_older_version(orders.captured, orders.cancel, hours_ago=2)
    write_as_an_older_version(orders.captured, orders.cancel, hours_ago=0)
    write_as_an_older_version(orders.captured, hours_ago=2)
    before = Order.get(overdue.order_id).serialize()

    message = mark_overdue_orders(shops.shop())

    assert message.startswith("1 orders are due.")
    assert due_order_ids() == [overdue.order_id]
    after = Order.get(overdue.order_id).serialize()
    assert after | {"settlement": None, "settlement_due_at": None} == before | {
        "settlement": None,
        "settlement_due_at": None,
    }


def test_an_order_is_overdue_by_the_clock_of_the_shop(monkeypatch):
    overdue = write_as_an_older_version(orders.captured, orders.cancel, hours_ago=0)
    later = clock.utc_now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "utc_now", lambda: later)

    assert mark_overdue_orders(shops.shop()).startswith("1 orders")
    assert due_order_ids() == [overdue.order_id]


@pytest.mark.parametrize(("hours_ago", "is_marked"), [(0, False), (2, True)])
def test_an_order_with_a_pending_refund_becomes_due(hours_ago, is_marked):
    """The sweep asks the provider, long before the refund counts as overdue."""
    decisions = (orders.captured, orders.cancel, orders.settle_refund("requested"))
    pending = write_as_an_older_version(*decisions, hours_ago=hours_ago)

    mark_overdue_orders(shops.shop())

    assert due_order_ids() == [pending.order_id] * is_marked


def test_an_order_that_cannot_be_read_stops_no_other():
    broken, overdue = (
        write_as_an_older_version(orders.captured, orders.cancel, hours_ago=2) for _ in range(2)
    )
    broken.update([Order.history.remove(), Order.refunds.remove()])

    assert mark_overdue_orders(shops.shop()).startswith("1 orders")
    assert due_order_ids() == [overdue.order_id]


def test_an_order_that_changed_since_the_scan_is_left_alone(monkeypatch):
    order = write_as_an_older_version(orders.captured, orders.cancel, hours_ago=2)
    scan_items = payment_sweep.scan_items

    def scan_then_change(*arguments):
        for item in scan_items(*arguments):
            changed = Order.get(order.order_id)
            changed.version += 1
            changed.save()
            yield item

    monkeypatch.setattr(payment_sweep, "scan_items", scan_then_change)

    assert mark_overdue_orders(shops.shop()).startswith("0 orders")
    assert due_order_ids() == []


def test_the_mark_is_the_one_that_the_sweep_reads():
    assert payment_sweep.SETTLEMENT_OPEN == SETTLEMENT_OPEN
