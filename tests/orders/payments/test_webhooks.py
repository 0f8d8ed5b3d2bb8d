"""Whole slice: webhooks of the payment provider are applied once, or refused."""

from datetime import timedelta

import pytest

from orders.payments import service
from shared.storage.dynamo import connection
from shared.storage.models.payments import PaymentEvent
from tests.support import logs
from tests.support.faults import answering, cancelled, timed_out
from tests.support.payments import (
    begin,
    begun,
    happened,
    stored,
    tell,
    told,
)

pytestmark = pytest.mark.usefixtures("aws", "provider")


def test_a_captured_payment_pays_the_order(provider, order_id):
    answer = tell(provider.captures(begun(order_id)))

    assert (answer.status, answer.body) == (200, {"outcome": "applied", "reason": None})
    order = stored(order_id)
    assert (order.status, order.payment.status) == ("paid", "captured")
    assert order.payment.captured_minor == 2000
    assert (order.history[-1].status, order.history[-1].by) == ("paid", "payments")
    assert happened() == ["order.paid", "order.placed"]


def test_an_authorized_payment_pays_the_order(provider, order_id):
    assert told(provider.authorizes(begun(order_id))) == "applied"

    order = stored(order_id)
    assert (order.status, order.payment.status) == ("paid", "authorized")
    assert order.payment.captured_minor == 0


def test_a_payment_whose_start_was_not_stored_pays_the_order(provider, order_id):
    with answering(connection().client, "TransactWriteItems", timed_out()):
        begin(order_id)

    assert told(provider.captures("pay_1")) == "applied"

    order = stored(order_id)
    assert (order.status, order.payment.payment_id) == ("paid", "pay_1")


def test_a_declined_card_changes_nothing(provider, order_id, stored_state):
    payment_id = begun(order_id)
    before = stored_state()

    assert told(provider.declines(payment_id)) == "ignored"

    assert stored_state() == before


def test_an_event_that_the_shop_does_not_use_is_ignored(provider, order_id):
    event = provider.event("payout.paid", begun(order_id))

    assert told(event) == "ignored"


@pytest.mark.parametrize("change", ["captures", "authorizes", "lets_go"])
def test_a_repeated_event_is_applied_once(provider, order_id, change, stored_state):
    event = getattr(provider, change)(begun(order_id))
    assert told(event) == "applied"
    before = stored_state()

    assert told(event) == "repeated"

    assert stored_state() == before


def test_a_repeated_refund_event_is_applied_once(provider, order_id, stored_state):
    payment_id = begun(order_id)
    told(provider.captures(payment_id))
    event = provider.pays_back(payment_id, 500)
    assert told(event) == "applied"
    before = stored_state()

    assert told(event) == "repeated"

    assert stored_state() == before
    assert [int(refund.amount_minor) for refund in stored(order_id).refunds] == [500]


def test_a_second_event_about_the_same_capture_changes_nothing(provider, order_id):
    payment_id = begun(order_id)
    told(provider.captures(payment_id))

    assert told(provider.captures(payment_id)) == "repeated"

    assert stored(order_id).payment.captured_minor == 2000


def test_an_applied_event_is_stored_for_thirty_days(provider, order_id):
    event = provider.captures(begun(order_id))

    told(event)

    (applied,) = PaymentEvent.scan()
    assert (applied.event_id, applied.order_id) == (f"local {event['id']}", order_id)
    assert applied.type == "payment.captured"
    assert applied.expires_at - applied.applied_at > timedelta(days=29)


def test_a_repeated_event_is_recognized_by_its_id(provider, order_id):
    """Even if the order would accept its content again."""
    event = provider.captures(begun(order_id))
    told(event)
    order = stored(order_id)
    order.payment.captured_minor, order.payment.status = 0, "authorized"
    order.save()

    assert told(event) == "repeated"

    assert stored(order_id).payment.captured_minor == 0


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
    payment_id = begun(order_id)
    before = stored_state()

    with logs.captured() as lines:
        answer = tell(provider.event("payment.captured", payment_id, **changes))

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
    payment_id = begun(order_id)
    refund = {"payment_id": "pay_of_another", "refund_id": None, "status": "succeeded"}
    before = stored_state()

    answer = tell(provider.event(type_, payment_id, **refund | {"id": "pay_of_another"}))

    assert (answer.status, answer.body["reason"]) == (200, "unknown_payment")
    assert stored_state() == before


def test_a_refund_over_the_entry_limit_is_refused(provider, order_id, monkeypatch):
    monkeypatch.setattr("orders.lifecycle.transitions.ENTRIES_MAX", 0)
    payment_id = begun(order_id)
    told(provider.captures(payment_id))

    answer = tell(provider.pays_back(payment_id, 1))

    assert (answer.status, answer.body["reason"]) == (200, "order_entry_limit_reached")


def test_a_refund_before_its_capture_is_retried(provider, order_id, stored_state):
    payment_id = begun(order_id)
    captured, refunded = provider.captures(payment_id), provider.pays_back(payment_id, 2000)
    before = stored_state()

    answer = tell(refunded)

    assert (answer.status, answer.code) == (503, "unavailable")
    assert stored_state() == before
    assert [told(captured), told(refunded)] == ["applied", "applied"]
    assert stored(order_id).status == "refunded"


def test_a_busy_database_makes_the_provider_retry(provider, order_id, stored_state):
    event = provider.captures(begun(order_id))
    before = stored_state()

    with answering(
        connection().client, "TransactWriteItems", *[cancelled("TransactionConflict")] * 4
    ):
        answer = tell(event)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert stored_state() == before
    assert told(event) == "applied"


def test_a_crash_makes_the_provider_retry(provider, order_id, monkeypatch):
    event = provider.captures(begun(order_id))

    def crash(*_, **__):
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(service, "_decide_event", crash)
        assert tell(event).status == 500

    assert told(event) == "applied"


def test_an_event_written_without_a_response_is_repeated(provider, order_id):
    event = provider.captures(begun(order_id))
    client = connection().client
    after_call = "after-call.dynamodb.TransactWriteItems"

    def lose_response(**_):
        client.meta.events.unregister(after_call, lose_response)
        raise timed_out()

    client.meta.events.register(after_call, lose_response)
    assert tell(event).status == 503

    assert told(event) == "repeated"
    assert happened() == ["order.paid", "order.placed"]


def test_a_refund_of_a_voided_authorization_changes_nothing(provider, order_id):
    payment_id = begun(order_id)
    told(provider.authorizes(payment_id))
    told(provider.lets_go(payment_id))
    before = stored(order_id).serialize()

    assert told(provider.pays_back(payment_id, 2000)) == "repeated"
    assert stored(order_id).serialize() == before
