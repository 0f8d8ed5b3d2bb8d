"""The Stripe provider and Stripe's library against a server with Stripe's API.

The server is localstripe with some additions (tests/support/stripe_api.py).
"""

from collections.abc import Iterator

import pytest

from orders.payments.credentials import Credentials
from orders.payments.provider import Authorized, Captured, RefundUpdate, Voided
from orders.payments.stripe_provider import StripeProvider
from shared.errors.orders import PaymentRefused, PaymentUnavailable, WebhookSignatureInvalid
from shared.money import Money
from tests.support import stripe_api
from tests.support.stripe_api import DECLINED_CARD, StripeApi
from tests.support.webhook_receiver import WebhookReceiver, receive_webhooks

pytestmark = pytest.mark.enable_socket

KEYS = Credentials(stripe_api.API_KEY, (stripe_api.WEBHOOK_SECRET,))
TOTAL = Money(amount_minor=1999, currency="EUR")
SOME = Money(amount_minor=500, currency="EUR")


@pytest.fixture(scope="module")
def api() -> Iterator[StripeApi]:
    with stripe_api.run_server() as running:
        yield running


@pytest.fixture
def provider(api) -> StripeProvider:
    return StripeProvider(KEYS, api.url, is_manual=False)


@pytest.fixture
def manual_provider(api) -> StripeProvider:
    """Authorizes a payment first, and captures it on request."""
    return StripeProvider(KEYS, api.url, is_manual=True)


@pytest.fixture
def order_id(request) -> str:
    return f"ord_{request.node.name}"


@pytest.fixture
def receiver(api) -> Iterator[WebhookReceiver]:
    with receive_webhooks() as opened:
        api.send_webhooks_to(opened.url)
        yield opened


def test_a_payment_carries_its_amount_and_order(api, provider, order_id):
    payment = provider.create_payment(order_id, TOTAL, f"key {order_id}")

    (intent,) = [found for found in api.intents() if found["id"] == payment.payment_id]
    assert (payment.status, payment.captured_minor) == ("started", 0)
    assert payment.client_secret == intent["client_secret"]
    assert (intent["amount"], intent["currency"]) == (1999, "eur")
    assert intent["metadata"] == {"order_id": order_id}
    assert intent["capture_method"] == "automatic"


def test_each_key_creates_one_payment(provider, order_id):
    first = provider.create_payment(order_id, TOTAL, f"key {order_id}")

    assert provider.create_payment(order_id, TOTAL, f"key {order_id}") == first
    assert provider.create_payment(order_id, TOTAL, f"key {order_id} again") != first


def test_a_key_used_for_another_amount_is_refused(provider, order_id):
    provider.create_payment(order_id, TOTAL, f"key {order_id}")

    with pytest.raises(PaymentRefused):
        provider.create_payment(order_id, SOME, f"key {order_id}")


def test_a_payment_is_captured_when_the_buyer_pays(api, provider, order_id):
    payment_id = provider.create_payment(order_id, TOTAL, order_id).payment_id

    api.pay(payment_id)

    found = provider.get_payment(payment_id)
    assert (found.status, found.captured_minor) == ("captured", 1999)


def test_a_declined_card_leaves_the_payment_open(api, provider, order_id):
    payment_id = provider.create_payment(order_id, TOTAL, order_id).payment_id

    assert api.pay(payment_id, DECLINED_CARD).status_code == 402

    assert provider.get_payment(payment_id).status == "started"


def test_an_authorized_payment_is_captured_once(api, manual_provider, order_id):
    payment_id = manual_provider.create_payment(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)
    assert manual_provider.get_payment(payment_id).status == "authorized"

    captured = manual_provider.capture_payment(payment_id, TOTAL)

    assert (captured.status, captured.captured_minor) == ("captured", 1999)
    assert manual_provider.capture_payment(payment_id, TOTAL) == captured


def test_a_void_payment_is_not_captured(api, manual_provider, order_id):
    payment_id = manual_provider.create_payment(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)
    assert manual_provider.void_payment(payment_id).status == "void"

    assert manual_provider.capture_payment(payment_id, TOTAL).status == "void"
    assert manual_provider.void_payment(payment_id).status == "void"


def test_more_than_was_authorized_is_not_captured(api, manual_provider, order_id):
    payment_id = manual_provider.create_payment(order_id, SOME, order_id).payment_id
    api.pay(payment_id)

    with pytest.raises(PaymentRefused):
        manual_provider.capture_payment(payment_id, TOTAL)

    assert manual_provider.get_payment(payment_id).status == "authorized"


