"""Whole slice: webhooks of the payment provider are applied once, or refused."""

from datetime import timedelta

import pytest

from orders.payments import service
from shared.errors.orders import PaymentRefused
from shared.storage.dynamo import connection
from shared.storage.models.payments import PaymentEvent
from shared.storage.transactions import HOT_ATTEMPTS
from tests.support import logs
from tests.support.events import sorted_event_types
from tests.support.faults import cancelled_transaction, inject_faults, read_timeout
from tests.support.payments import (
    get_order,
    post_payment,
    send_webhook,
    start_payment,
    webhook_outcome,
)

pytestmark = pytest.mark.usefixtures("aws", "provider")


def test_a_captured_payment_pays_the_order(provider, order_id):
    answer = send_webhook(provider.report_captured(start_payment(order_id)))

    assert (answer.status, answer.body) == (200, {"outcome": "applied", "reason": None})
    order = get_order(order_id)
    assert (order.status, order.payment.status) == ("paid", "captured")
    assert order.payment.captured_minor == 2000
    assert (order.history[-1].status, order.history[-1].by) == ("paid", "payments")
    assert sorted_event_types() == ["order.paid", "order.placed"]


def test_an_authorized_payment_pays_the_order(provider, order_id):
    assert webhook_outcome(provider.report_authorized(start_payment(order_id))) == "applied"

    order = get_order(order_id)
    assert (order.status, order.payment.status) == ("paid", "authorized")
    assert order.payment.captured_minor == 0


def test_a_payment_whose_start_was_not_stored_pays_the_order(provider, order_id):
    with inject_faults(connection().client, "TransactWriteItems", None, read_timeout()):
        post_payment(order_id)

    assert webhook_outcome(provider.report_captured("pay_1")) == "applied"

    order = get_order(order_id)
    assert (order.status, order.payment.payment_id) == ("paid", "pay_1")


def test_a_declined_card_changes_nothing(provider, order_id, stored_state):
    payment_id = start_payment(order_id)
    before = stored_state()

    assert webhook_outcome(provider.report_declined(payment_id)) == "ignored"

    assert stored_state() == before


def test_an_event_that_the_shop_does_not_use_is_ignored(provider, order_id):
    event = provider.event("payout.paid", start_payment(order_id))

    assert webhook_outcome(event) == "ignored"


@pytest.mark.parametrize("change", ["report_captured", "report_authorized", "report_voided"])
def test_a_repeated_event_is_applied_once(provider, order_id, change, stored_state):
    event = getattr(provider, change)(start_payment(order_id))
    assert webhook_outcome(event) == "applied"
    before = stored_state()

    assert webhook_outcome(event) == "repeated"

    assert stored_state() == before


def test_a_repeated_refund_event_is_applied_once(provider, order_id, stored_state):
    payment_id = start_payment(order_id)
    webhook_outcome(provider.report_captured(payment_id))
    event = provider.report_refund(payment_id, 500)
    assert webhook_outcome(event) == "applied"
    before = stored_state()

    assert webhook_outcome(event) == "repeated"

    assert stored_state() == before
    assert [int(refund.amount_minor) for refund in get_order(order_id).refunds] == [500]


def test_a_second_event_about_the_same_capture_changes_nothing(provider, order_id):
    payment_id = start_payment(order_id)
    webhook_outcome(provider.report_captured(payment_id))

    assert webhook_outcome(provider.report_captured(payment_id)) == "repeated"

    assert get_order(order_id).payment.captured_minor == 2000


def test_an_applied_event_is_stored_for_thirty_days(provider, order_id):
    event = provider.report_captured(start_payment(order_id))

    webhook_outcome(event)

    (applied,) = PaymentEvent.scan()
    assert (applied.event_id, applied.order_id) == (f"local {event['id']}", order_id)
    assert applied.type == "payment.captured"
    assert applied.expires_at - applied.applied_at > timedelta(days=29)


