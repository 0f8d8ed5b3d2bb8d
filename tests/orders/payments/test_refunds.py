"""Whole slice: the worker refunds payments. Its messages may arrive twice and late."""

import json
from datetime import timedelta
from functools import partial

import pytest

from orders.lifecycle import balances, decisions
from orders.lifecycle.service import update_order
from orders.payments.provider import Refund
from shared.errors.orders import PaymentRefused, PaymentUnavailable
from shared.events.all_events import parse_event
from shared.events.orders import OrderPaid
from shared.storage.models.orders import Order
from tests.support import logs, shop
from tests.support.events import sorted_event_types
from tests.support.http import sample
from tests.support.order_requests import place_order
from tests.support.orders import cancel
from tests.support.payments import (
    FIRST_FAILED,
    NOTHING_FAILED,
    get_order,
    payment_requests,
    run_payment_worker,
    start_payment,
    webhook_outcome,
)

pytestmark = pytest.mark.usefixtures("aws", "provider")


def pay(provider, order_id: str) -> str:
    """Return the id of the payment."""
    payment_id = start_payment(order_id)
    assert webhook_outcome(provider.report_captured(payment_id)) == "applied"
    return payment_id


def refund(order_id: str, amount_minor: int | None = None, key: str = "key-1") -> str:
    """Return the id of the refund."""
    decide = partial(
        decisions.refund,
        amount_minor=amount_minor,
        by="usr_staff",
        reason=None,
        key=key,
        fingerprint="-",
    )
    return str(update_order(order_id, decide).refunds[-1].refund_id)


def only_refund(order_id: str):
    (refund,) = get_order(order_id).refunds
    return refund


def test_a_refund_is_created_at_the_provider_and_stored(provider, order_id):
    payment_id = pay(provider, order_id)
    refund_id = refund(order_id, 500)

    assert run_payment_worker() == NOTHING_FAILED

    assert provider.payments[payment_id].refunds == {
        refund_id: Refund(f"re_{refund_id}", "succeeded")
    }
    stored_refund = only_refund(order_id)
    assert (stored_refund.status, stored_refund.provider_refund_id) == (
        "succeeded",
        f"re_{refund_id}",
    )
    assert get_order(order_id).status == "paid"
    assert "order.refunded" in sorted_event_types()


def test_a_full_refund_ends_the_order(provider, tea, order_id):
    pay(provider, order_id)
    refund(order_id)

    run_payment_worker()

    assert get_order(order_id).status == "refunded"
    assert shop.available(tea) == 10


def test_a_repeated_refund_message_sends_no_request(provider, order_id):
    pay(provider, order_id)
    refund(order_id, 500)
    run_payment_worker()
    before = Order.get(order_id).serialize()
    provider.calls.clear()

    assert run_payment_worker() == NOTHING_FAILED

    assert provider.calls == []
    assert Order.get(order_id).serialize() == before


def test_a_pending_refund_succeeds_by_webhook(provider, order_id):
    payment_id = pay(provider, order_id)
    refund_id = refund(order_id, 500)
    provider.refund_status = "requested"
    run_payment_worker()
    provider.calls.clear()

    run_payment_worker()

    assert provider.calls == []
    assert only_refund(order_id).status == "requested"
    assert "order.refunded" not in sorted_event_types()
    assert (
        webhook_outcome(provider.report_refund(payment_id, 500, refund_id=refund_id)) == "applied"
    )
    assert only_refund(order_id).status == "succeeded"
    assert "order.refunded" in sorted_event_types()


@pytest.mark.parametrize("is_webhook_first", [True, False])
def test_webhook_and_worker_settle_one_refund_in_either_order(provider, order_id, is_webhook_first):
    payment_id = pay(provider, order_id)
    refund_id = refund(order_id, 500)
    event = provider.report_refund(payment_id, 500, refund_id=refund_id)

    outcomes = (
        [webhook_outcome(event), run_payment_worker()]
        if is_webhook_first
        else [run_payment_worker(), webhook_outcome(event)]
    )

    assert outcomes in (["applied", NOTHING_FAILED], [NOTHING_FAILED, "repeated"])
    assert only_refund(order_id).status == "succeeded"
    assert sorted_event_types().count("order.refunded") == 1


