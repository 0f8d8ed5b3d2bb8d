"""Whole slice: every refund is recorded, and no sum of them counts for more than was received."""

from functools import partial
from itertools import permutations

import pytest

from orders.lifecycle import balances, decisions
from orders.lifecycle.service import update_order
from tests.support import logs, orders
from tests.support.events import published_events
from tests.support.order_requests import place_order
from tests.support.payments import (
    get_order,
    run_payment_worker,
    send_webhook,
    start_payment,
    webhook_outcome,
)

pytestmark = pytest.mark.usefixtures("aws", "provider")

refund_in_shop = partial(
    decisions.refund, by="usr_staff", reason=None, key="key-1", fingerprint="-"
)


@pytest.fixture
def payment_id(provider, order_id) -> str:
    """Of an order that has received 2000."""
    started = start_payment(order_id)
    webhook_outcome(provider.report_captured(started))
    return started


def refunded_amounts() -> list[int]:
    """What the events told the buyers."""
    return [
        event.data.amount.amount_minor
        for event in published_events()
        if event.type == "order.refunded"
    ]


def test_three_refunds_beyond_the_payment_count_as_the_payment(provider, order_id, payment_id):
    events = [provider.report_refund(payment_id, 1999, bank_id=f"re_{n}") for n in range(3)]

    with logs.captured() as lines:
        outcomes = [webhook_outcome(event) for event in events]

    order = get_order(order_id)
    assert outcomes == ["applied"] * 3
    assert [int(refund.amount_minor) for refund in order.refunds] == [1999] * 3
    assert (order.status, balances.refunded_minor(order)) == ("refunded", 2000)
    assert balances.refundable_minor(order) == 0
    assert sorted(refunded_amounts()) == [1, 1999]
    needing_review = lines.saying("payment needs review")
    assert [(line["level"], line["order_id"], line["reason"]) for line in needing_review] == [
        ("ERROR", order_id, "refunds_exceed_payment")
    ] * 2


def test_refunds_up_to_the_payment_raise_no_alarm(provider, order_id, payment_id):
    with logs.captured() as lines:
        for number, amount in enumerate([500, 500, 1000]):
            webhook_outcome(provider.report_refund(payment_id, amount, bank_id=f"re_{number}"))

    assert lines.saying("payment needs review") == []
    assert get_order(order_id).status == "refunded"


AMOUNTS = (700, 800, 900, 2000)


@pytest.mark.parametrize("sequence", list(permutations(AMOUNTS))[::3], ids=str)
def test_the_counted_sum_is_the_same_in_every_order(provider, order_id, payment_id, sequence):
    for amount in sequence:
        webhook_outcome(provider.report_refund(payment_id, amount, bank_id=f"re_{amount}"))

    order = get_order(order_id)
    assert (order.status, balances.refunded_minor(order)) == ("refunded", 2000)
    assert sum(refunded_amounts()) == 2000
    assert len(order.refunds) == 4


@pytest.mark.parametrize("is_bank_first", [True, False])
def test_our_refund_in_flight_is_not_paid_beyond_the_payment(
    provider, order_id, payment_id, is_bank_first
):
    update_order(order_id, partial(refund_in_shop, amount_minor=1500))
    reported = provider.report_dashboard_refund(payment_id, 1500)

    if is_bank_first:
        webhook_outcome(reported)
    run_payment_worker()
    if not is_bank_first:
        webhook_outcome(reported)

    order = get_order(order_id)
    assert [refund.status for refund in order.refunds] == ["failed", "succeeded"]
    assert balances.refunded_minor(order) == provider.payments[payment_id].refunded_minor == 1500
    assert balances.refundable_minor(order) == 500


def test_a_failed_refund_beyond_the_payment_gives_nothing_back(provider, order_id, payment_id):
    for number in range(2):
        webhook_outcome(provider.report_refund(payment_id, 1500, bank_id=f"re_{number}"))

    webhook_outcome(provider.report_refund(payment_id, 1500, bank_id="re_1", status="failed"))

    order = get_order(order_id)
    assert (balances.refunded_minor(order), balances.refundable_minor(order)) == (1500, 500)


def test_refunds_of_the_provider_take_no_manual_money(provider, order_id):
    payment = start_payment(order_id)
    update_order(order_id, orders.mark_paid_manually)
    webhook_outcome(provider.report_captured(payment))
    for number in range(3):
        webhook_outcome(provider.report_refund(payment, 2000, bank_id=f"re_{number}"))

    order = get_order(order_id)
    assert (balances.received_minor(order), balances.refunded_minor(order)) == (4000, 2000)
    assert (order.status, balances.manual_refundable_minor(order)) == ("paid", 2000)


def test_the_number_of_refunds_from_webhooks_is_limited(
    provider, order_id, payment_id, monkeypatch
):
    monkeypatch.setattr("orders.lifecycle.transitions.ENTRIES_MAX", 2)
    for number in range(2):
        webhook_outcome(provider.report_refund(payment_id, 1, bank_id=f"re_{number}"))

    answer = send_webhook(provider.report_refund(payment_id, 1, bank_id="re_101"))

    assert (answer.status, answer.body["reason"]) == (200, "order_entry_limit_reached")
    assert len(get_order(order_id).refunds) == 2


@pytest.mark.parametrize("captured_minor", [1, 1999, 2001, 4000])
def test_a_capture_of_another_amount_counts_nothing(provider, order_id, captured_minor):
    event = provider.event(
        "payment.captured", start_payment(order_id), captured_minor=captured_minor
    )

    with logs.captured() as lines:
        assert send_webhook(event).body["reason"] == "amount_differs"

    assert lines.saying("webhook refused")
    assert balances.received_minor(get_order(order_id)) == 0


def test_a_second_payment_of_one_order_is_refused(provider, tea, order_id):
    first = start_payment(order_id)
    webhook_outcome(provider.report_captured(first))
    second = start_payment(place_order(tea, key="key-2"))
    event = provider.event("payment.captured", second, order_id=order_id)

    assert send_webhook(event).body["reason"] == "unknown_payment"
    assert balances.received_minor(get_order(order_id)) == 2000
