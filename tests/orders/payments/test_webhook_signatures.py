"""Whole slice: only signed and recent webhooks are read."""

import base64
import json
from datetime import timedelta

import pytest

from shared import clock
from shared.http.request_bodies import BODY_BYTES_MAX
from tests.support import logs
from tests.support.payments import SECRETS, send_webhook, sign_webhook, start_payment

pytestmark = pytest.mark.usefixtures("aws", "provider")


@pytest.mark.parametrize("secret", ["secret-before", "secret-now"])
def test_both_secrets_are_accepted_during_a_rotation(provider, order_id, secret):
    event = provider.report_captured(start_payment(order_id))
    header = sign_webhook(json.dumps(event).encode(), secret, at=clock.utc_now())

    assert send_webhook(event, headers={"payment-signature": header}).status == 200


def test_a_base64_body_is_decoded_before_the_check(provider, order_id):
    event = provider.report_captured(start_payment(order_id))
    raw = json.dumps(event)

    answer = send_webhook(event, raw_body=base64.b64encode(raw.encode()).decode(), base64=True)

    assert answer.body["outcome"] == "applied"


def test_the_signature_covers_the_exact_bytes(provider, order_id):
    event = provider.report_captured(start_payment(order_id))

    answer = send_webhook(event, raw_body=json.dumps(event, indent=1))

    assert (answer.status, answer.code) == (400, "webhook_signature_invalid")


@pytest.mark.parametrize("header", [None, "", "t=1,v1=00", "nonsense"])
def test_an_unsigned_webhook_changes_nothing(provider, order_id, header, stored_state):
    event = provider.report_captured(start_payment(order_id))
    before = stored_state()

    with logs.captured() as lines:
        answer = send_webhook(event, headers={"payment-signature": header})

    assert (answer.status, answer.code) == (400, "webhook_signature_invalid")
    assert stored_state() == before
    assert [line["result"] for line in lines.saying("audit")] == ["rejected"]


def test_a_webhook_with_an_unknown_secret_changes_nothing(provider, order_id, stored_state):
    event = provider.report_captured(start_payment(order_id))
    before = stored_state()
    header = sign_webhook(json.dumps(event).encode(), "unknown-secret", at=clock.utc_now())

    answer = send_webhook(event, headers={"payment-signature": header})

    assert (answer.status, answer.code) == (400, "webhook_signature_invalid")
    assert stored_state() == before


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_or_future_webhook_changes_nothing(provider, order_id, minutes, stored_state):
    event = provider.report_captured(start_payment(order_id))
    before = stored_state()
    at = clock.utc_now() + timedelta(minutes=minutes)
    header = sign_webhook(json.dumps(event).encode(), SECRETS[0], at=at)

    answer = send_webhook(event, headers={"payment-signature": header})

    assert (answer.status, answer.code) == (400, "webhook_too_old")
    assert answer.error["details"] == {"tolerance_seconds": 300}
    assert stored_state() == before


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"", b"\x00" * 100])
def test_unsigned_binary_bodies_are_refused(raw):
    answer = send_webhook({}, raw_body=base64.b64encode(raw).decode(), base64=True)

    assert (answer.status, answer.code) == (400, "webhook_signature_invalid")


def test_a_body_with_invalid_base64_is_refused():
    assert send_webhook({}, raw_body="%%%", base64=True).code == "not_utf8"


def test_a_body_over_a_megabyte_is_refused():
    answer = send_webhook({}, raw_body="x" * (BODY_BYTES_MAX + 1))

    assert (answer.status, answer.code) == (413, "too_large")
