"""Whole slice: start the payment of an order. It has one payment, however often it is started."""

from datetime import timedelta
from functools import partial

import pytest

from orders.guests import links
from orders.handler import handler as orders
from orders.lifecycle import decisions
from orders.lifecycle.balances import VOID
from orders.lifecycle.buyer_changes import NewBuyer, change_buyer
from orders.lifecycle.service import update_order
from orders.payments import service
from orders.payments.handler import handler as payments
from shared.config import PaymentSettings, settings
from shared.errors.orders import PaymentRefused, PaymentUnavailable
from shared.storage.dynamo import connection
from shared.storage.held_stock import Holder
from shared.storage.models.orders import Order
from tests.support.faults import inject_faults, read_timeout
from tests.support.http import ADA, BOB, NOBODY, STAFF, send
from tests.support.order_requests import place_order
from tests.support.payments import get_order, post_payment, start_payment, webhook_outcome

pytestmark = pytest.mark.usefixtures("aws", "provider")


def pay_as_guest(order_id: str, token: str | None):
    path, headers = {"order_id": order_id}, {"order-token": token}
    return send(payments, "guest.pay", caller=NOBODY, path=path, headers=headers)


def test_the_buyer_gets_what_the_checkout_page_needs(tea):
    order_id = place_order(tea)

    answer = post_payment(order_id)

    assert answer.status == 200
    assert answer.body == {
        "provider": "local",
        "payment_id": "pay_1",
        "client_secret": "pay_1_secret",
        "status": "started",
        "amount": {"amount_minor": 2000, "currency": "EUR"},
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_payment_is_for_the_order_total(provider, tea):
    order_id = place_order(tea)

    payment_id = start_payment(order_id)

    account = provider.payments[payment_id]
    assert (account.order_id, account.amount.amount_minor) == (order_id, 2000)


def test_the_order_stores_its_payment_and_expires_later(tea, shifted_clock):
    order_id = place_order(tea)
    before = get_order(order_id).expires_at
    shifted_clock.ahead = timedelta(minutes=9)

    payment_id = start_payment(order_id)

    order = get_order(order_id)
    assert (order.payment.provider, order.payment.payment_id) == ("local", payment_id)
    assert (order.status, order.payment.status) == ("pending_payment", "started")
    assert order.expires_at > before


def test_a_second_request_returns_the_same_payment(provider, tea):
    order_id = place_order(tea)
    first = post_payment(order_id)

    again = post_payment(order_id)

    assert again.body == first.body
    assert list(provider.payments) == ["pay_1"]


def test_two_requests_at_once_create_one_payment(provider, tea, monkeypatch):
    order_id = place_order(tea)
    answers = []
    create_payment = provider.create_payment

    def create_after_another_request(*args):
        monkeypatch.setattr(provider, "create_payment", create_payment)
        answers.append(post_payment(order_id))
        return create_payment(*args)

    monkeypatch.setattr(provider, "create_payment", create_after_another_request)

    answers.append(post_payment(order_id))

    assert answers[0].body == answers[1].body
    assert list(provider.payments) == ["pay_1"]


def test_a_retry_after_a_lost_write_returns_the_same_payment(tea):
    order_id = place_order(tea)
    with inject_faults(connection().client, "TransactWriteItems", read_timeout()):
        post_payment(order_id)
    assert get_order(order_id).payment is None

    assert start_payment(order_id) == "pay_1"


def test_a_void_payment_is_replaced(provider, tea):
    order_id = place_order(tea)
    assert webhook_outcome(provider.report_voided(start_payment(order_id))) == "applied"

    second = start_payment(order_id)

    assert second == "pay_2"
    assert get_order(order_id).payment.payment_id == "pay_2"
    assert start_payment(order_id) == "pay_2"


def test_a_payment_voided_without_a_webhook_is_replaced(provider, tea):
    order_id = place_order(tea)
    provider.payments[start_payment(order_id)].status = VOID

    assert start_payment(order_id) == "pay_2"


def test_a_payment_captured_without_a_webhook_is_returned(provider, tea):
    order_id = place_order(tea)
    provider.report_captured(start_payment(order_id))

    answer = post_payment(order_id)

    assert (answer.body["payment_id"], answer.body["status"]) == ("pay_1", "captured")
    assert get_order(order_id).status == "pending_payment"


def test_a_paid_order_cannot_be_paid_again(provider, tea):
    order_id = place_order(tea)
    webhook_outcome(provider.report_captured(start_payment(order_id)))
    provider.calls.clear()

    answer = post_payment(order_id)

    assert (answer.status, answer.code) == (409, "order_status_conflict")
    assert provider.calls == []


def test_a_cancelled_order_cannot_be_paid(provider, tea):
    order_id = place_order(tea)
    send(orders, "orders.cancel", path={"order_id": order_id})

    answer = post_payment(order_id)

    assert (answer.status, answer.code) == (409, "order_status_conflict")
    assert provider.payments == {}


def test_an_overdue_order_cannot_be_paid_before_it_is_expired(provider, tea, shifted_clock):
    order_id = place_order(tea)
    shifted_clock.ahead = timedelta(minutes=31)

    answer = post_payment(order_id)

    assert (answer.status, answer.code) == (409, "order_expired")
    assert provider.payments == {}


def test_an_order_cancelled_during_the_start_shows_no_secret(provider, tea, monkeypatch):
    order_id = place_order(tea)
    create_payment = provider.create_payment
    cancel = partial(decisions.cancel, by="a", is_staff=False, reason=None)

    def create_after_cancellation(*args):
        update_order(order_id, cancel)
        return create_payment(*args)

    monkeypatch.setattr(provider, "create_payment", create_after_cancellation)

    answer = post_payment(order_id)

    assert (answer.status, answer.code) == (409, "order_status_conflict")
    assert get_order(order_id).payment is None


@pytest.mark.parametrize("other_buyer", [BOB, STAFF])
def test_the_order_of_another_buyer_is_not_found(provider, tea, other_buyer):
    order_id = place_order(tea)

    answer = post_payment(order_id, buyer=other_buyer)

    assert (answer.status, answer.code) == (404, "order_not_found")
    assert provider.calls == []


@pytest.mark.parametrize("by_guest", [False, True])
def test_a_buyer_who_loses_the_order_gets_no_secret(provider, tea, monkeypatch, by_guest):
    """Staff change the buyer while the provider creates the payment."""
    order_id = place_order(tea)
    token, create_payment = links.issue_token(order_id), provider.create_payment

    def create_then_change(*args):
        payment = create_payment(*args)
        change = NewBuyer(Holder("guest", "eve@example.com", 100), email="eve@example.com")
        update_order(order_id, lambda order: change_buyer(order, change, by="usr_staff").effects)
        return payment

    monkeypatch.setattr(provider, "create_payment", create_then_change)

    answer = pay_as_guest(order_id, token) if by_guest else post_payment(order_id)

    assert (answer.status, answer.code) == (404, "order_not_found")
    assert "secret" not in str(answer.body)
    assert get_order(order_id).payment is None
    assert pay_as_guest(order_id, token).status == 404


def test_an_unknown_order_is_not_found():
    answer = post_payment("ord_none")

    assert (answer.status, answer.code) == (404, "order_not_found")


def test_the_link_of_a_guest_order_is_enough_to_pay(tea):
    order_id = place_order(tea)

    answer = pay_as_guest(order_id, links.issue_token(order_id))

    assert answer.status == 200
    assert answer.body["payment_id"] == start_payment(order_id)


@pytest.mark.parametrize("token", [None, "", "k1.1803291330.c2lnbmF0dXJl"])
def test_a_guest_order_is_not_found_without_a_valid_token(provider, tea, token):
    answer = pay_as_guest(place_order(tea), token)

    assert (answer.status, answer.code) == (404, "order_not_found")
    assert provider.calls == []


def test_the_token_of_another_order_is_refused(tea):
    order_id, other = place_order(tea), place_order(tea, key="key-2")

    assert pay_as_guest(order_id, links.issue_token(other)).status == 404


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (PaymentUnavailable(), 503, "payment_unavailable"),
        (PaymentRefused(reason="amount_too_small"), 502, "payment_refused"),
    ],
)
def test_a_provider_error_is_returned_and_changes_nothing(provider, tea, error, status, code):
    order_id = place_order(tea)
    before = Order.get(order_id).serialize()
    provider.refusals = [error]

    answer = post_payment(order_id)

    assert (answer.status, answer.code) == (status, code)
    assert ("Retry-After" in answer.headers) is (status == 503)
    assert Order.get(order_id).serialize() == before
    assert post_payment(order_id, buyer=ADA).status == 200


