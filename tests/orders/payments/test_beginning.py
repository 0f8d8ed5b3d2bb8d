"""Whole slice: an order's payment is begun at the provider, and it is one, however often asked."""

from datetime import timedelta

import pytest

from orders.guests import links
from orders.handler import handler as orders
from orders.lifecycle import decisions
from orders.lifecycle.balances import VOID
from orders.lifecycle.service import update_order
from orders.payments.handler import handler as payments
from shared.errors.orders import PaymentRefused, PaymentUnavailable
from shared.storage.dynamo import connection
from shared.storage.models.orders import Order
from tests.support.faults import inject_faults, read_timeout
from tests.support.http import ADA, BOB, NOBODY, STAFF, send
from tests.support.order_requests import place_order
from tests.support.payments import get_order, post_payment, start_payment, webhook_outcome

pytestmark = pytest.mark.usefixtures("aws", "bank")


def pay_as_guest(order_id: str, token: str | None):
    path, headers = {"order_id": order_id}, {"order-token": token}
    return send(payments, "guest.pay", caller=NOBODY, path=path, headers=headers)


def test_the_buyer_gets_what_the_provider_s_page_needs(tea):
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


def test_the_provider_is_asked_for_the_order_s_total(bank, tea):
    order_id = place_order(tea)

    payment_id = start_payment(order_id)

    account = bank.payments[payment_id]
    assert (account.order_id, account.amount.amount_minor) == (order_id, 2000)


def test_the_order_knows_its_payment_and_waits_longer_for_it(tea, later):
    order_id = place_order(tea)
    before = get_order(order_id).expires_at
    later.by = timedelta(minutes=29)

    payment_id = start_payment(order_id)

    order = get_order(order_id)
    assert (order.payment.provider, order.payment.payment_id) == ("local", payment_id)
    assert (order.status, order.payment.status) == ("pending_payment", "started")
    assert order.expires_at > before


def test_asked_again_it_is_the_same_payment(bank, tea):
    order_id = place_order(tea)
    first = post_payment(order_id)

    again = post_payment(order_id)

    assert again.body == first.body
    assert list(bank.payments) == ["pay_1"]


def test_two_requests_at_once_begin_one_payment(bank, tea, monkeypatch):
    order_id = place_order(tea)
    inner = []
    beginning = bank.begin

    def overtaken(*asked):
        monkeypatch.setattr(bank, "begin", beginning)
        inner.append(post_payment(order_id))
        return beginning(*asked)

    monkeypatch.setattr(bank, "begin", overtaken)

    outer = post_payment(order_id)

    assert outer.body == inner[0].body
    assert list(bank.payments) == ["pay_1"]


def test_a_request_whose_answer_was_lost_is_answered_with_the_same_payment(tea):
    order_id = place_order(tea)
    with inject_faults(connection().client, "TransactWriteItems", read_timeout()):
        post_payment(order_id)
    assert get_order(order_id).payment is None

    assert start_payment(order_id) == "pay_1"


def test_a_payment_that_came_to_nothing_is_followed_by_another(bank, tea):
    order_id = place_order(tea)
    assert webhook_outcome(bank.void_payment(start_payment(order_id))) == "applied"

    second = start_payment(order_id)

    assert second == "pay_2"
    assert get_order(order_id).payment.payment_id == "pay_2"
    assert start_payment(order_id) == "pay_2"


def test_so_is_one_of_which_the_shop_was_not_told(bank, tea):
    order_id = place_order(tea)
    bank.payments[start_payment(order_id)].status = VOID

    assert start_payment(order_id) == "pay_2"


def test_a_payment_that_went_through_unheard_of_is_shown_and_not_begun_again(bank, tea):
    order_id = place_order(tea)
    bank.capture_payment(start_payment(order_id))

    answer = post_payment(order_id)

    assert (answer.body["payment_id"], answer.body["status"]) == ("pay_1", "captured")
    assert get_order(order_id).status == "pending_payment"


def test_an_order_that_is_paid_is_paid_once(bank, tea):
    order_id = place_order(tea)
    webhook_outcome(bank.capture_payment(start_payment(order_id)))
    bank.calls.clear()

    answer = post_payment(order_id)

    assert (answer.status, answer.code) == (409, "order_status_conflict")
    assert bank.calls == []


def test_a_cancelled_order_cannot_be_paid(bank, tea):
    order_id = place_order(tea)
    send(orders, "orders.cancel", path={"order_id": order_id})

    answer = post_payment(order_id)

    assert (answer.status, answer.code) == (409, "order_status_conflict")
    assert bank.payments == {}


def test_an_order_whose_time_is_over_cannot_be_paid_though_it_was_not_swept_yet(bank, tea, later):
    order_id = place_order(tea)
    later.by = timedelta(minutes=31)

    answer = post_payment(order_id)

    assert (answer.status, answer.code) == (409, "order_expired")
    assert bank.payments == {}


def test_an_order_that_is_cancelled_while_its_payment_is_begun_shows_no_secret(
    bank, tea, monkeypatch
):
    order_id = place_order(tea)
    beginning = bank.begin

    def cancelled_meanwhile(*asked):
        update_order(order_id, lambda it: decisions.cancel(it, by="a", is_staff=False, reason=None))
        return beginning(*asked)

    monkeypatch.setattr(bank, "begin", cancelled_meanwhile)

    answer = post_payment(order_id)

    assert (answer.status, answer.code) == (409, "order_status_conflict")
    assert get_order(order_id).payment is None


@pytest.mark.parametrize("stranger", [BOB, STAFF])
def test_someone_else_s_order_is_not_there(bank, tea, stranger):
    order_id = place_order(tea)

    answer = post_payment(order_id, buyer=stranger)

    assert (answer.status, answer.code) == (404, "order_not_found")
    assert bank.calls == []


def test_an_order_that_is_not_there_is_not_there():
    assert (post_payment("ord_none").status, post_payment("ord_none").code) == (
        404,
        "order_not_found",
    )


def test_whoever_has_a_guest_s_link_can_pay(tea):
    order_id = place_order(tea)

    answer = pay_as_guest(order_id, links.token_for(order_id))

    assert answer.status == 200
    assert answer.body["payment_id"] == start_payment(order_id)


@pytest.mark.parametrize("token", [None, "", "k1.1803291330.c2lnbmF0dXJl"])
def test_without_the_link_there_is_nothing_to_pay(bank, tea, token):
    answer = pay_as_guest(place_order(tea), token)

    assert (answer.status, answer.code) == (404, "order_not_found")
    assert bank.calls == []


def test_the_link_of_another_order_is_none(tea):
    order_id, other = place_order(tea), place_order(tea, key="key-2")

    assert pay_as_guest(order_id, links.token_for(other)).status == 404


@pytest.mark.parametrize(
    ("says", "status", "code"),
    [
        (PaymentUnavailable("Not now."), 503, "payment_unavailable"),
        (PaymentRefused("No.", reason="amount_too_small"), 502, "payment_refused"),
    ],
)
def test_what_the_provider_says_instead_is_answered_and_nothing_is_changed(
    bank, tea, says, status, code
):
    order_id = place_order(tea)
    before = Order.get(order_id).serialize()
    bank.refusals = [says]

    answer = post_payment(order_id)

    assert (answer.status, answer.code) == (status, code)
    assert ("Retry-After" in answer.headers) is (status == 503)
    assert Order.get(order_id).serialize() == before
    assert post_payment(order_id, buyer=ADA).status == 200
