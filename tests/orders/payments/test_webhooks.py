"""Whole slice: what the payment provider tells, in whatever order and however often."""

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
from tests.support.events import sorted_event_types
from tests.support.faults import cancelled_transaction, inject_faults, read_timeout
from tests.support.order_requests import place_order
from tests.support.payments import (
    SECRETS,
    get_order,
    post_payment,
    send_webhook,
    sign_webhook,
    start_payment,
    webhook_outcome,
)

pytestmark = pytest.mark.usefixtures("aws", "bank")


@pytest.fixture
def order_id(tea):
    return place_order(tea)


def everything(order_id: str) -> tuple:
    """That a webhook could change."""
    order = Order.find(order_id, consistent=True)
    return (
        order.serialize() if order else None,
        sorted(row.event_id for row in shop.OutboxRow.scan()),
        [event.event_id for event in PaymentEvent.scan()],
    )


def test_a_captured_payment_pays_the_order(bank, order_id):
    answer = send_webhook(bank.capture_payment(start_payment(order_id)))

    assert (answer.status, answer.body) == (200, {"outcome": "applied", "reason": None})
    order = get_order(order_id)
    assert (order.status, order.payment.status) == ("paid", "captured")
    assert order.payment.captured_minor == 2000
    assert (order.history[-1].status, order.history[-1].by) == ("paid", "payments")
    assert sorted_event_types() == ["order.paid", "order.placed"]


def test_an_authorized_payment_pays_the_order_before_any_money_has_come(bank, order_id):
    assert webhook_outcome(bank.authorize_payment(start_payment(order_id))) == "applied"

    order = get_order(order_id)
    assert (order.status, order.payment.status) == ("paid", "authorized")
    assert order.payment.captured_minor == 0


def test_a_payment_is_known_by_its_order_though_its_beginning_was_not_noted(bank, order_id):
    with inject_faults(connection().client, "TransactWriteItems", read_timeout()):
        post_payment(order_id)

    assert webhook_outcome(bank.capture_payment("pay_1")) == "applied"

    order = get_order(order_id)
    assert (order.status, order.payment.payment_id) == ("paid", "pay_1")


def test_a_declined_card_changes_nothing_so_that_another_may_be_tried(bank, order_id):
    payment_id = start_payment(order_id)
    before = everything(order_id)

    assert webhook_outcome(bank.decline_payment(payment_id)) == "ignored"

    assert everything(order_id) == before


def test_what_is_no_business_of_the_shop_is_ignored(bank, order_id):
    event = bank.event("payout.paid", start_payment(order_id))

    assert webhook_outcome(event) == "ignored"


@pytest.mark.parametrize("how", ["captures", "authorizes", "lets_go"])
def test_an_event_that_comes_twice_counts_once(bank, order_id, how):
    event = getattr(bank, how)(start_payment(order_id))
    assert webhook_outcome(event) == "applied"
    before = everything(order_id)

    assert webhook_outcome(event) == "repeated"

    assert everything(order_id) == before


def test_a_refund_that_is_told_twice_is_made_once(bank, order_id):
    payment_id = start_payment(order_id)
    webhook_outcome(bank.capture_payment(payment_id))
    event = bank.refund_payment(payment_id, 500)
    assert webhook_outcome(event) == "applied"
    before = everything(order_id)

    assert webhook_outcome(event) == "repeated"

    assert everything(order_id) == before
    assert [int(it.amount_minor) for it in get_order(order_id).refunds] == [500]


def test_the_same_said_in_another_event_counts_once_too(bank, order_id):
    payment_id = start_payment(order_id)
    webhook_outcome(bank.capture_payment(payment_id))

    assert webhook_outcome(bank.capture_payment(payment_id)) == "repeated"

    assert get_order(order_id).payment.captured_minor == 2000


