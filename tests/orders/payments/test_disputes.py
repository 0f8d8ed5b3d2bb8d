"""Whole slice: disputes are recorded in any order of arrival, announced, and counted."""

from itertools import permutations

import pytest

from orders.lifecycle import balances
from orders.lifecycle.service import update_order
from orders.staff_api import handler as staff_api
from shared.errors.orders import RefundTooLarge
from shared.money import Money
from shared.storage.models.orders import Order
from tests.support import orders
from tests.support.events import published_events
from tests.support.http import Caller, send
from tests.support.payments import (
    NOTHING_FAILED,
    get_order,
    run_payment_worker,
    send_webhook,
    start_payment,
    webhook_outcome,
)

pytestmark = pytest.mark.usefixtures("aws", "provider")


@pytest.fixture
def payment_id(provider, order_id) -> str:
    """Of an order that has received 2000."""
    started = start_payment(order_id)
    webhook_outcome(provider.report_captured(started))
    return started


def dispute_of(order_id: str) -> tuple[int, str]:
    (dispute,) = get_order(order_id).disputes
    return int(dispute.amount_minor), dispute.status


def dispute_events() -> list[tuple[str, str]]:
    return sorted(
        (event.type, event.data.status) for event in published_events() if "dispute" in event.type
    )


def history_of(order: Order) -> list[str]:
    return [step.event for step in order.history if "disput" in (step.event or "")]


def test_a_dispute_is_recorded_and_announced(provider, order_id, payment_id):
    assert webhook_outcome(provider.report_dispute(payment_id)) == "applied"

    order = get_order(order_id)
    (dispute,) = order.disputes
    assert (dispute.dispute_id, dispute.reason) == ("dp_1", "fraudulent")
    assert (order.status, history_of(order)) == ("paid", ["disputed"])
    (event,) = [event for event in published_events() if event.type == "order.disputed"]
    assert (event.data.order_id, event.data.dispute_id) == (order_id, "dp_1")
    assert (event.data.amount.amount_minor, event.data.reason) == (2000, "fraudulent")


STORY = (
    ("needs_response", 1),
    ("needs_response", 2),  # funds_withdrawn
    ("under_review", 3),
    ("won", 4),
    ("won", 5),  # funds_reinstated
)


@pytest.mark.parametrize("sequence", list(permutations(STORY))[::11], ids=range(11))
def test_a_dispute_ends_the_same_in_any_order(provider, order_id, payment_id, sequence):
    events = [provider.report_dispute(payment_id, status, second=at) for status, at in sequence]

    for event in events * 2:
        assert webhook_outcome(event) in ("applied", "repeated")

    order = get_order(order_id)
    assert dispute_of(order_id) == (2000, "won")
    assert history_of(order) == ["disputed", "dispute_closed"]
    assert [type_ for type_, _ in dispute_events()] == ["order.dispute_closed", "order.disputed"]
    assert [webhook_outcome(event) for event in events] == ["repeated"] * 5


def test_a_later_decision_replaces_an_earlier_one(provider, order_id, payment_id):
    for status, second in (("lost", 5), ("won", 9), ("lost", 7), ("needs_response", 10)):
        webhook_outcome(provider.report_dispute(payment_id, status, second=second))

    assert dispute_of(order_id) == (2000, "won")
    assert history_of(get_order(order_id)) == ["disputed", "dispute_closed"]


@pytest.mark.parametrize(
    ("status", "refundable"),
    [
        ("warning_needs_response", 2000),
        ("warning_closed", 2000),
        ("needs_response", 1500),
        ("under_review", 1500),
        ("lost", 1500),
        ("won", 2000),
        ("prevented", 2000),
        ("a_new_status", 1500),
    ],
)
def test_a_dispute_takes_its_amount_until_it_is_won(
    provider, order_id, payment_id, status, refundable
):
    webhook_outcome(provider.report_dispute(payment_id, status, amount_minor=500))

    order = get_order(order_id)
    assert balances.provider_refundable_minor(order) == refundable
    assert (balances.received_minor(order), balances.refunded_minor(order)) == (2000, 0)
    with pytest.raises(RefundTooLarge):
        orders.refund(refundable + 1)(order)


@pytest.mark.parametrize("is_dispute_first", [True, False])
def test_a_cancellation_does_not_pay_what_a_dispute_took(
    provider, order_id, payment_id, is_dispute_first
):
    reported = provider.report_dispute(payment_id, "lost", amount_minor=2000)

    if is_dispute_first:
        webhook_outcome(reported)
        update_order(order_id, orders.cancel)
        assert get_order(order_id).refunds == []
    else:
        update_order(order_id, orders.cancel)
        run_payment_worker()
        webhook_outcome(reported)
        # The refund came first, and the bank decides about the dispute.
        assert provider.payments[payment_id].refunded_minor == 2000
    assert balances.refundable_minor(get_order(order_id)) == 0


