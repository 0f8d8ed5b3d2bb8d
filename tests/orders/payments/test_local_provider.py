"""The client of the local provider against the provider that the local stack runs."""

from collections.abc import Iterator

import pytest

from orders.payments.credentials import Credentials
from orders.payments.local_provider import LocalProvider
from orders.payments.provider import Authorized, Captured, DisputeUpdate, RefundUpdate, Voided
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
DEFAULT_BEHAVIOUR = {
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
def default_behaviour(server):
    yield
    server.set_behaviour(**DEFAULT_BEHAVIOUR)


@pytest.fixture
def provider(server) -> LocalProvider:
    return LocalProvider(KEYS, server.url, is_manual=False)


@pytest.fixture
def manual_provider(server) -> LocalProvider:
    """Authorizes a payment first, and captures it on request."""
    return LocalProvider(KEYS, server.url, is_manual=True)


@pytest.fixture
def order_id(request) -> str:
    return f"ord_{request.node.name}"


@pytest.fixture
def receiver(server) -> Iterator[WebhookReceiver]:
    with receive_webhooks() as opened:
        server.set_behaviour(webhook_url=opened.url)
        yield opened
        server.set_behaviour(webhook_url="")


@pytest.fixture
def captured_id(server, provider, order_id) -> str:
    """The id of a captured payment."""
    payment = provider.create_payment(order_id, TOTAL, f"key {order_id}")
    server.pay(payment.payment_id, payment.client_secret)
    return payment.payment_id


def test_each_key_creates_one_payment(provider, order_id):
    first = provider.create_payment(order_id, TOTAL, f"key {order_id}")

    assert (first.status, first.captured_minor) == ("started", 0)
    assert provider.create_payment(order_id, TOTAL, f"key {order_id}") == first
    assert provider.create_payment(order_id, TOTAL, f"key {order_id} again") != first
    assert provider.get_payment(first.payment_id) == first


def test_a_key_used_for_another_amount_is_refused(provider, order_id):
    provider.create_payment(order_id, TOTAL, f"key {order_id}")

    with pytest.raises(PaymentRefused) as refusal:
        provider.create_payment(order_id, SOME, f"key {order_id}")

    assert refusal.value.details == {"reason": "idempotency_key_reused"}


def test_a_payment_is_captured_when_the_buyer_pays(provider, captured_id):
    found = provider.get_payment(captured_id)

    assert (found.status, found.captured_minor) == ("captured", 1999)


def test_a_declined_card_leaves_the_payment_open(server, provider, order_id):
    payment = provider.create_payment(order_id, TOTAL, order_id)

    server.pay(payment.payment_id, payment.client_secret, card="declined")

    assert provider.get_payment(payment.payment_id).status == "started"


def test_an_authorized_payment_is_captured_once(server, manual_provider, order_id):
    payment = manual_provider.create_payment(order_id, TOTAL, order_id)
    server.pay(payment.payment_id, payment.client_secret)
    assert manual_provider.get_payment(payment.payment_id).status == "authorized"

    captured = manual_provider.capture_payment(payment.payment_id, TOTAL)

    assert (captured.status, captured.captured_minor) == ("captured", 1999)
    assert manual_provider.capture_payment(payment.payment_id, TOTAL) == captured


def test_a_void_payment_is_not_captured(server, manual_provider, order_id):
    payment = manual_provider.create_payment(order_id, TOTAL, order_id)
    server.pay(payment.payment_id, payment.client_secret)
    assert manual_provider.void_payment(payment.payment_id).status == "void"

    assert manual_provider.capture_payment(payment.payment_id, TOTAL).status == "void"


def test_an_unpaid_payment_cannot_be_captured(manual_provider, order_id):
    payment = manual_provider.create_payment(order_id, TOTAL, order_id)

    with pytest.raises(PaymentRefused):
        manual_provider.capture_payment(payment.payment_id, TOTAL)


def test_a_captured_payment_is_not_voided(provider, captured_id):
    assert provider.void_payment(captured_id).status == "captured"


def test_a_refund_is_made_once_and_found_by_the_shops_id(provider, captured_id, order_id):
    made = provider.create_refund(captured_id, SOME, f"rfd_{order_id}")

    assert made.status == "succeeded"
    assert provider.create_refund(captured_id, SOME, f"rfd_{order_id}") == made
    assert provider.find_refund(captured_id, f"rfd_{order_id}") == made
    assert provider.find_refund(captured_id, "rfd_other") is None


@pytest.mark.parametrize(
    ("behaviour", "reason"), [("refuse", "status_conflict"), ("succeed", "amount")]
)
def test_an_impossible_refund_is_refused(server, provider, captured_id, behaviour, reason):
    server.set_behaviour(refunds=behaviour)

    with pytest.raises(PaymentRefused) as refusal:
        provider.create_refund(
            captured_id, Money(amount_minor=2000, currency="EUR"), f"rfd_{captured_id}"
        )

    assert str(refusal.value.details["reason"]).startswith(reason)


def test_an_unknown_payment_is_refused(provider):
    with pytest.raises(PaymentRefused):
        provider.get_payment("pay_none")


def test_a_failed_call_can_be_retried(server, provider, order_id):
    server.set_behaviour(fail_next=1)

    with pytest.raises(PaymentUnavailable):
        provider.create_payment(order_id, TOTAL, order_id)

    assert provider.create_payment(order_id, TOTAL, order_id).status == "started"


def test_a_call_whose_response_was_lost_is_made_once(server, provider, captured_id, order_id):
    server.set_behaviour(lose_next=1)
    with pytest.raises(PaymentUnavailable):
        provider.create_refund(captured_id, SOME, f"rfd_{order_id}")

    made = provider.create_refund(captured_id, SOME, f"rfd_{order_id}")

    assert provider.find_refund(captured_id, f"rfd_{order_id}") == made


def test_an_unreachable_server_is_unavailable():
    with pytest.raises(PaymentUnavailable):
        LocalProvider(KEYS, "http://127.0.0.1:9", is_manual=False).get_payment("pay_any")


def test_a_wrong_api_key_makes_payments_unavailable(server):
    unauthorized = LocalProvider(Credentials("nonsense", ()), server.url, is_manual=False)

    with pytest.raises(PaymentUnavailable):
        unauthorized.get_payment("pay_any")


def test_webhooks_report_captures_and_refunds(provider, order_id, receiver, captured_id, server):
    captured = provider.parse_webhook(*receiver.next_webhook("payment.captured", captured_id))
    made = provider.create_refund(captured_id, SOME, f"rfd_{order_id}")
    refunded = provider.parse_webhook(*receiver.next_webhook("refund.updated", captured_id))
    server.refund_in_dashboard(captured_id, 1)
    made_at_provider = provider.parse_webhook(*receiver.next_webhook("refund.updated", captured_id))

    assert isinstance(captured, Captured)
    assert (captured.order_id, captured.payment_id, captured.amount) == (
        order_id,
        captured_id,
        TOTAL,
    )
    assert isinstance(refunded, RefundUpdate)
    assert (refunded.order_id, refunded.payment_id) == (order_id, captured_id)
    assert (refunded.refund_id, refunded.refund) == (f"rfd_{order_id}", made)
    assert isinstance(made_at_provider, RefundUpdate)
    assert (made_at_provider.refund_id, made_at_provider.amount.amount_minor) == (None, 1)


def test_a_pending_refund_is_read_by_the_providers_id(server, provider, captured_id):
    server.set_behaviour(refunds="pending", delay_seconds=60)
    made = provider.create_refund(captured_id, SOME, f"rfd_{captured_id}")
    server.set_behaviour(refunds="succeed", delay_seconds=0)

    assert made.status == "requested"
    assert provider.get_refund(captured_id, made.provider_refund_id) == made
    with pytest.raises(PaymentRefused):
        provider.get_refund(captured_id, "re_none")


def test_the_refunded_amount_counts_refunds_of_the_dashboard(server, provider, captured_id):
    provider.create_refund(captured_id, SOME, f"rfd_{captured_id}")
    server.refund_in_dashboard(captured_id, 1)

    assert provider.get_refunded_minor(captured_id) == SOME.amount_minor + 1


def test_webhooks_report_disputes(server, provider, order_id, captured_id, receiver):
    server.dispute(captured_id, 1999, "needs_response")

    disputed = provider.parse_webhook(*receiver.next_webhook("dispute.updated", captured_id))

    assert isinstance(disputed, DisputeUpdate)
    assert (disputed.order_id, disputed.payment_id) == (order_id, captured_id)
    assert (disputed.amount, disputed.status) == (TOTAL, "needs_response")


def test_webhooks_report_authorizations_and_voids(server, manual_provider, order_id, receiver):
    payment = manual_provider.create_payment(order_id, TOTAL, order_id)
    server.pay(payment.payment_id, payment.client_secret, card="declined")
    server.pay(payment.payment_id, payment.client_secret)
    manual_provider.void_payment(payment.payment_id)

    declined = manual_provider.parse_webhook(
        *receiver.next_webhook("payment.declined", payment.payment_id)
    )
    authorized = manual_provider.parse_webhook(
        *receiver.next_webhook("payment.authorized", payment.payment_id)
    )
    voided = manual_provider.parse_webhook(
        *receiver.next_webhook("payment.voided", payment.payment_id)
    )

    assert declined is None
    assert isinstance(authorized, Authorized)
    assert (authorized.order_id, authorized.amount) == (order_id, TOTAL)
    assert isinstance(voided, Voided)
    assert voided.payment_id == payment.payment_id


def test_a_repeated_webhook_is_the_same_event(server, provider, order_id, receiver):
    server.set_behaviour(copies=2)
    payment = provider.create_payment(order_id, TOTAL, order_id)
    server.pay(payment.payment_id, payment.client_secret)

    first, second = (
        provider.parse_webhook(*receiver.next_webhook(payment.payment_id)) for _ in range(2)
    )

    assert first == second


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        ({"wrong_secret": True}, WebhookSignatureInvalid),
        ({"signed_ago_seconds": 1000}, WebhookTooOld),
    ],
)
def test_a_forged_or_old_webhook_is_refused(server, provider, receiver, behaviour, error):
    server.set_behaviour(**behaviour)
    payment = provider.create_payment("ord_1", TOTAL, f"key {behaviour}")
    server.pay(payment.payment_id, payment.client_secret)

    with pytest.raises(error):
        provider.parse_webhook(*receiver.next_webhook(payment.payment_id))