def test_an_event_is_remembered_with_its_order_for_longer_than_it_can_come_again(bank, order_id):
    event = bank.capture_payment(start_payment(order_id))

    webhook_outcome(event)

    (known,) = PaymentEvent.scan()
    assert (known.event_id, known.order_id) == (f"local {event['id']}", order_id)
    assert known.type == "payment.captured"
    assert known.expires_at - known.applied_at > timedelta(days=29)


def test_an_event_whose_order_was_changed_back_since_is_known_by_itself(bank, order_id):
    """Even where what it says would be new again."""
    event = bank.capture_payment(start_payment(order_id))
    webhook_outcome(event)
    order = get_order(order_id)
    order.payment.captured_minor, order.payment.status = 0, "authorized"
    order.save()

    assert webhook_outcome(event) == "repeated"

    assert get_order(order_id).payment.captured_minor == 0


@pytest.mark.parametrize("secret", ["secret-before", "secret-now"])
def test_while_its_secret_is_rotated_the_provider_may_sign_with_either(bank, order_id, secret):
    event = bank.capture_payment(start_payment(order_id))
    header = sign_webhook(json.dumps(event).encode(), secret, at=clock.utc_now())

    assert send_webhook(event, headers={"payment-signature": header}).status == 200


def test_a_body_in_base64_is_checked_as_it_was_sent(bank, order_id):
    event = bank.capture_payment(start_payment(order_id))
    raw = json.dumps(event)

    answer = send_webhook(event, raw_body=base64.b64encode(raw.encode()).decode(), base64=True)

    assert answer.body["outcome"] == "applied"


def test_the_signature_is_of_the_bytes_and_not_of_what_they_mean(bank, order_id):
    event = bank.capture_payment(start_payment(order_id))

    answer = send_webhook(event, raw_body=json.dumps(event, indent=1))

    assert (answer.status, answer.code) == (400, "webhook_signature_invalid")


@pytest.mark.parametrize("header", [None, "", "t=1,v1=00", "nonsense"])
def test_what_is_not_signed_by_the_provider_changes_nothing(bank, order_id, header):
    event = bank.capture_payment(start_payment(order_id))
    before = everything(order_id)

    with logs.captured() as lines:
        answer = send_webhook(event, headers={"payment-signature": header})

    assert (answer.status, answer.code) == (400, "webhook_signature_invalid")
    assert everything(order_id) == before
    assert [it["result"] for it in lines.saying("audit")] == ["rejected"]


def test_what_was_signed_with_another_secret_changes_nothing(bank, order_id):
    event = bank.capture_payment(start_payment(order_id))
    before = everything(order_id)
    header = sign_webhook(json.dumps(event).encode(), "a secret of nobody", at=clock.utc_now())

    answer = send_webhook(event, headers={"payment-signature": header})

    assert (answer.status, answer.code) == (400, "webhook_signature_invalid")
    assert everything(order_id) == before


@pytest.mark.parametrize("minutes", [-6, 6])
def test_what_was_signed_long_ago_or_in_the_future_changes_nothing(bank, order_id, minutes):
    event = bank.capture_payment(start_payment(order_id))
    before = everything(order_id)
    at = clock.utc_now() + timedelta(minutes=minutes)
    header = sign_webhook(json.dumps(event).encode(), SECRETS[0], at=at)

    answer = send_webhook(event, headers={"payment-signature": header})

    assert (answer.status, answer.code) == (400, "webhook_too_old")
    assert answer.error["details"] == {"tolerance_seconds": 300}
    assert everything(order_id) == before


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"", b"\x00" * 100])
def test_bytes_that_are_no_text_are_refused_like_any_that_are_not_signed(raw):
    answer = send_webhook({}, raw_body=base64.b64encode(raw).decode(), base64=True)

    assert (answer.status, answer.code) == (400, "webhook_signature_invalid")


def test_a_body_that_is_not_the_base64_it_is_said_to_be_is_refused():
    assert send_webhook({}, raw_body="%%%", base64=True).code == "not_utf8"


