"""Contradictions inside one order."""

from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer

from local import order_checks
from shared.storage.models.orders import Order
from tests.support import orders
from tests.support.orders import LIFECYCLES


def to_item(order: Order) -> dict[str, Any]:
    item: dict[str, Any] = TypeDeserializer().deserialize({"M": order.serialize()})
    return item


def list_faults(order: Order) -> list[str]:
    return list(order_checks.list_faults(to_item(order)))


@pytest.mark.parametrize("decisions", [*LIFECYCLES.values(), (orders.authorized,)])
def test_orders_of_every_status_have_no_fault(decisions):
    assert list_faults(orders.new_order(*decisions)) == []


@pytest.mark.parametrize(
    ("status", "changes", "fault"),
    [
        ("paid", {"status": "shipped"}, "the status is shipped, the history ends with paid"),
        (
            "paid",
            {"awaits": "payment", "expires_at": "now"},
            "the status is paid, but the order still expires",
        ),
        (
            "pending_payment",
            {"awaits": None},
            "the status is pending_payment, but the order does not expire",
        ),
        ("delivered", {"payment": None}, "the status is delivered, but no payment was received"),
        (
            "cancelled",
            {"payment": {"captured_minor": 5}},
            "the status is cancelled, but 5 of the captured amount is not refunded",
        ),
        (
            "refunded",
            {"payment": {"captured_minor": 10}},
            "10 was received, but 3000 is to be refunded",
        ),
        (
            "paid",
            {"totals": {"shipping_minor": 1}},
            "the total is 3000, its parts add up to 3001",
        ),
        ("paid", {"totals": {"items_minor": 1}}, "the lines do not add up to the totals"),
    ],
)
def test_a_contradiction_is_described(status, changes, fault):
    item = to_item(orders.new_order(*LIFECYCLES[status]))
    for name, value in changes.items():
        item[name] = (item.get(name) or {}) | value if isinstance(value, dict) else value
    item = {name: value for name, value in item.items() if value is not None}

    assert fault in list(order_checks.list_faults(item))


def test_a_refunded_order_needs_its_refund():
    order = orders.new_order(*LIFECYCLES["refunded"])
    order.refunds[0].status = "failed"

    assert list_faults(order) == [
        "the status is refunded, but 3000 of the captured amount is not refunded",
        "the status is refunded, but only 0 of 3000 is refunded",
    ]


def test_a_manual_payment_that_is_owed_is_no_fault():
    order = orders.new_order(orders.mark_paid_manually, orders.cancel)

    assert list_faults(order) == []