def test_a_repeated_event_is_recognized_by_its_id(provider, order_id):
    """Even if the order would accept its content again."""
    event = provider.report_captured(start_payment(order_id))
    webhook_outcome(event)
    order = get_order(order_id)
    order.payment.captured_minor, order.payment.status = 0, "authorized"
    order.save()

    assert webhook_outcome(event) == "repeated"

    assert get_order(order_id).payment.captured_minor == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"order_id": "ord_none"}, "order_not_found"),
        ({"id": "pay_of_another"}, "unknown_payment"),
        ({"amount_minor": 1999, "captured_minor": 1999}, "amount_differs"),
        ({"amount_minor": 2001, "captured_minor": 2001}, "amount_differs"),
        ({"captured_minor": 0}, "amount_differs"),
        ({"currency": "USD"}, "amount_differs"),
    ],
)
def test_an_event_that_matches_no_order_is_refused(
    provider, order_id, changes, reason, stored_state
):
    payment_id = start_payment(order_id)
    before = stored_state()

    with logs.captured() as lines:
        answer = send_webhook(provider.event("payment.captured", payment_id, **changes))

    assert (answer.status, answer.body) == (200, {"outcome": "refused", "reason": reason})
    assert stored_state() == before
    (audit_line,) = lines.saying("audit")
    assert (audit_line["action"], audit_line["result"], audit_line["reason"]) == (
        "receive_payment_webhook",
        "refused",
        reason,
    )
    (line,) = lines.saying("webhook refused")
    assert (line["level"], line["reason"]) == ("ERROR", reason)


@pytest.mark.parametrize("type_", ["payment.authorized", "refund.updated"])
def test_an_event_about_another_payment_is_refused(provider, order_id, type_, stored_state):
    payment_id = start_payment(order_id)
    refund = {"payment_id": "pay_of_another", "refund_id": None, "status": "succeeded"}
    before = stored_state()

    answer = send_webhook(provider.event(type_, payment_id, **refund | {"id": "pay_of_another"}))

    assert (answer.status, answer.body["reason"]) == (200, "unknown_payment")
    assert stored_state() == before


def test_a_refund_over_the_entry_limit_is_refused(provider, order_id, monkeypatch):
    monkeypatch.setattr("orders.lifecycle.transitions.ENTRIES_MAX", 0)
    payment_id = start_payment(order_id)
    webhook_outcome(provider.report_captured(payment_id))

    answer = send_webhook(provider.report_refund(payment_id, 1))

    assert (answer.status, answer.body["reason"]) == (200, "order_entry_limit_reached")


def test_a_refund_before_its_capture_is_retried(provider, order_id, stored_state):
    payment_id = start_payment(order_id)
    captured, refunded = (
        provider.report_captured(payment_id),
        provider.report_refund(payment_id, 2000),
    )
    before = stored_state()

    answer = send_webhook(refunded)

    assert (answer.status, answer.code) == (503, "unavailable")
    assert stored_state() == before
    assert [webhook_outcome(captured), webhook_outcome(refunded)] == ["applied", "applied"]
    assert get_order(order_id).status == "refunded"


def test_a_busy_database_makes_the_provider_retry(provider, order_id, stored_state):
    event = provider.report_captured(start_payment(order_id))
    before = stored_state()

    with inject_faults(
        connection().client,
        "TransactWriteItems",
        *[cancelled_transaction("TransactionConflict")] * HOT_ATTEMPTS,
    ):
        answer = send_webhook(event)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert stored_state() == before
    assert webhook_outcome(event) == "applied"


def test_a_crash_makes_the_provider_retry(provider, order_id, monkeypatch):
    event = provider.report_captured(start_payment(order_id))

    def crash(*_, **__):
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(service, "_decide_event", crash)
        assert send_webhook(event).status == 500

    assert webhook_outcome(event) == "applied"


def test_an_event_written_without_a_response_is_repeated(provider, order_id):
    event = provider.report_captured(start_payment(order_id))
    client = connection().client
    after_call = "after-call.dynamodb.TransactWriteItems"

    def lose_response(**_):
        client.meta.events.unregister(after_call, lose_response)
        raise read_timeout()

    client.meta.events.register(after_call, lose_response)
    assert send_webhook(event).status == 503

    assert webhook_outcome(event) == "repeated"
    assert sorted_event_types() == ["order.paid", "order.placed"]


def test_a_refund_of_a_voided_authorization_changes_nothing(provider, order_id):
    payment_id = start_payment(order_id)
    webhook_outcome(provider.report_authorized(payment_id))
    webhook_outcome(provider.report_voided(payment_id))
    before = get_order(order_id).serialize()

    assert webhook_outcome(provider.report_refund(payment_id, 2000)) == "repeated"
    assert get_order(order_id).serialize() == before


def test_a_refund_the_provider_knows_no_payment_of_is_refused(provider, order_id):
    payment_id = start_payment(order_id)
    webhook_outcome(provider.report_voided(payment_id))
    provider.refusals = [PaymentRefused(reason="not_found")]

    answer = send_webhook(provider.report_refund(payment_id, 500))

    assert (answer.status, answer.body["reason"]) == (200, "unknown_payment")
