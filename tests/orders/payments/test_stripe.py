"""Stripe's library against a server that speaks Stripe's API: what is asked, and what is told.

The server is localstripe, with some of what it lacks (tests/support/stripe_api.py).
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
def stripe(api) -> StripeProvider:
    return StripeProvider(KEYS, api.url, is_manual=False)


@pytest.fixture
def careful_stripe(api) -> StripeProvider:
    """Which authorizes first, and captures when it is asked."""
    return StripeProvider(KEYS, api.url, is_manual=True)


@pytest.fixture
def order_id(request) -> str:
    return f"ord_{request.node.name}"


@pytest.fixture
def ear(api) -> Iterator[WebhookReceiver]:
    with receive_webhooks() as opened:
        api.send_webhooks_to(opened.url)
        yield opened


def test_a_payment_is_begun_with_what_it_is_for(api, stripe, order_id):
    payment = stripe.begin(order_id, TOTAL, f"begin {order_id}")

    (intent,) = [it for it in api.intents() if it["id"] == payment.payment_id]
    assert (payment.status, payment.captured_minor) == ("started", 0)
    assert payment.client_secret == intent["client_secret"]
    assert (intent["amount"], intent["currency"]) == (1999, "eur")
    assert intent["metadata"] == {"order_id": order_id}
    assert intent["capture_method"] == "automatic"


def test_with_the_same_key_it_is_begun_once(stripe, order_id):
    first = stripe.begin(order_id, TOTAL, f"begin {order_id}")

    assert stripe.begin(order_id, TOTAL, f"begin {order_id}") == first
    assert stripe.begin(order_id, TOTAL, f"begin {order_id} again") != first


def test_a_key_that_was_used_otherwise_is_refused(stripe, order_id):
    stripe.begin(order_id, TOTAL, f"begin {order_id}")

    with pytest.raises(PaymentRefused):
        stripe.begin(order_id, SOME, f"begin {order_id}")


def test_a_payment_is_captured_when_the_buyer_has_paid(api, stripe, order_id):
    payment_id = stripe.begin(order_id, TOTAL, order_id).payment_id

    api.pay(payment_id)

    found = stripe.find(payment_id)
    assert (found.status, found.captured_minor) == ("captured", 1999)


def test_after_a_declined_card_another_may_be_tried(api, stripe, order_id):
    payment_id = stripe.begin(order_id, TOTAL, order_id).payment_id

    assert api.pay(payment_id, DECLINED_CARD).status_code == 402

    assert stripe.find(payment_id).status == "started"


def test_what_is_authorized_is_captured_once(api, careful_stripe, order_id):
    payment_id = careful_stripe.begin(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)
    assert careful_stripe.find(payment_id).status == "authorized"

    captured = careful_stripe.capture(payment_id, TOTAL)

    assert (captured.status, captured.captured_minor) == ("captured", 1999)
    assert careful_stripe.capture(payment_id, TOTAL) == captured


def test_what_was_let_go_of_is_not_captured(api, careful_stripe, order_id):
    payment_id = careful_stripe.begin(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)
    assert careful_stripe.void(payment_id).status == "void"

    assert careful_stripe.void(payment_id).status == "void"


def test_more_than_was_authorized_is_not_captured(api, careful_stripe, order_id):
    payment_id = careful_stripe.begin(order_id, SOME, order_id).payment_id
    api.pay(payment_id)

    with pytest.raises(PaymentRefused):
        careful_stripe.capture(payment_id, TOTAL)

    assert careful_stripe.find(payment_id).status == "authorized"


def test_what_is_captured_is_not_let_go_of(api, stripe, order_id):
    payment_id = stripe.begin(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)

    assert stripe.void(payment_id).status == "captured"


def test_a_payment_that_nobody_paid_is_let_go_of(stripe, order_id):
    payment_id = stripe.begin(order_id, TOTAL, order_id).payment_id

    assert stripe.void(payment_id).status == "void"
    assert stripe.find(payment_id).status == "void"


def test_a_refund_is_made_once_and_found_by_the_shop_s_id(api, stripe, order_id):
    payment_id = stripe.begin(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)

    made = stripe.refund(payment_id, SOME, f"rfd_{order_id}")

    assert made.status == "succeeded"
    assert stripe.refund(payment_id, SOME, f"rfd_{order_id}") == made
    assert [it["amount"] for it in api.refunds(payment_id)] == [500]
    assert stripe.find_refund(payment_id, f"rfd_{order_id}") == made
    assert stripe.find_refund(payment_id, "rfd_other") is None


def test_a_refund_of_what_was_never_paid_is_refused(stripe, order_id):
    payment_id = stripe.begin(order_id, TOTAL, order_id).payment_id

    with pytest.raises(PaymentRefused):
        stripe.refund(payment_id, SOME, f"rfd_{order_id}")


def test_a_payment_that_is_not_there_is_refused(stripe):
    with pytest.raises(PaymentRefused) as refusal:
        stripe.find("pi_none")

    assert refusal.value.details == {"reason": "InvalidRequestError"}


def test_one_failure_is_tried_again(api, stripe, order_id):
    payment_id = stripe.begin(order_id, TOTAL, order_id).payment_id
    api.fail_next(503)

    assert stripe.find(payment_id).status == "started"


@pytest.mark.parametrize("statuses", [(500, 500), (503, 503), (409, 409), (429,), (401,), (403,)])
def test_what_is_no_answer_to_the_question_is_to_be_asked_again(api, stripe, statuses):
    for status in statuses:
        api.fail_next(status)

    with pytest.raises(PaymentUnavailable):
        stripe.find("pi_any")


def test_a_server_that_is_not_there_is_out_of_reach():
    nowhere = StripeProvider(KEYS, "http://127.0.0.1:9", is_manual=False)

    with pytest.raises(PaymentUnavailable):
        nowhere.find("pi_any")


def test_a_wrong_key_is_the_shop_s_trouble_and_not_the_buyer_s(api):
    keyless = StripeProvider(Credentials("nonsense", ()), api.url, is_manual=False)

    with pytest.raises(PaymentUnavailable):
        keyless.find("pi_any")


def test_its_webhook_tells_that_a_payment_was_captured(api, stripe, order_id, ear):
    payment_id = stripe.begin(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)

    told = stripe.event_of(*ear.next_webhook("payment_intent.succeeded", payment_id))

    assert isinstance(told, Captured)
    assert (told.order_id, told.payment_id, told.amount) == (order_id, payment_id, TOTAL)


def test_its_webhooks_tell_what_was_authorized_and_what_was_let_go_of(
    api, careful_stripe, order_id, ear
):
    payment_id = careful_stripe.begin(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)
    careful_stripe.void(payment_id)

    first = ear.next_webhook("payment_intent.amount_capturable_updated", payment_id)
    then = ear.next_webhook("payment_intent.canceled", payment_id)

    authorized, voided = careful_stripe.event_of(*first), careful_stripe.event_of(*then)
    assert isinstance(authorized, Authorized)
    assert (authorized.order_id, authorized.amount) == (order_id, TOTAL)
    assert isinstance(voided, Voided)
    assert (voided.order_id, voided.payment_id) == (order_id, payment_id)


def test_its_webhook_of_a_refund_is_of_the_order_whose_payment_it_was(api, stripe, order_id, ear):
    payment_id = stripe.begin(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)
    made = stripe.refund(payment_id, SOME, f"rfd_{order_id}")

    told = stripe.event_of(*ear.next_webhook("refund.created", payment_id))

    assert isinstance(told, RefundUpdate)
    assert (told.order_id, told.refund_id) == (order_id, f"rfd_{order_id}")
    assert (told.refund, told.amount) == (made, SOME)


def test_a_webhook_that_was_tampered_with_is_not_believed(api, stripe, order_id, ear):
    payment_id = stripe.begin(order_id, TOTAL, order_id).payment_id
    api.pay(payment_id)
    body, headers = ear.next_webhook("payment_intent.succeeded", payment_id)

    with pytest.raises(WebhookSignatureInvalid):
        stripe.event_of(body.replace(b"1999", b"9999"), headers)