def test_the_payment_of_an_order_starts_a_few_times_an_hour(monkeypatch, provider, tea):
    limited = settings(PaymentSettings).replace(payment_starts_per_hour=2)
    monkeypatch.setattr(service, "settings", {PaymentSettings: limited}.__getitem__)
    order_id, other = place_order(tea), place_order(tea, key="key-2")

    answers = [post_payment(order_id) for _ in range(2)]
    calls = list(provider.calls)
    refused = post_payment(order_id)

    assert [answer.status for answer in answers] == [200, 200]
    assert (refused.status, refused.code) == (429, "too_many_attempts")
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert provider.calls == calls  # the provider is not asked
    assert post_payment(other).status == 200


def test_a_refused_start_does_not_count(monkeypatch, provider, tea):
    limited = settings(PaymentSettings).replace(payment_starts_per_hour=1)
    monkeypatch.setattr(service, "settings", {PaymentSettings: limited}.__getitem__)
    order_id = place_order(tea)

    assert post_payment(order_id, buyer=BOB).status == 404
    assert pay_as_guest(order_id, "no token").status == 404

    assert post_payment(order_id).status == 200
    assert len(provider.payments) == 1


def test_a_guest_meets_the_same_refusals(provider, tea, shifted_clock):
    order_id = place_order(tea)
    token = links.issue_token(order_id)
    provider.refusals = [PaymentUnavailable(), PaymentRefused(reason="amount_too_small")]

    answers = [pay_as_guest(order_id, token) for _ in range(2)]
    shifted_clock.ahead = timedelta(minutes=31)
    answers.append(pay_as_guest(order_id, token))
    send(orders, "orders.cancel", path={"order_id": order_id})
    answers.append(pay_as_guest(order_id, token))

    assert [answer.code for answer in answers] == [
        "payment_unavailable",
        "payment_refused",
        "order_expired",
        "order_status_conflict",
    ]


def test_a_guest_starts_a_payment_a_few_times_an_hour(monkeypatch, provider, tea):
    limited = settings(PaymentSettings).replace(payment_starts_per_hour=1)
    monkeypatch.setattr(service, "settings", {PaymentSettings: limited}.__getitem__)
    order_id = place_order(tea)
    token = links.issue_token(order_id)

    answers = [pay_as_guest(order_id, token) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 429]
    assert len(provider.payments) == 1
