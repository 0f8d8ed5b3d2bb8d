"""Whole slice: webhooks of the payment provider are applied once, or refused."""

import base64
import json
from datetime import timedelta

import pytest

from orders.payments import service
from shared import clock
from shared.http.request_bodies import BODY_BYTES_MAX
from shared.storage.dynamo import connection
from shared.storage.models.orders import Order
from shared.storage.models.payments import PaymentEvent
from tests.support import logs, shop
from tests.support.faults import answering, cancelled, timed_out
from tests.support.forged_webhooks import signed
from tests.support.payments import (
    SECRETS,
    begin,
    begun,
    happened,
    place,
    stored,
    tell,
    told,
)

pytestmark = pytest.mark.usefixtures("aws", "provider")


@pytest.fixture
def order_id(tea):
    return place(tea)


def stored_state(order_id: str) -> tuple:
    """Everything that a webhook can change."""
    order = Order.find(order_id, consistent=True)
    return (
        order.serialize() if order else None,
        sorted(row.event_id for row in shop.OutboxRow.scan()),
        [event.event_id for event in PaymentEvent.scan()],
    )


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


def test_a_declined_card_changes_nothing(provider, order_id):
    payment_id = begun(order_id)
    before = stored_state(order_id)

    assert told(provider.declines(payment_id)) == "ignored"

    assert stored_state(order_id) == before


def test_an_event_that_the_shop_does_not_use_is_ignored(provider, order_id):
    event = provider.event("payout.paid", begun(order_id))

    assert told(event) == "ignored"


@pytest.mark.parametrize("change", ["captures", "authorizes", "lets_go"])
def test_a_repeated_event_is_applied_once(provider, order_id, change):
    event = getattr(provider, change)(begun(order_id))
    assert told(event) == "applied"
    before = stored_state(order_id)

    assert told(event) == "repeated"

    assert stored_state(order_id) == before


def test_a_repeated_refund_event_is_applied_once(provider, order_id):
    payment_id = begun(order_id)
    told(provider.captures(payment_id))
    event = provider.pays_back(payment_id, 500)
    assert told(event) == "applied"
    before = stored_state(order_id)

    assert told(event) == "repeated"

    assert stored_state(order_id) == before
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


@pytest.mark.parametrize("secret", ["secret-before", "secret-now"])
def test_both_secrets_are_accepted_during_a_rotation(provider, order_id, secret):
    event = provider.captures(begun(order_id))
    header = signed(json.dumps(event).encode(), secret, at=clock.utc_now())

    assert tell(event, headers={"payment-signature": header}).status == 200


def test_a_base64_body_is_decoded_before_the_check(provider, order_id):
    event = provider.captures(begun(order_id))
    raw = json.dumps(event)

    answer = tell(event, raw_body=base64.b64encode(raw.encode()).decode(), base64=True)

    assert answer.body["outcome"] == "applied"


def test_the_signature_covers_the_exact_bytes(provider, order_id):
    event = provider.captures(begun(order_id))

    answer = tell(event, raw_body=json.dumps(event, indent=1))

    assert (answer.status, answer.code) == (400, "webhook_signature_invalid")


@pytest.mark.parametrize("header", [None, "", "t=1,v1=00", "nonsense"])
def test_an_unsigned_webhook_changes_nothing(provider, order_id, header):
    event = provider.captures(begun(order_id))
    before = stored_state(order_id)

    with logs.captured() as lines:
        answer = tell(event, headers={"payment-signature": header})

    assert (answer.status, answer.code) == (400, "webhook_signature_invalid")
    assert stored_state(order_id) == before
    assert [line["result"] for line in lines.saying("audit")] == ["rejected"]


def test_a_webhook_with_an_unknown_secret_changes_nothing(provider, order_id):
    event = provider.captures(begun(order_id))
    before = stored_state(order_id)
    header = signed(json.dumps(event).encode(), "unknown-secret", at=clock.utc_now())

    answer = tell(event, headers={"payment-signature": header})

    assert (answer.status, answer.code) == (400, "webhook_signature_invalid")
    assert stored_state(order_id) == before


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_or_future_webhook_changes_nothing(provider, order_id, minutes):
    event = provider.captures(begun(order_id))
    before = stored_state(order_id)
    at = clock.utc_now() + timedelta(minutes=minutes)
    header = signed(json.dumps(event).encode(), SECRETS[0], at=at)

    answer = tell(event, headers={"payment-signature": header})

    assert (answer.status, answer.code) == (400, "webhook_too_old")
    assert answer.error["details"] == {"tolerance_seconds": 300}
    assert stored_state(order_id) == before


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"", b"\x00" * 100])
def test_unsigned_binary_bodies_are_refused(raw):
    answer = tell({}, raw_body=base64.b64encode(raw).decode(), base64=True)

    assert (answer.status, answer.code) == (400, "webhook_signature_invalid")


def test_a_body_with_invalid_base64_is_refused():
    assert tell({}, raw_body="%%%", base64=True).code == "not_utf8"


def test_a_body_over_a_megabyte_is_refused():
    answer = tell({}, raw_body="x" * (BODY_BYTES_MAX + 1))

    assert (answer.status, answer.code) == (413, "too_large")


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
def test_an_event_that_matches_no_order_is_refused(provider, order_id, changes, reason):
    payment_id = begun(order_id)
    before = stored_state(order_id)

    with logs.captured() as lines:
        answer = tell(provider.event("payment.captured", payment_id, **changes))

    assert (answer.status, answer.body) == (200, {"outcome": "refused", "reason": reason})
    assert stored_state(order_id) == before
    (audit_line,) = lines.saying("audit")
    assert (audit_line["action"], audit_line["result"], audit_line["reason"]) == (
        "receive_payment_webhook",
        "refused",
        reason,
    )
    (line,) = lines.saying("webhook refused")
    assert (line["level"], line["reason"]) == ("ERROR", reason)


@pytest.mark.parametrize("type_", ["payment.authorized", "refund.updated"])
def test_an_event_about_another_payment_is_refused(provider, order_id, type_):
    payment_id = begun(order_id)
    refund = {"payment_id": "pay_of_another", "refund_id": None, "status": "succeeded"}
    before = stored_state(order_id)

    answer = tell(provider.event(type_, payment_id, **refund | {"id": "pay_of_another"}))

    assert (answer.status, answer.body["reason"]) == (200, "unknown_payment")
    assert stored_state(order_id) == before


def test_a_refund_over_the_entry_limit_is_refused(provider, order_id, monkeypatch):
    monkeypatch.setattr("orders.lifecycle.transitions.ENTRIES_MAX", 0)
    payment_id = begun(order_id)
    told(provider.captures(payment_id))

    answer = tell(provider.pays_back(payment_id, 1))

    assert (answer.status, answer.body["reason"]) == (200, "order_entry_limit_reached")


def test_a_refund_before_its_capture_is_retried(provider, order_id):
    payment_id = begun(order_id)
    captured, refunded = provider.captures(payment_id), provider.pays_back(payment_id, 2000)
    before = stored_state(order_id)

    answer = tell(refunded)

    assert (answer.status, answer.code) == (503, "unavailable")
    assert stored_state(order_id) == before
    assert [told(captured), told(refunded)] == ["applied", "applied"]
    assert stored(order_id).status == "refunded"


def test_a_busy_database_makes_the_provider_retry(provider, order_id):
    event = provider.captures(begun(order_id))
    before = stored_state(order_id)

    with answering(
        connection().client, "TransactWriteItems", *[cancelled("TransactionConflict")] * 4
    ):
        answer = tell(event)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert stored_state(order_id) == before
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
