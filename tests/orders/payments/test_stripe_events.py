"""Pure: conversion of Stripe's webhook events, as its reference describes them."""

import json
from datetime import UTC, datetime
from functools import partial
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stripe.params import WebhookEndpointCreateParams

from orders.payments import stripe_events
from orders.payments.provider import (
    UNKNOWN,
    Authorized,
    Captured,
    DisputeUpdate,
    Refund,
    RefundUpdate,
    Voided,
)
from orders.payments.stripe_events import DISPUTE_EVENTS, SUBSCRIBED_EVENTS
from orders.payments.webhook_fields import MalformedEvent
from shared.money import AMOUNT_MINOR_MAX, Money
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


def dispute_event(type_: str, **changes) -> bytes:
    dispute = {
        "id": "dp_1",
        "object": "dispute",
        "amount": 2000,
        "charge": "ch_1",
        "currency": "eur",
        "metadata": {},
        "payment_intent": "pi_1",
        "reason": "fraudulent",
        "status": "needs_response",
    }
    return event(type_, **dispute | changes)


def no_lookup(payment_id: str) -> None:
    raise AssertionError(payment_id)


def parse(body: bytes, find_order_id=no_lookup):
    return stripe_events.parse_event(body, find_order_id)


def has_effect(type_: str) -> bool:
    """Whether an event of this type, about a payment or refund of an order, is used or logged."""
    if type_.startswith("charge.dispute."):
        body = dispute_event(type_)
    elif "refund" in type_:
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
        (None, "requested"),
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


@pytest.mark.parametrize(
    ("transaction", "metadata", "status", "is_refund"),
    [
        (None, {}, "succeeded", False),
        (None, None, "succeeded", False),
        ("txn_1", {}, "succeeded", True),
        (None, {}, "pending", True),
        (None, {"refund_id": "rfd_1"}, "succeeded", True),
    ],
)
def test_what_is_not_captured_is_no_refund(transaction, metadata, status, is_refund):
    """Stripe lists what it releases of a partial capture with the refunds."""
    changes = {"balance_transaction": transaction, "metadata": metadata, "status": status}

    parsed = parse(refund_event("refund.created", **changes), {"pi_1": "ord_1"}.get)

    assert (parsed is not None) is is_refund


def test_a_refund_without_an_order_is_ignored():
    assert parse(refund_event("refund.created"), lambda _: None) is None
    assert parse(refund_event("refund.created", payment_intent=None)) is None


def assert_malformed(body: bytes) -> None:
    """The error has no content: it is logged."""
    with pytest.raises(MalformedEvent) as error:
        parse(body, {"pi_1": "ord_1"}.get)

    assert "pi_1" not in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"3", b"null", b"\xff", b'{"a": 1, "a": 2}'])
def test_a_body_that_is_no_event_is_malformed(body):
    assert_malformed(body)


IDS = [None, "", "x" * 256, 7, True, [], {}, "with space", "\ud800"]
AMOUNTS = [None, -1, 1.5, 500.5, "500", True, 2**53, 10**40, [], {}]
CURRENCIES = [None, "", "xxx", "euro", 978, ["eur"]]


@pytest.mark.parametrize(
    ("body_of", "field", "values"),
    [
        (partial(payment_event, "payment_intent.succeeded"), "id", IDS),
        (partial(payment_event, "payment_intent.succeeded"), "amount_received", AMOUNTS),
        (partial(payment_event, "payment_intent.succeeded"), "currency", CURRENCIES),
        (partial(payment_event, "payment_intent.succeeded"), "metadata", [None, [], {"a": 1}]),
        (partial(payment_event, "payment_intent.canceled"), "id", IDS),
        (partial(refund_event, "refund.updated"), "id", IDS),
        (partial(refund_event, "refund.updated"), "payment_intent", IDS[1:]),
        (partial(refund_event, "refund.updated"), "amount", [*AMOUNTS, 0]),
        (partial(refund_event, "refund.updated"), "currency", CURRENCIES),
        (partial(refund_event, "refund.updated"), "status", ["", 1, "x" * 300]),
        (partial(dispute_event, "charge.dispute.created"), "id", IDS),
        (partial(dispute_event, "charge.dispute.created"), "amount", AMOUNTS),
        (partial(dispute_event, "charge.dispute.created"), "reason", [None, "", 1]),
        (partial(dispute_event, "charge.dispute.created"), "status", [None, "", 1]),
    ],
)
def test_an_event_with_an_impossible_field_is_malformed(body_of, field, values):
    for value in values:
        assert_malformed(body_of(**{field: value}))


@pytest.mark.parametrize("order_id", ["x" * 3000, "\ud800", "a b"])
def test_an_impossible_order_id_is_malformed(order_id):
    intent = payment_event("payment_intent.succeeded", metadata={"order_id": order_id})

    assert_malformed(intent)
    with pytest.raises(MalformedEvent):
        parse(refund_event("refund.created"), lambda _: order_id)


@pytest.mark.parametrize("content", [{"data": 3}, {"data": None}, {"id": 5}, {}])
def test_the_rest_of_an_unused_event_is_not_read(content):
    assert parse(json.dumps({"type": "payout.paid"} | content).encode()) is None


@pytest.mark.parametrize("type_", DISPUTE_EVENTS)
def test_a_dispute_is_reported_with_its_order(type_):
    parsed = parse(dispute_event(type_), {"pi_1": "ord_1"}.get)

    assert parsed == DisputeUpdate(
        "evt_1",
        type_,
        "ord_1",
        "pi_1",
        "dp_1",
        EUR,
        "needs_response",
        "fraudulent",
        datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
    )


def test_a_dispute_without_an_order_is_ignored():
    assert parse(dispute_event("charge.dispute.created"), lambda _: None) is None
    assert parse(dispute_event("charge.dispute.created", payment_intent=None)) is None


def test_a_new_refund_status_of_stripe_is_unknown():
    parsed = parse(refund_event("refund.updated", status="new"), {"pi_1": "ord_1"}.get)

    assert parsed.refund == Refund("re_1", UNKNOWN)


@settings(max_examples=300, deadline=None)
@given(
    body=st.sampled_from(
        [
            payment_event("payment_intent.succeeded", amount_received=2000),
            payment_event("payment_intent.canceled"),
            refund_event("refund.updated"),
            dispute_event("charge.dispute.closed"),
        ]
    ),
    changes=st.dictionaries(
        st.sampled_from(
            ["id", "amount", "amount_received", "currency", "payment_intent", "metadata", "status"]
        ),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(st.characters())
        | st.lists(st.integers(), max_size=2)
        | st.dictionaries(st.text(), st.text(), max_size=2),
        max_size=3,
    ),
)
def test_a_mutated_event_is_parsed_or_malformed(body, changes):
    mutated = json.loads(body)
    mutated["data"]["object"] |= changes

    try:
        parsed = parse(json.dumps(mutated).encode(), lambda _: "ord_1")
    except MalformedEvent:
        return

    if isinstance(parsed, Captured | RefundUpdate | DisputeUpdate):
        assert 0 <= parsed.amount.amount_minor <= AMOUNT_MINOR_MAX
