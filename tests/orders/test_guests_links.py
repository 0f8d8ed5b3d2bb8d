"""The token in a guest's link opens that order until it expires, and nothing else."""

import hmac
import json
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.guests import links
from shared import clock
from shared.aws import client
from shared.errors.orders import OrderNotFound
from shared.security import key_rings
from tests.support.forged_tokens import segment

pytestmark = pytest.mark.usefixtures("aws")

NOW = datetime(2026, 11, 24, 9, 7, 30, tzinfo=UTC)
ORDER, OTHER = "ord_one", "ord_two"


def at(monkeypatch, moment: datetime) -> None:
    monkeypatch.setattr(clock, "utc_now", lambda: moment)


def opens(order_id: str, token: str | None) -> bool:
    try:
        links.require_valid_token(order_id, token)
    except OrderNotFound:
        return False
    return True


def store_ring(**ring: str) -> None:
    client("secretsmanager").put_secret_value(
        SecretId="souk/order-links", SecretString=json.dumps(ring)
    )
    key_rings.key_ring.forget()


def test_a_token_opens_its_order():
    assert opens(ORDER, links.issue_token(ORDER))


def test_a_token_opens_no_other_order():
    assert not opens(OTHER, links.issue_token(ORDER))


def test_a_token_says_how_many_buyers_were_before():
    first, third = links.issue_token(ORDER), links.issue_token(ORDER, 2)
    kid, until, _, mac = third.split(".")

    assert first.count(".") == 2
    assert links.require_valid_token(ORDER, first).number == 0
    assert links.require_valid_token(ORDER, third).number == 2
    for forged in (f"{kid}.{until}.{mac}", f"{kid}.{until}.3.{mac}", f"{kid}.{until}..{mac}"):
        assert not opens(ORDER, forged)
    assert not opens(OTHER, third)


def test_a_token_is_safe_in_a_link():
    token = links.issue_token(ORDER)

    assert set(token) <= {*string.ascii_letters, *string.digits, *"._-"}
    assert ORDER not in token


@pytest.mark.parametrize(
    ("age", "is_valid"),
    [
        (timedelta(0), True),
        (timedelta(days=90) - timedelta(seconds=1), True),
        (timedelta(days=90), False),
        (timedelta(days=400), False),
    ],
)
def test_a_token_is_valid_for_90_days(monkeypatch, age, is_valid):
    at(monkeypatch, NOW)
    token = links.issue_token(ORDER)

    at(monkeypatch, NOW + age)

    assert opens(ORDER, token) is is_valid


def test_the_lifetime_of_a_token_cannot_be_extended():
    kid, until, mac = links.issue_token(ORDER).split(".")

    assert not opens(ORDER, f"{kid}.{int(until) + 1}.{mac}")


def test_a_token_with_one_changed_character_is_refused():
    token = links.issue_token(ORDER)

    altered = [
        token[:at] + ("A" if character != "A" else "B") + token[at + 1 :]
        for at, character in enumerate(token)
    ]

    assert [token for token in (*altered, token[:-1], f"{token}A") if opens(ORDER, token)] == []


@pytest.mark.parametrize(
    "token",
    [None, "", ".", "..", "...", "k1", "k1..", "k1.9999999999.", "k9.9999999999.AAAA", "\ud800..a"],
)
def test_malformed_tokens_are_refused(token):
    assert not opens(ORDER, token)


@given(st.text(max_size=200))
def test_arbitrary_text_is_refused(text):
    assert not opens(ORDER, text)


@given(st.text(alphabet="k1.0239AZaz_-=", max_size=80))
def test_text_in_the_shape_of_a_token_is_refused(text):
    assert not opens(ORDER, text)


def mac_of(key: bytes, message: str) -> str:
    return segment(hmac.digest(key, message.encode(), "sha256"))


def test_a_mac_for_another_purpose_is_refused():
    secret = key_rings.key_ring("souk/order-links").signing_key
    until = "9999999999"

    def token(message: str) -> str:
        return f"k1.{until}.{mac_of(secret, message)}"

    assert opens(ORDER, token(f"order link\n{until}\n{ORDER}"))
    for message in (f"cursor\n{until}", f"guest\n{until}\n{ORDER}", f"{until}\n{ORDER}"):
        assert not opens(ORDER, token(message))


def test_old_links_still_work_after_the_key_rotates():
    old, new = "o" * 64, "n" * 64
    store_ring(current="k1", k1=old)
    before = links.issue_token(ORDER)

    store_ring(current="k2", k1=old, k2=new)

    assert links.issue_token(ORDER).startswith("k2.")
    assert opens(ORDER, links.issue_token(ORDER))
    assert opens(ORDER, before)


def test_a_link_whose_key_was_removed_is_refused():
    store_ring(current="k1", k1="o" * 64)
    token = links.issue_token(ORDER)

    store_ring(current="k2", k2="n" * 64)

    assert not opens(ORDER, token)