def test_a_body_over_a_megabyte_is_refused_unread():
    answer = send_webhook({}, raw_body="x" * (BODY_BYTES_MAX + 1))

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
def test_what_fits_no_order_is_taken_once_and_changes_nothing(bank, order_id, changes, reason):
    payment_id = start_payment(order_id)
    before = everything(order_id)

    with logs.captured() as lines:
        answer = send_webhook(bank.event("payment.captured", payment_id, **changes))

    assert (answer.status, answer.body) == (200, {"outcome": "refused", "reason": reason})
    assert everything(order_id) == before
    (audited,) = lines.saying("audit")
    assert (audited["action"], audited["result"], audited["reason"]) == (
        "webhook",
        "refused",
        reason,
    )
    (line,) = lines.saying("webhook refused")
    assert (line["level"], line["reason"]) == ("ERROR", reason)


@pytest.mark.parametrize("type_", ["payment.authorized", "refund.updated"])
def test_so_is_whatever_else_is_told_of_a_payment_of_another_order(bank, order_id, type_):
    payment_id = start_payment(order_id)
    about = {"payment_id": "pay_of_another", "refund_id": None, "status": "succeeded"}
    before = everything(order_id)

    answer = send_webhook(bank.event(type_, payment_id, **about | {"id": "pay_of_another"}))

    assert (answer.status, answer.body["reason"]) == (200, "unknown_payment")
    assert everything(order_id) == before


def test_more_refunds_than_an_order_has_room_for_are_refused(bank, order_id, monkeypatch):
    monkeypatch.setattr("orders.lifecycle.transitions.ENTRIES_MAX", 0)
    payment_id = start_payment(order_id)
    webhook_outcome(bank.capture_payment(payment_id))

    answer = send_webhook(bank.refund_payment(payment_id, 1))

    assert (answer.status, answer.body["reason"]) == (200, "order_entry_limit_reached")


def test_a_refund_that_overtakes_its_payment_is_to_be_told_again(bank, order_id):
    payment_id = start_payment(order_id)
    captured, refunded = bank.capture_payment(payment_id), bank.refund_payment(payment_id, 2000)
    before = everything(order_id)

    answer = send_webhook(refunded)

    assert (answer.status, answer.code) == (503, "unavailable")
    assert everything(order_id) == before
    assert [webhook_outcome(captured), webhook_outcome(refunded)] == ["applied", "applied"]
    assert get_order(order_id).status == "refunded"


def test_when_the_database_fails_the_provider_tells_it_again(bank, order_id):
    event = bank.capture_payment(start_payment(order_id))
    before = everything(order_id)

    with inject_faults(
        connection().client,
        "TransactWriteItems",
        *[cancelled_transaction("TransactionConflict")] * 4,
    ):
        answer = send_webhook(event)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert everything(order_id) == before
    assert webhook_outcome(event) == "applied"


def test_a_crash_makes_it_tell_it_again_too(bank, order_id, monkeypatch):
    event = bank.capture_payment(start_payment(order_id))

    def crash(*_, **__):
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(service, "_decision", crash)
        assert send_webhook(event).status == 500

    assert webhook_outcome(event) == "applied"


def test_an_event_whose_write_was_made_and_not_answered_is_repeated(bank, order_id):
    event = bank.capture_payment(start_payment(order_id))
    client = connection().client
    after = "after-call.dynamodb.TransactWriteItems"

    def lose(**_):
        client.meta.events.unregister(after, lose)
        raise read_timeout()

    client.meta.events.register(after, lose)
    assert send_webhook(event).status == 503

    assert webhook_outcome(event) == "repeated"
    assert sorted_event_types() == ["order.paid", "order.placed"]


def test_of_an_authorization_that_was_let_go_of_a_refund_is_no_news(bank, order_id):
    payment_id = start_payment(order_id)
    webhook_outcome(bank.authorize_payment(payment_id))
    webhook_outcome(bank.void_payment(payment_id))
    before = get_order(order_id).serialize()

    assert webhook_outcome(bank.refund_payment(payment_id, 2000)) == "repeated"
    assert get_order(order_id).serialize() == before
