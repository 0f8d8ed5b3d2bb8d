"""Pure: Stripe's words and amounts, as its reference has them, in the shop's."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orders.payments import stripe_events
from orders.payments.provider import Authorized, Captured, Refund, RefundUpdate, Voided
from orders.payments.stripe_amounts import from_stripe, to_stripe
from shared.errors.orders import PaymentRefused
from shared.money import AMOUNT_MINOR_MAX, Money
from tests.support import logs

EUR = Money(amount_minor=2000, currency="EUR")


def event(type_: str, **about) -> bytes:
    shown = {"id": "evt_1", "object": "event", "type": type_, "created": 1, "livemode": True}
    return json.dumps(shown | {"data": {"object": about}}).encode()


def intent(type_: str, **changes) -> bytes:
    about = {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 2000,
        "amount_capturable": 0,
        "amount_received": 0,
        "currency": "eur",
        "client_secret": "pi_1_secret_x",
        "metadata": {"order_id": "ord_1"},
        "status": "whatever",
    }
    return event(f"payment_intent.{type_}", **about | changes)


def refund(type_: str, **changes) -> bytes:
    about = {
        "id": "re_1",
        "object": "refund",
        "amount": 500,
        "currency": "eur",
        "payment_intent": "pi_1",
        "metadata": {"refund_id": "rfd_1"},
        "status": "succeeded",
    }
    return event(type_, **about | changes)


def nobody_knows(payment_id: str) -> None:
    raise AssertionError(payment_id)


def heard(body: bytes, order_of=nobody_knows):
    return stripe_events.parse_event(body, order_of)


def test_funds_that_can_be_captured_are_authorized():
    body = intent("amount_capturable_updated", amount_capturable=2000)

    assert heard(body) == Authorized(
        "evt_1", "payment_intent.amount_capturable_updated", "ord_1", "pi_1", EUR
    )


def test_a_payment_that_succeeded_is_captured_with_what_was_received():
    body = intent("succeeded", amount_received=1999)

    assert heard(body) == Captured(
        "evt_1",
        "payment_intent.succeeded",
        "ord_1",
        "pi_1",
        Money(amount_minor=1999, currency="EUR"),
    )


def test_a_canceled_payment_is_void():
    assert heard(intent("canceled")) == Voided("evt_1", "payment_intent.canceled", "ord_1", "pi_1")


def test_a_declined_card_is_logged_with_ids_alone():
    with logs.captured() as lines:
        assert heard(intent("payment_failed")) is None

    (line,) = lines.saying("payment failed")
    assert (line["order_id"], line["payment_id"]) == ("ord_1", "pi_1")
    assert "secret" not in lines.text


@pytest.mark.parametrize("type_", ["created", "processing", "requires_action"])
def test_what_else_becomes_of_a_payment_is_none_of_the_shop_s_business(type_):
    assert heard(intent(type_)) is None


@pytest.mark.parametrize("type_", ["charge.succeeded", "charge.refunded", "customer.created"])
def test_other_events_are_not_even_looked_at(type_):
    assert heard(event(type_, id="x")) is None


@pytest.mark.parametrize("metadata", [{}, {"order_id": ""}, {"cart": "1"}])
def test_a_payment_of_no_order_is_none_of_the_shop_s_business(metadata):
    assert heard(intent("succeeded", amount_received=2000, metadata=metadata)) is None


@pytest.mark.parametrize("type_", ["refund.created", "refund.updated", "refund.failed"])
@pytest.mark.parametrize(
    ("status", "here"),
    [
        ("pending", "requested"),
        ("requires_action", "requested"),
        ("succeeded", "succeeded"),
        ("failed", "failed"),
        ("canceled", "failed"),
    ],
)
def test_a_refund_is_told_with_how_it_stands(type_, status, here):
    told = heard(refund(type_, status=status), {"pi_1": "ord_1"}.get)

    assert told == RefundUpdate(
        "evt_1",
        type_,
        "ord_1",
        "pi_1",
        "rfd_1",
        Refund("re_1", here),
        Money(amount_minor=500, currency="EUR"),
    )


@pytest.mark.parametrize("metadata", [None, {}])
def test_a_refund_made_in_stripe_s_pages_has_no_id_of_the_shop_s(metadata):
    told = heard(refund("refund.created", metadata=metadata), {"pi_1": "ord_1"}.get)

    assert isinstance(told, RefundUpdate)
    assert (told.refund_id, told.order_id) == (None, "ord_1")


def test_a_refund_of_a_payment_of_no_order_is_none_of_the_shop_s_business():
    assert heard(refund("refund.created"), lambda _: None) is None
    assert heard(refund("refund.created", payment_intent=None)) is None


@pytest.mark.parametrize("body", [b"[]", b"{}", b"\xff", intent("succeeded", currency=None)])
def test_a_signed_body_that_is_no_event_is_a_crash_that_shows_none_of_it(body):
    with pytest.raises(ValidationError) as crash:
        heard(body)

    assert "pi_1" not in str(crash.value)


@pytest.mark.parametrize(
    ("currency", "here", "there"),
    [
        ("EUR", 1999, 1999),
        ("JPY", 500, 500),
        ("KWD", 1250, 1250),
        ("ISK", 5, 500),
        ("UGX", 5, 500),
        ("MGA", 500, 5),
    ],
)
def test_amounts_are_counted_as_stripe_does(currency, here, there):
    amount = Money(amount_minor=here, currency=currency)

    assert to_stripe(amount).amount == there
    assert to_stripe(amount).currency == currency.lower()
    assert from_stripe(there, currency.lower()) == amount


@given(
    st.integers(0, AMOUNT_MINOR_MAX // 100),
    st.sampled_from(["EUR", "JPY", "KWD", "ISK", "UGX", "MGA"]),
)
def test_what_stripe_can_be_asked_comes_back_as_it_went(count, currency):
    step = {"MGA": 100, "KWD": 10}.get(currency, 1)
    amount = Money(amount_minor=count * step, currency=currency)
    asked = to_stripe(amount)

    assert from_stripe(asked.amount, asked.currency) == amount


@pytest.mark.parametrize(("amount_minor", "currency"), [(150, "MGA"), (1999, "KWD"), (1, "TND")])
def test_a_part_of_a_unit_that_stripe_does_not_take_is_refused(amount_minor, currency):
    with pytest.raises(PaymentRefused):
        to_stripe(Money(amount_minor=amount_minor, currency=currency))


def test_a_part_of_a_unit_that_there_is_not_is_no_amount():
    with pytest.raises(ValueError, match="no fractions"):
        from_stripe(501, "isk")
