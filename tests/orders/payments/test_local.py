"""The local provider's client against the local stack's provider, as it is served there."""

from collections.abc import Iterator

import pytest

from orders.payments.credentials import Credentials
from orders.payments.local_provider import LocalProvider
from orders.payments.provider import Authorized, Captured, RefundUpdate, Voided
from shared.errors.orders import (
    PaymentRefused,
    PaymentUnavailable,
    WebhookSignatureInvalid,
    WebhookTooOld,
)
from shared.money import Money
from tests.support import local_payments
from tests.support.local_payments import LocalPayments
from tests.support.payments import KEYS
from tests.support.webhook_receiver import WebhookReceiver, receive_webhooks

pytestmark = pytest.mark.enable_socket

TOTAL = Money(amount_minor=1999, currency="EUR")
SOME = Money(amount_minor=500, currency="EUR")
WELL_BEHAVED = {
    "copies": 1,
    "fail_next": 0,
    "lose_next": 0,
    "refunds": "succeed",
    "signed_ago_seconds": 0,
    "wrong_secret": False,
    "webhook_url": "",
}


@pytest.fixture(scope="module")
def server() -> Iterator[LocalPayments]:
    with local_payments.run_server() as running:
        yield running


@pytest.fixture(autouse=True)
def well_behaved(server):
    yield
    server.set_behaviour(**WELL_BEHAVED)


@pytest.fixture
def bank(server) -> LocalProvider:
    return LocalProvider(KEYS, server.url, is_manual=False)


@pytest.fixture
def careful_bank(server) -> LocalProvider:
    """Which authorizes first, and captures when it is asked."""
    return LocalProvider(KEYS, server.url, is_manual=True)


@pytest.fixture
def order_id(request) -> str:
    return f"ord_{request.node.name}"


@pytest.fixture
def ear(server) -> Iterator[WebhookReceiver]:
    with receive_webhooks() as opened:
        server.set_behaviour(webhook_url=opened.url)
        yield opened
        server.set_behaviour(webhook_url="")


@pytest.fixture
def paid(server, bank, order_id) -> str:
    """The id of a payment that was captured."""
    payment = bank.begin(order_id, TOTAL, f"begin {order_id}")
    server.pay(payment.payment_id, payment.client_secret)
    return payment.payment_id


def test_a_payment_is_begun_once_for_each_key(bank, order_id):
    first = bank.begin(order_id, TOTAL, f"begin {order_id}")

    assert (first.status, first.captured_minor) == ("started", 0)
    assert bank.begin(order_id, TOTAL, f"begin {order_id}") == first
    assert bank.begin(order_id, TOTAL, f"begin {order_id} again") != first
    assert bank.find(first.payment_id) == first


def test_a_key_that_was_used_otherwise_is_refused(bank, order_id):
    bank.begin(order_id, TOTAL, f"begin {order_id}")

    with pytest.raises(PaymentRefused) as refusal:
        bank.begin(order_id, SOME, f"begin {order_id}")

    assert refusal.value.details == {"reason": "idempotency_key_reused"}


def test_a_payment_is_captured_when_the_buyer_has_paid(bank, paid):
    found = bank.find(paid)

    assert (found.status, found.captured_minor) == ("captured", 1999)


def test_after_a_declined_card_another_may_be_tried(server, bank, order_id):
    payment = bank.begin(order_id, TOTAL, order_id)

    server.pay(payment.payment_id, payment.client_secret, card="declined")

    assert bank.find(payment.payment_id).status == "started"


def test_what_is_authorized_is_captured_once(server, careful_bank, order_id):
    payment = careful_bank.begin(order_id, TOTAL, order_id)
    server.pay(payment.payment_id, payment.client_secret)
    assert careful_bank.find(payment.payment_id).status == "authorized"

    captured = careful_bank.capture(payment.payment_id, TOTAL)

    assert (captured.status, captured.captured_minor) == ("captured", 1999)
    assert careful_bank.capture(payment.payment_id, TOTAL) == captured


def test_what_was_let_go_of_is_not_captured(server, careful_bank, order_id):
    payment = careful_bank.begin(order_id, TOTAL, order_id)
    server.pay(payment.payment_id, payment.client_secret)
    assert careful_bank.void(payment.payment_id).status == "void"

    assert careful_bank.capture(payment.payment_id, TOTAL).status == "void"


def test_what_nobody_has_paid_cannot_be_captured(careful_bank, order_id):
    payment = careful_bank.begin(order_id, TOTAL, order_id)

    with pytest.raises(PaymentRefused):
        careful_bank.capture(payment.payment_id, TOTAL)


def test_what_is_captured_is_not_let_go_of(bank, paid):
    assert bank.void(paid).status == "captured"