@pytest.mark.parametrize(("amount", "rest"), [(2000, []), (500, [(1500, "succeeded")])])
def test_a_dispute_overtakes_the_refund_of_a_cancellation(
    provider, order_id, payment_id, amount, rest
):
    update_order(order_id, orders.cancel)
    webhook_outcome(provider.report_dispute(payment_id, amount_minor=amount, second=1))

    for _ in range(2):
        assert run_payment_worker() == NOTHING_FAILED

    refunds = [(int(each.amount_minor), each.status) for each in get_order(order_id).refunds]
    assert refunds == [(2000, "failed"), *rest]
    assert provider.payments[payment_id].refunded_minor == 2000 - amount
    webhook_outcome(provider.report_dispute(payment_id, "won", amount_minor=amount, second=2))
    run_payment_worker()
    assert provider.payments[payment_id].refunded_minor == 2000
    assert balances.refunded_minor(get_order(order_id)) == 2000


def test_a_refund_made_before_the_dispute_still_counts(provider, order_id, payment_id):
    """Its answer was lost, so the shop asks the provider before it gives up."""
    refund = update_order(order_id, orders.refund(2000)).refunds[0]
    total = Money(amount_minor=2000, currency="EUR")
    provider.create_refund(payment_id, total, refund.refund_id)
    webhook_outcome(provider.report_dispute(payment_id))

    assert run_payment_worker() == NOTHING_FAILED

    assert [each.status for each in get_order(order_id).refunds] == ["succeeded"]


@pytest.mark.parametrize(("status", "is_shippable"), [("needs_response", True), ("lost", False)])
def test_only_a_lost_dispute_stops_the_shipment(
    provider, order_id, payment_id, status, is_shippable
):
    webhook_outcome(provider.report_dispute(payment_id, status))

    assert balances.is_fully_claimed(get_order(order_id)) is not is_shippable


def test_a_won_dispute_of_a_cancelled_order_is_refunded_once(provider, order_id, payment_id):
    webhook_outcome(provider.report_dispute(payment_id, second=1))
    update_order(order_id, orders.cancel)
    assert get_order(order_id).refunds == []

    for second in (2, 3):
        webhook_outcome(provider.report_dispute(payment_id, "won", second=second))
    assert run_payment_worker() == NOTHING_FAILED

    order = get_order(order_id)
    assert [(int(refund.amount_minor), refund.status) for refund in order.refunds] == [
        (2000, "succeeded")
    ]
    assert provider.payments[payment_id].refunded_minor == 2000


def test_a_lost_dispute_that_took_less_leaves_the_rest_refunded(provider, order_id, payment_id):
    webhook_outcome(provider.report_dispute(payment_id, second=1))
    update_order(order_id, orders.cancel)

    for status, second in (("lost", 2), ("lost", 3), ("won", 4), ("won", 5)):
        webhook_outcome(
            provider.report_dispute(payment_id, status, second=second, amount_minor=500)
        )
        assert run_payment_worker() == NOTHING_FAILED

    refunds = [(int(each.amount_minor), each.status) for each in get_order(order_id).refunds]
    assert refunds == [(1500, "succeeded"), (500, "succeeded")]
    assert provider.payments[payment_id].refunded_minor == 2000


@pytest.mark.parametrize("finish", [orders.cancel, orders.expire])
@pytest.mark.parametrize(("amount", "refunded"), [(2000, []), (500, [1500])])
def test_a_dispute_before_its_capture_is_not_paid_twice(
    provider, order_id, finish, amount, refunded
):
    payment = start_payment(order_id)
    update_order(order_id, finish)
    disputed = provider.report_dispute(payment, "lost", amount_minor=amount)
    captured = provider.report_captured(payment)

    assert [webhook_outcome(event) for event in (disputed, captured)] == ["applied", "applied"]

    assert [int(refund.amount_minor) for refund in get_order(order_id).refunds] == refunded


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "dp_2", "payment_id": "pay_other"}, "unknown_payment"),
        ({"order_id": "ord_other"}, "order_not_found"),
        ({"currency": "USD"}, "amount_differs"),
    ],
)
def test_a_dispute_of_another_payment_is_refused(provider, order_id, payment_id, changes, reason):
    event = provider.report_dispute(payment_id)

    answer = send_webhook(event | {"data": event["data"] | changes})

    assert (answer.status, answer.body["reason"]) == (200, reason)
    assert get_order(order_id).disputes == []


def test_the_number_of_disputes_is_limited(provider, payment_id, monkeypatch):
    monkeypatch.setattr("orders.lifecycle.transitions.ENTRIES_MAX", 2)
    for number in range(2):
        webhook_outcome(provider.report_dispute(payment_id, id=f"dp_{number}", amount_minor=1))

    answer = send_webhook(provider.report_dispute(payment_id, id="dp_101"))

    assert (answer.status, answer.body["reason"]) == (200, "order_entry_limit_reached")


def test_staff_see_the_disputes_of_an_order(provider, order_id, payment_id):
    webhook_outcome(provider.report_dispute(payment_id))
    staff = Caller("usr_staff", "staff")

    answer = send(staff_api, "staff.get_order", caller=staff, path={"order_id": order_id})

    assert answer.body["disputes"] == [
        {
            "id": "dp_1",
            "amount": {"amount_minor": 2000, "currency": "EUR"},
            "status": "needs_response",
            "reason": "fraudulent",
            "reported_at": "1970-01-01T00:00:01Z",
        }
    ]