def test_a_refused_refund_fails_and_is_reported(provider, order_id):
    pay(provider, order_id)
    refund(order_id, 500)
    provider.refusals = [PaymentRefused(reason="charge_disputed")]

    with logs.captured() as lines:
        assert run_payment_worker() == NOTHING_FAILED

    assert only_refund(order_id).status == "failed"
    assert "order.refund_failed" in sorted_event_types()
    assert [line["reason"] for line in lines.saying("audit")] == ["charge_disputed"]
    assert refund(order_id, 2000, key="key-2")  # a failed refund leaves its amount refundable


def test_a_refused_refund_is_not_tried_again_by_a_repeat(provider, order_id):
    pay(provider, order_id)
    refund(order_id, 500)
    provider.refusals = [PaymentRefused(reason="charge_disputed")]
    run_payment_worker()
    order = get_order(order_id)
    order.refunds[0].provider_refund_id = None  # its status alone decides
    order.save()
    provider.calls.clear()

    run_payment_worker()

    assert provider.calls == []
    assert only_refund(order_id).status == "failed"


def test_a_refund_of_a_payment_that_is_unknown_there_fails(provider, order_id):
    """As after a change of the account at the provider. A person must refund it."""
    pay(provider, order_id)
    update_order(order_id, cancel)
    provider.refusals = [PaymentRefused(reason="not_found")] * 2

    assert run_payment_worker() == NOTHING_FAILED

    assert only_refund(order_id).status == "failed"
    assert "order.refund_failed" in sorted_event_types()


@pytest.mark.parametrize("statuses", [["succeeded"], ["requested", "succeeded"]])
def test_a_refund_that_another_call_made_counts(provider, order_id, statuses):
    """Two workers had the message: one was refused while the other made the refund."""
    payment_id = pay(provider, order_id)
    refund_id = refund(order_id, 500)
    provider.refusals = [PaymentRefused(reason="lock_timeout")]
    run_payment_worker()

    for status in statuses:
        event = provider.report_refund(payment_id, 500, refund_id=refund_id, status=status)
        assert webhook_outcome(event) == "applied"
        assert only_refund(order_id).status == status

    assert balances.refunded_minor(get_order(order_id)) == 500
    assert only_refund(order_id).provider_refund_id == f"re_{refund_id}"


def test_a_refund_that_fails_later_is_reported(provider, order_id):
    payment_id = pay(provider, order_id)
    refund_id = refund(order_id, 500)
    run_payment_worker()

    webhook_outcome(provider.report_refund(payment_id, 500, refund_id=refund_id, status="failed"))

    assert only_refund(order_id).status == "failed"
    assert "order.refund_failed" in sorted_event_types()


def test_the_message_is_retried_if_the_provider_is_unavailable(provider, order_id):
    pay(provider, order_id)
    refund(order_id, 500)
    provider.refusals = [PaymentUnavailable()]

    with logs.captured() as lines:
        assert run_payment_worker() == FIRST_FAILED

    assert only_refund(order_id).status == "requested"
    (line,) = lines.saying("payment request failed")
    assert (line["level"], line["reason"]) == ("ERROR", "PaymentUnavailable")
    assert run_payment_worker() == NOTHING_FAILED
    assert only_refund(order_id).status == "succeeded"


def test_a_failed_message_does_not_stop_the_others(provider, tea):
    first, second = place_order(tea, key="key-1"), place_order(tea, key="key-2")
    for order_id in (first, second):
        pay(provider, order_id)
        refund(order_id, 500)
    messages = sorted(payment_requests(), key=lambda message: message.data.order_id != first)
    provider.refusals = [PaymentUnavailable(), None]

    assert run_payment_worker(*messages) == FIRST_FAILED

    assert only_refund(first).status == "requested"
    assert only_refund(second).status == "succeeded"