def test_a_refund_is_made_once_and_found_by_the_shop_s_id(bank, paid, order_id):
    made = bank.refund(paid, SOME, f"rfd_{order_id}")

    assert made.status == "succeeded"
    assert bank.refund(paid, SOME, f"rfd_{order_id}") == made
    assert bank.find_refund(paid, f"rfd_{order_id}") == made
    assert bank.find_refund(paid, "rfd_other") is None


@pytest.mark.parametrize(("how", "reason"), [("refuse", "status_conflict"), ("succeed", "amount")])
def test_a_refund_that_cannot_be_made_is_refused(server, bank, paid, how, reason):
    server.set_behaviour(refunds=how)

    with pytest.raises(PaymentRefused) as refusal:
        bank.refund(paid, Money(amount_minor=2000, currency="EUR"), f"rfd_{paid}")

    assert str(refusal.value.details["reason"]).startswith(reason)


def test_what_is_not_there_is_refused(bank):
    with pytest.raises(PaymentRefused):
        bank.find("pay_none")


def test_a_call_that_fails_is_to_be_made_again(server, bank, order_id):
    server.set_behaviour(fail_next=1)

    with pytest.raises(PaymentUnavailable):
        bank.begin(order_id, TOTAL, order_id)

    assert bank.begin(order_id, TOTAL, order_id).status == "started"


def test_a_call_whose_answer_is_lost_was_made_once(server, bank, paid, order_id):
    server.set_behaviour(lose_next=1)
    with pytest.raises(PaymentUnavailable):
        bank.refund(paid, SOME, f"rfd_{order_id}")

    made = bank.refund(paid, SOME, f"rfd_{order_id}")

    assert bank.find_refund(paid, f"rfd_{order_id}") == made


def test_a_server_that_is_not_there_is_out_of_reach():
    with pytest.raises(PaymentUnavailable):
        LocalProvider(KEYS, "http://127.0.0.1:9", is_manual=False).find("pay_any")


def test_a_wrong_key_is_the_shop_s_trouble_and_not_the_buyer_s(server):
    keyless = LocalProvider(Credentials("nonsense", ()), server.url, is_manual=False)

    with pytest.raises(PaymentUnavailable):
        keyless.find("pay_any")


def test_its_webhooks_tell_what_was_captured_and_what_paid_back(bank, order_id, ear, paid, server):
    captured = bank.event_of(*ear.next_webhook("payment.captured", paid))
    made = bank.refund(paid, SOME, f"rfd_{order_id}")
    refunded = bank.event_of(*ear.next_webhook("refund.updated", paid))
    server.refund_in_dashboard(paid, 1)
    unasked = bank.event_of(*ear.next_webhook("refund.updated", paid))

    assert isinstance(captured, Captured)
    assert (captured.order_id, captured.payment_id, captured.amount) == (order_id, paid, TOTAL)
    assert isinstance(refunded, RefundUpdate)
    assert (refunded.order_id, refunded.payment_id) == (order_id, paid)
    assert (refunded.refund_id, refunded.refund) == (f"rfd_{order_id}", made)
    assert isinstance(unasked, RefundUpdate)
    assert (unasked.refund_id, unasked.amount.amount_minor) == (None, 1)


def test_its_webhooks_tell_what_was_authorized_and_what_let_go_of(
    server, careful_bank, order_id, ear
):
    payment = careful_bank.begin(order_id, TOTAL, order_id)
    server.pay(payment.payment_id, payment.client_secret, card="declined")
    server.pay(payment.payment_id, payment.client_secret)
    careful_bank.void(payment.payment_id)

    declined = careful_bank.event_of(*ear.next_webhook("payment.declined", payment.payment_id))
    authorized = careful_bank.event_of(*ear.next_webhook("payment.authorized", payment.payment_id))
    voided = careful_bank.event_of(*ear.next_webhook("payment.voided", payment.payment_id))

    assert declined is None
    assert isinstance(authorized, Authorized)
    assert (authorized.order_id, authorized.amount) == (order_id, TOTAL)
    assert isinstance(voided, Voided)
    assert voided.payment_id == payment.payment_id


def test_an_event_that_is_told_twice_is_the_same_event(server, bank, order_id, ear):
    server.set_behaviour(copies=2)
    payment = bank.begin(order_id, TOTAL, order_id)
    server.pay(payment.payment_id, payment.client_secret)

    first, second = (bank.event_of(*ear.next_webhook(payment.payment_id)) for _ in range(2))

    assert first == second


@pytest.mark.parametrize(
    ("how", "refusal"),
    [
        ({"wrong_secret": True}, WebhookSignatureInvalid),
        ({"signed_ago_seconds": 1000}, WebhookTooOld),
    ],
)
def test_a_webhook_that_is_not_its_own_or_not_of_now_is_not_believed(
    server, bank, ear, how, refusal
):
    server.set_behaviour(**how)
    payment = bank.begin("ord_1", TOTAL, f"begin {how}")
    server.pay(payment.payment_id, payment.client_secret)

    with pytest.raises(refusal):
        bank.event_of(*ear.next_webhook(payment.payment_id))
