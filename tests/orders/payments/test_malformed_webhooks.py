"""Whole slice: signed webhooks that no repetition can mend are refused once, and never crash."""

import base64
import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared import clock
from tests.support import logs
from tests.support.http import Answer
from tests.support.payments import (
    SECRETS,
    get_order,
    send_webhook,
    sign_webhook,
    start_payment,
    webhook_outcome,
)

pytestmark = pytest.mark.usefixtures("aws", "provider")


def post_body(body: bytes, secret: str = SECRETS[-1]) -> Answer:
    """Sends any body, with a valid signature unless another secret is named."""
    signature = sign_webhook(body, secret, at=clock.utc_now())
    encoded = base64.b64encode(body).decode()
    return send_webhook({}, raw_body=encoded, base64=True, headers={"payment-signature": signature})


def replaced(event: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy of the event with this value at the path, such as `data.order_id`."""
    changed = deepcopy(event)
    *parents, name = path.split(".")
    target = changed
    for parent in parents:
        target = target[parent]
    target[name] = value
    return changed


@pytest.fixture
def captured(provider, order_id) -> dict[str, Any]:
    """The event of a capture that would pay the order."""
    return provider.report_captured(start_payment(order_id))


IDS = [None, "", "x" * 3000, 7, 1.5, True, [], {}, "\ud800", "two words", "\u0000"]
AMOUNTS = [None, -1, -2000, 2000.5, 1e300, "2000", True, 2**53, 10**38, 10**400, [2000], {}]
CURRENCIES = [None, "", "eur", "Eur", "XXX", "EURO", "€", 978, ["EUR"]]


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("data.order_id", IDS),
        ("data.id", IDS),
        ("id", IDS),
        ("data.captured_minor", AMOUNTS),
        ("data.currency", CURRENCIES),
        ("data", [None, [], 3, "data", {}]),
        ("type", [None, 3, [], {}, True]),
    ],
)
def test_a_signed_event_with_an_impossible_field_is_refused(captured, path, values, stored_state):
    before = stored_state()

    for value in values:
        with logs.captured() as lines:
            answer = send_webhook(replaced(captured, path, value))
        assert (answer.status, answer.body) == (
            200,
            {"outcome": "refused", "reason": "malformed_event"},
        ), value
        (line,) = lines.saying("webhook refused")
        assert (line["level"], line["reason"]) == ("ERROR", "malformed_event")

    assert stored_state() == before
    assert webhook_outcome(captured) == "applied"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"3",
        b'"text"',
        b"null",
        b"true",
        b"[]",
        b"[{}]",
        b"{}",
        b"{",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"id": NaN}',
        b'{"id": Infinity}',
        b'{"id": -Infinity}',
        b'{"id": 1e999}',
        b'{"id": "a", "id": "b"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"1" * 5_000,
    ],
    ids=range(20),
)
def test_a_signed_body_that_is_no_event_is_refused(body, stored_state):
    before = stored_state()

    answer = post_body(body)

    assert (answer.status, answer.body["outcome"]) == (200, "refused")
    assert stored_state() == before
    assert post_body(body, secret="of a forger").status == 400


def test_two_amounts_in_one_event_are_refused(captured, order_id):
    """Two readers could understand two amounts."""
    body = json.dumps(captured).replace('"amount_minor"', '"captured_minor": 1, "amount_minor"')

    answer = post_body(body.encode())

    assert (answer.status, answer.body["reason"]) == (200, "malformed_event")
    assert get_order(order_id).status == "pending_payment"


@pytest.mark.parametrize("type_", ["", "payment.new", "charge.dispute.created", "x" * 10_000])
@pytest.mark.parametrize("data", [None, [], {"order_id": ""}])
def test_an_event_of_an_unknown_type_is_ignored(captured, type_, data):
    answer = send_webhook(captured | {"type": type_, "data": data})

    assert (answer.status, answer.body["outcome"]) == (200, "ignored")


@pytest.mark.parametrize("changes", [{"amount_minor": 0}, {"status": None}, {"payment_id": ""}])
def test_an_impossible_refund_is_refused(provider, order_id, changes):
    payment_id = start_payment(order_id)
    webhook_outcome(provider.report_captured(payment_id))
    event = provider.report_refund(payment_id, 500)

    assert send_webhook(event | {"data": event["data"] | changes}).body["outcome"] == "refused"
    assert get_order(order_id).refunds == []


def test_no_content_of_a_malformed_event_is_logged(captured):
    secret = "4242 4242 4242 4242"

    with logs.captured() as lines:
        send_webhook(replaced(captured, "data.order_id", secret))
        send_webhook(replaced(captured, "data", {secret: secret}))

    assert "4242" not in lines.text
    assert lines.saying("webhook refused")[0]["problem"] == "order_id: string_pattern_mismatch"


def test_a_refund_with_an_unknown_status_is_refused_once(provider, order_id):
    payment_id = start_payment(order_id)
    webhook_outcome(provider.report_captured(payment_id))
    before = get_order(order_id).serialize()

    with logs.captured() as lines:
        answer = send_webhook(provider.report_refund(payment_id, 500, status="reversed"))

    assert (answer.status, answer.body["reason"]) == (200, "unknown_status")
    assert lines.saying("webhook refused")
    assert get_order(order_id).serialize() == before
    assert webhook_outcome(provider.report_refund(payment_id, 500)) == "applied"


# Any mutation of valid events

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**53, max_value=10**45),
    st.floats(),
    st.text(st.characters(), max_size=20),
    st.sampled_from(["", "x" * 3000, "\ud800", "eur", "EUR", "succeeded", "pending", "ord_none"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
EVENT_FIELDS = ["id", "type", "created", "data"]
DATA_FIELDS = [
    *("id", "order_id", "payment_id", "refund_id", "amount_minor", "captured_minor"),
    *("currency", "status", "reason"),
]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from(["authorized", "captured", "voided", "refund", "dispute"]),
    changes=st.dictionaries(st.sampled_from([*EVENT_FIELDS, *DATA_FIELDS]), VALUES, max_size=3),
    missing=st.sets(st.sampled_from([*EVENT_FIELDS, *DATA_FIELDS]), max_size=2),
)
def test_no_mutation_of_an_event_crashes_the_shop(provider, order_id, kind, changes, missing):
    """200 and, for a refund before its capture, 503; never 500."""
    payment_id = start_payment(order_id) if not provider.payments else "pay_1"
    event = {
        "authorized": lambda: provider.event("payment.authorized", payment_id),
        "captured": lambda: provider.event("payment.captured", payment_id),
        "voided": lambda: provider.event("payment.voided", payment_id),
        "refund": lambda: provider.report_refund(payment_id, 500),
        "dispute": lambda: provider.report_dispute(payment_id),
    }[kind]()
    for field, value in changes.items():
        target = event if field in EVENT_FIELDS else event["data"]
        if isinstance(target, dict):
            target[field] = value
    for field in missing:
        for target in (event, event.get("data")):
            if isinstance(target, dict):
                target.pop(field, None)

    answer = send_webhook(event)

    assert answer.status in (200, 503), answer
    if answer.status == 503:
        assert answer.code == "unavailable"
