"""Pure: conversion of Stripe's webhook events, as its reference describes them."""

import json
from typing import get_args

import pytest
from pydantic import ValidationError
from stripe.params import WebhookEndpointCreateParams

from orders.payments import stripe_events
from orders.payments.provider import Authorized, Captured, Refund, RefundUpdate, Voided
from orders.payments.stripe_events import SUBSCRIBED_EVENTS
from shared.money import Money
from tests.support import logs

EUR = Money(amount_minor=2000, currency="EUR")


def event(type_: str, **stripe_object) -> bytes:
    envelope = {"id": "evt_1", "object": "event", "type": type_, "created": 1, "livemode": True}
    return json.dumps(envelope | {"data": {"object": stripe_object}}).encode()


def payment_event(type_: str, **changes) -> bytes:
    intent = {
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
    return event(type_, **intent | changes)


def refund_event(type_: str, **changes) -> bytes:
    refund = {
        "id": "re_1",
        "object": "refund",
        "amount": 500,
        "currency": "eur",
        "payment_intent": "pi_1",
        "metadata": {"refund_id": "rfd_1"},
        "status": "succeeded",
    }
    return event(type_, **refund | changes)


def no_lookup(payment_id: str) -> None:
    raise AssertionError(payment_id)


def parse(body: bytes, find_order_id=no_lookup):
    return stripe_events.parse_event(body, find_order_id)


def has_effect(type_: str) -> bool:
    """Whether an event of this type, about a payment or refund of an order, is used or logged."""
    if "refund" in type_:
        body = refund_event(type_)
    else:
        body = payment_event(type_, amount_capturable=2000, amount_received=2000)
    with logs.captured() as lines:
        parsed = parse(body, {"pi_1": "ord_1"}.get)
    return parsed is not None or bool(lines.saying("payment failed"))


def every_stripe_event() -> set[str]:
    """The types that a webhook endpoint at Stripe can subscribe to, by Stripe's library."""
    (literal,) = get_args(WebhookEndpointCreateParams.__annotations__["enabled_events"])
    return set(get_args(literal)) - {"*"}


def test_the_subscribed_events_are_exactly_those_with_an_effect():
    assert {type_ for type_ in every_stripe_event() if has_effect(type_)} == set(SUBSCRIBED_EVENTS)
    assert len(set(SUBSCRIBED_EVENTS)) == len(SUBSCRIBED_EVENTS)


def test_capturable_funds_are_an_authorization():
    body = payment_event("payment_intent.amount_capturable_updated", amount_capturable=2000)

    assert parse(body) == Authorized(
        "evt_1", "payment_intent.amount_capturable_updated", "ord_1", "pi_1", EUR
    )


def test_a_succeeded_payment_is_captured_with_received_amount():
    body = payment_event("payment_intent.succeeded", amount_received=1999)

    assert parse(body) == Captured(
        "evt_1",
        "payment_intent.succeeded",
        "ord_1",
        "pi_1",
        Money(amount_minor=1999, currency="EUR"),
    )


def test_a_canceled_payment_is_void():
    body = payment_event("payment_intent.canceled")

    assert parse(body) == Voided("evt_1", "payment_intent.canceled", "ord_1", "pi_1")


def test_a_declined_card_is_logged_with_ids_only():
    with logs.captured() as lines:
        assert parse(payment_event("payment_intent.payment_failed")) is None

    (line,) = lines.saying("payment failed")
    assert (line["order_id"], line["payment_id"]) == ("ord_1", "pi_1")
    assert "secret" not in lines.text


@pytest.mark.parametrize("type_", ["created", "processing", "requires_action"])
def test_other_payment_events_are_ignored(type_):
    assert parse(payment_event(f"payment_intent.{type_}")) is None


@pytest.mark.parametrize(
    "type_", ["charge.succeeded", "charge.refunded", "charge.refund.updated", "customer.created"]
)
def test_the_content_of_other_events_is_not_read(type_):
    assert parse(event(type_, id="x")) is None


@pytest.mark.parametrize("metadata", [{}, {"order_id": ""}, {"cart": "1"}])
def test_a_payment_without_an_order_is_ignored(metadata):
    body = payment_event("payment_intent.succeeded", amount_received=2000, metadata=metadata)

    assert parse(body) is None


@pytest.mark.parametrize("type_", ["refund.created", "refund.updated", "refund.failed"])
@pytest.mark.parametrize(
    ("stripe_status", "status"),
    [
        ("pending", "requested"),
        ("requires_action", "requested"),
        ("succeeded", "succeeded"),
        ("failed", "failed"),
        ("canceled", "failed"),
    ],
)
def test_a_refund_event_has_the_status_of_the_refund(type_, stripe_status, status):
    parsed = parse(refund_event(type_, status=stripe_status), {"pi_1": "ord_1"}.get)

    assert parsed == RefundUpdate(
        "evt_1",
        type_,
        "ord_1",
        "pi_1",
        "rfd_1",
        Refund("re_1", status),
        Money(amount_minor=500, currency="EUR"),
    )


@pytest.mark.parametrize("metadata", [None, {}])
def test_a_refund_made_at_stripe_has_no_refund_id_of_the_shop(metadata):
    parsed = parse(refund_event("refund.created", metadata=metadata), {"pi_1": "ord_1"}.get)

    assert isinstance(parsed, RefundUpdate)
    assert (parsed.refund_id, parsed.order_id) == (None, "ord_1")


def test_a_refund_without_an_order_is_ignored():
    assert parse(refund_event("refund.created"), lambda _: None) is None
    assert parse(refund_event("refund.created", payment_intent=None)) is None


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{}", b"\xff", payment_event("payment_intent.succeeded", currency=None)],
)
def test_a_signed_body_that_is_no_event_crashes_without_content(body):
    with pytest.raises(ValidationError) as crash:
        parse(body)

    assert "pi_1" not in str(crash.value)
