"""Contradictions inside one order."""

from datetime import timedelta
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer

from local import order_checks
from orders.lifecycle import balances, provider_events, refunds
from orders.lifecycle.effects import Effects
from shared import clock
from shared.storage.models.orders import Order, OrderDispute, OrderTax
from tests.support import orders
from tests.support.orders import LIFECYCLES

YEAR = timedelta(days=365)


def to_item(order: Order) -> dict[str, Any]:
    item: dict[str, Any] = TypeDeserializer().deserialize({"M": order.serialize()})
    return item


def list_faults(order: Order) -> list[str]:
    return list(order_checks.list_faults(to_item(order), clock.utc_now()))


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
            "3000 was refunded, but only 10 was received; last 0 h ago",
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

    assert fault in list(order_checks.list_faults(item, clock.utc_now()))


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


# What is overdue


def requested_refund(order: Order) -> Effects | None:
    return orders.refund(1000)(order)


OVERDUE = {
    "a refund of 1000 never reached the provider; requested": (
        orders.captured,
        requested_refund,
    ),
    "the order is shipped, but its payment is only authorized; shipped": (
        orders.authorized,
        orders.ship,
    ),
    "the order is delivered, but its payment is only authorized; shipped": (
        orders.authorized,
        orders.ship,
        orders.deliver,
    ),
    "the order is cancelled, but its payment is still authorized; ended": (
        orders.authorized,
        orders.cancel,
    ),
    "the order is cancelled, but its payment is still started; ended": (
        orders.start_payment,
        orders.cancel,
    ),
    "the order is expired, but its payment is still started; ended": (
        orders.start_payment,
        orders.expire,
    ),
    "staff received the money, but a payment is started; paid": (
        orders.start_payment,
        orders.mark_paid_manually,
    ),
}


@pytest.mark.parametrize("fault", OVERDUE)
def test_what_the_provider_did_not_do_is_overdue(fault):
    order = orders.new_order(*OVERDUE[fault])
    now = clock.utc_now()

    def faults_after(**age: float) -> list[str]:
        return list(order_checks.list_faults(to_item(order), now + timedelta(**age)))

    assert faults_after(minutes=59) == []
    assert faults_after(hours=3.5) == [f"{fault} 3 h ago"]
    assert faults_after(days=3.5) == [f"{fault} 3 days ago"]


def test_a_pending_refund_is_overdue_after_two_weeks():
    order = orders.new_order(orders.captured, requested_refund, orders.settle_refund("requested"))
    now = clock.utc_now()

    def is_overdue_after(days: int) -> bool:
        return any(order_checks.find_overdue(to_item(order), now + timedelta(days=days)))

    assert not is_overdue_after(13)
    assert is_overdue_after(15)


@pytest.mark.parametrize("decisions", LIFECYCLES.values(), ids=list(LIFECYCLES))
def test_a_settled_order_is_never_overdue(decisions):
    order = orders.new_order(*decisions)

    assert list(order_checks.find_overdue(to_item(order), clock.utc_now() + YEAR)) == []


def test_refunds_beyond_what_was_received_are_a_fault():
    order = orders.new_order(orders.captured)
    for number in range(3):
        provider_events.apply_refund_update(
            order,
            payment_id=orders.PAYMENT_ID,
            refund_id=None,
            provider_refund_id=f"bank_{number}",
            amount_minor=2999,
            status="succeeded",
        )

    assert list_faults(order) == ["8997 was refunded, but only 3000 was received; last 0 h ago"]


def test_a_requested_refund_beyond_what_was_received_is_a_fault():
    order = orders.new_order(orders.captured, orders.refund(500))
    order.payment.captured_minor = 10

    assert list_faults(order) == ["10 was received, but 500 is to be refunded"]


def test_a_refund_at_the_provider_may_cross_with_ours():
    order = orders.new_order(orders.start_payment, orders.captured)
    refunds.request_refund(order, 3000, by="usr_staff", reason="cancelled", key="cancelled")
    provider_events.apply_refund_update(
        order,
        payment_id=orders.PAYMENT_ID,
        refund_id=None,
        provider_refund_id="bank_1",
        amount_minor=700,
        status="succeeded",
    )

    assert list_faults(order) == []


def test_a_manual_payment_hides_no_excess_at_the_provider():
    decisions = (orders.start_payment, orders.mark_paid_manually, orders.captured)
    order = orders.new_order(*decisions, orders.settle_refund())
    provider_events.apply_refund_update(
        order,
        payment_id=orders.PAYMENT_ID,
        refund_id=None,
        provider_refund_id="bank_1",
        amount_minor=1000,
        status="succeeded",
    )

    assert "4000 was refunded, but only 3000 was received; last 0 h ago" in list_faults(order)


@pytest.mark.parametrize(
    ("status", "kept"), [("lost", 0), ("needs_response", 0), ("warning_needs_response", 3000)]
)
def test_disputed_money_of_a_closed_order_is_not_kept(status, kept):
    order = orders.new_order(orders.captured, orders.cancel, orders.settle_refund("failed"))
    order.disputes.append(
        OrderDispute(
            dispute_id="dp_1",
            amount_minor=3000,
            status=status,
            reason="fraudulent",
            reported_at=clock.utc_now(),
        )
    )

    faults = [f"the status is cancelled, but {kept} of the captured amount is not refunded"]
    assert list_faults(order) == (faults if kept else [])


def test_the_checks_and_the_shop_agree_on_disputes():
    assert order_checks.DISPUTES_WITHOUT_LOSS >= balances.DISPUTES_WITHOUT_LOSS
    assert {
        status
        for status in order_checks.DISPUTES_WITHOUT_LOSS - balances.DISPUTES_WITHOUT_LOSS
        if not status.startswith(balances.INQUIRY)
    } == set()


def test_the_taxes_of_an_order_add_up():
    order = orders.new_order()
    order.totals.shipping_tax_minor = 3
    order.totals.tax_minor, order.totals.taxes = 3, [OrderTax(name="VAT", amount_minor=2)]
    order.totals.total_minor += 3

    (fault,) = list_faults(order)
    order.totals.taxes[0].amount_minor = 3
    order.lines[0].tax_minor = 1
    of_line, of_total = list_faults(order)

    assert fault == "the taxes do not add up to 3"
    assert of_line == "the taxes do not add up to 1"
    assert of_total == "the taxes of the lines and of shipping do not add up to the total's"