def test_a_captured_payment_is_not_voided(api, provider, order_id):
    payment_id = provider.create_payment(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)

    assert provider.void_payment(payment_id).status == "captured"


def test_an_unpaid_payment_is_voided(provider, order_id):
    payment_id = provider.create_payment(order_id, TOTAL, order_id).payment_id

    assert provider.void_payment(payment_id).status == "void"
    assert provider.get_payment(payment_id).status == "void"


def test_a_refund_is_made_once_and_found_by_the_shops_id(api, provider, order_id):
    payment_id = provider.create_payment(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)

    made = provider.create_refund(payment_id, SOME, f"rfd_{order_id}")

    assert made.status == "succeeded"
    assert provider.create_refund(payment_id, SOME, f"rfd_{order_id}") == made
    assert [refund["amount"] for refund in api.refunds(payment_id)] == [500]
    assert provider.find_refund(payment_id, f"rfd_{order_id}") == made
    assert provider.find_refund(payment_id, "rfd_other") is None
    assert provider.get_refund(payment_id, made.provider_refund_id) == made
    assert provider.get_refunded_minor(payment_id) == 500


def test_a_refund_of_an_unpaid_payment_is_refused(provider, order_id):
    payment_id = provider.create_payment(order_id, TOTAL, order_id).payment_id

    with pytest.raises(PaymentRefused):
        provider.create_refund(payment_id, SOME, f"rfd_{order_id}")


def test_an_unknown_payment_is_refused(provider):
    with pytest.raises(PaymentRefused) as refusal:
        provider.get_payment("pi_none")

    assert refusal.value.details == {"reason": "InvalidRequestError"}


def test_one_failed_attempt_is_retried(api, provider, order_id):
    payment_id = provider.create_payment(order_id, TOTAL, order_id).payment_id
    api.fail_next(503)

    assert provider.get_payment(payment_id).status == "started"


@pytest.mark.parametrize("statuses", [(500, 500), (503, 503), (409, 409), (429,), (401,), (403,)])
def test_a_failing_stripe_is_unavailable(api, provider, statuses):
    for status in statuses:
        api.fail_next(status)

    with pytest.raises(PaymentUnavailable):
        provider.get_payment("pi_any")


def test_an_unreachable_server_is_unavailable():
    unreachable = StripeProvider(KEYS, "http://127.0.0.1:9", is_manual=False)

    with pytest.raises(PaymentUnavailable):
        unreachable.get_payment("pi_any")


def test_a_wrong_api_key_makes_payments_unavailable(api):
    unauthorized = StripeProvider(Credentials("nonsense", ()), api.url, is_manual=False)

    with pytest.raises(PaymentUnavailable):
        unauthorized.get_payment("pi_any")


def test_a_webhook_reports_a_capture(api, provider, order_id, receiver):
    payment_id = provider.create_payment(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)

    event = provider.parse_webhook(*receiver.next_webhook("payment_intent.succeeded", payment_id))

    assert isinstance(event, Captured)
    assert (event.order_id, event.payment_id, event.amount) == (order_id, payment_id, TOTAL)


def test_webhooks_report_authorizations_and_voids(api, manual_provider, order_id, receiver):
    payment_id = manual_provider.create_payment(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)
    manual_provider.void_payment(payment_id)

    authorization = receiver.next_webhook("payment_intent.amount_capturable_updated", payment_id)
    cancellation = receiver.next_webhook("payment_intent.canceled", payment_id)

    authorized, voided = (
        manual_provider.parse_webhook(*webhook) for webhook in (authorization, cancellation)
    )
    assert isinstance(authorized, Authorized)
    assert (authorized.order_id, authorized.amount) == (order_id, TOTAL)
    assert isinstance(voided, Voided)
    assert (voided.order_id, voided.payment_id) == (order_id, payment_id)


def test_a_webhook_of_a_refund_names_the_order_of_its_payment(api, provider, order_id, receiver):
    payment_id = provider.create_payment(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)
    made = provider.create_refund(payment_id, SOME, f"rfd_{order_id}")

    event = provider.parse_webhook(*receiver.next_webhook("refund.created", payment_id))

    assert isinstance(event, RefundUpdate)
    assert (event.order_id, event.refund_id) == (order_id, f"rfd_{order_id}")
    assert (event.refund, event.amount) == (made, SOME)


def test_a_changed_webhook_is_refused(api, provider, order_id, receiver):
    payment_id = provider.create_payment(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)
    body, headers = receiver.next_webhook("payment_intent.succeeded", payment_id)

    with pytest.raises(WebhookSignatureInvalid):
        provider.parse_webhook(body.replace(b"1999", b"9999"), headers)