def test_a_refund_whose_response_was_lost_is_made_once(provider, order_id, monkeypatch):
    payment_id = pay(provider, order_id)
    refund_id = refund(order_id, 500)
    create_refund = provider.create_refund

    def create_and_lose_response(*args):
        create_refund(*args)
        raise PaymentUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(provider, "create_refund", create_and_lose_response)
        assert run_payment_worker() == FIRST_FAILED

    run_payment_worker()

    assert list(provider.payments[payment_id].refunds) == [refund_id]
    assert only_refund(order_id).status == "succeeded"


def test_a_refund_made_a_day_ago_is_found_and_not_repeated(provider, order_id, shifted_clock):
    """The provider may have forgotten the idempotency key."""
    payment_id = pay(provider, order_id)
    refund_id = refund(order_id, 500)
    provider.payments[payment_id].refunds[refund_id] = Refund("re_made_yesterday", "succeeded")
    shifted_clock.ahead = timedelta(days=1)
    provider.calls.clear()

    run_payment_worker()

    assert provider.calls == ["find_refund"]
    assert only_refund(order_id).provider_refund_id == "re_made_yesterday"


def test_a_refund_that_was_not_made_is_made_a_day_later(provider, order_id, shifted_clock):
    pay(provider, order_id)
    refund(order_id, 500)
    shifted_clock.ahead = timedelta(days=1)
    provider.calls.clear()

    run_payment_worker()

    assert provider.calls == ["find_refund", "create_refund"]
    assert only_refund(order_id).status == "succeeded"


@pytest.mark.parametrize(
    ("age", "calls"),
    [
        (timedelta(hours=11, minutes=59), ["create_refund"]),
        (timedelta(hours=12, minutes=1), ["find_refund", "create_refund"]),
    ],
)
def test_half_the_life_of_a_key_is_trusted(provider, order_id, shifted_clock, age, calls):
    """Stripe keeps it 24 hours or more; the other half is for a slow call and wrong clocks."""
    pay(provider, order_id)
    refund(order_id, 500)
    shifted_clock.ahead = age
    provider.calls.clear()

    run_payment_worker()

    assert provider.calls == calls


def test_a_payment_of_another_provider_is_not_touched(provider, order_id):
    """The shop has changed its provider since."""
    pay(provider, order_id)
    refund(order_id, 500)
    provider.name = "stripe"
    provider.calls.clear()

    with logs.captured() as lines:
        assert run_payment_worker() == FIRST_FAILED

    assert provider.calls == []
    assert [line["reason"] for line in lines.saying("payment request failed")] == [
        "ProviderMismatch"
    ]


def test_an_unexpected_event_fails_and_is_kept(order_id):
    paid_event = OrderPaid.model_validate(
        {
            "data": {
                "order_id": order_id,
                "buyer_id": "usr_ada",
                "total": {"amount_minor": 1, "currency": "EUR"},
            }
        }
    )

    with logs.captured() as lines:
        assert run_payment_worker(paid_event) == FIRST_FAILED

    assert [line["reason"] for line in lines.saying("payment request failed")] == [
        "UnexpectedEvent"
    ]


def test_an_unknown_order_or_refund_fails_and_is_kept(provider, order_id):
    (record,) = sample("orders.execute_payment_requests")["Records"]
    unknown = parse_event(json.loads(record["body"])["detail"])
    pay(provider, order_id)
    unknown_refund = unknown.data.model_copy(update={"order_id": order_id})

    assert run_payment_worker(unknown) == FIRST_FAILED
    assert run_payment_worker(unknown.model_copy(update={"data": unknown_refund})) == FIRST_FAILED
