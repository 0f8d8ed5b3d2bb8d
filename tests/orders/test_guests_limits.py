"""Limits for guests: orders per network and hour, promotion uses per e-mail address."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from orders.guests import service
from orders.handler import handler
from shared import clock
from shared.aws import client
from shared.config import GuestSettings
from shared.security import key_rings
from shared.storage.models.accounts import Attempts
from shared.storage.models.orders import Order
from tests.support import logs, pricing, shop
from tests.support.http import ADA, ELSEWHERE, NOBODY, send
from tests.support.order_requests import GUEST_EMAIL, cancel_guest_order, place_guest_order

pytestmark = pytest.mark.usefixtures("aws")

NOON = datetime(2026, 11, 24, 12, 10, tzinfo=UTC)


@pytest.fixture
def tea():
    return shop.product("TEA", available=100)


@pytest.fixture
def _two_an_hour(monkeypatch):
    limit = GuestSettings("souk/order-links", guest_orders_per_hour=2)
    monkeypatch.setattr(service, "settings", {GuestSettings: limit}.__getitem__)
    monkeypatch.setattr(clock, "utc_now", lambda: NOON)


@pytest.mark.usefixtures("_two_an_hour")
def test_a_network_has_an_hourly_quota_of_guest_orders(tea):
    placed = [place_guest_order(tea, f"key-{n}", email=f"guest-{n}@example.com") for n in range(3)]

    assert [answer.status for answer in placed] == [201, 201, 429]
    assert placed[2].code == "too_many_attempts"
    assert placed[2].headers["Retry-After"] == "3000"
    assert (Order.count(), shop.available(tea)) == (2, 98)


@pytest.mark.usefixtures("_two_an_hour")
def test_another_network_or_hour_has_its_own_quota(tea, monkeypatch):
    for n in range(2):
        place_guest_order(tea, f"key-{n}")

    elsewhere = place_guest_order(tea, "key-3", address=ELSEWHERE)
    monkeypatch.setattr(clock, "utc_now", lambda: NOON + timedelta(minutes=50))
    later = place_guest_order(tea, "key-4")

    assert [elsewhere.status, later.status] == [201, 201]


@pytest.mark.usefixtures("_two_an_hour")
def test_an_ipv6_subnet_is_one_network(tea):
    placed = [place_guest_order(tea, f"key-{n}", address=f"2001:db8::{n + 1}") for n in range(3)]

    assert [answer.status for answer in placed] == [201, 201, 429]


@pytest.mark.usefixtures("_two_an_hour")
def test_a_replay_uses_no_quota_and_works_without_any_left(tea):
    for _ in range(3):
        place_guest_order(tea)
    place_guest_order(tea, "key-2")
    refused = place_guest_order(tea, "key-3")

    again = place_guest_order(tea)

    assert refused.status == 429
    assert (again.status, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert [row.failures for row in Attempts.scan(Attempts.failures.exists())] == [2]


@pytest.mark.usefixtures("_two_an_hour")
def test_a_refused_order_uses_no_quota(tea):
    pot = shop.product("POT", available=0)
    for n in range(3):
        place_guest_order(pot, f"key-{n}")

    assert place_guest_order(tea).status == 201


@pytest.mark.usefixtures("_two_an_hour")
def test_users_have_a_quota_of_their_own(tea):
    body = {"lines": [shop.line(tea)], "shipping_address": shop.ADDRESS}

    placed = [
        send(handler, "orders.place", caller=ADA, body=body, headers={"idempotency-key": f"{n}"})
        for n in range(3)
    ]

    assert [answer.status for answer in placed] == [201] * 3
    assert [row.failures for row in Attempts.scan(Attempts.failures.exists())] == [3]
    assert place_guest_order(tea).status == 201


@pytest.mark.usefixtures("_two_an_hour")
def test_a_refusal_is_audited_without_the_address(tea):
    for n in range(2):
        place_guest_order(tea, f"key-{n}")

    with logs.captured() as lines:
        place_guest_order(tea, "key-3")

    (line,) = lines.saying("audit")
    assert (line["action"], line["reason"]) == ("place_guest_order", "too_many_attempts")
    assert "example.com" not in lines.text


def quote(tea, **more):
    body = {
        "lines": [shop.line(tea)],
        "shipping_address": {"country": "GB"},
        "promotion_code": "ONCE",
    }
    return send(handler, "guest.quote", caller=NOBODY, body=body | more)


def test_the_limit_per_customer_counts_a_guests_address(tea):
    pricing.promotion("ONCE", uses_per_customer_max=1)
    first = place_guest_order(tea, promotion_code="ONCE")

    again = place_guest_order(tea, "key-2", promotion_code="ONCE")
    other = place_guest_order(tea, "key-3", promotion_code="ONCE", email="bob@example.com")

    assert [first.status, again.status, other.status] == [201, 409, 201]
    assert (again.code, again.error["details"]["by"]) == ("promotion_used_up", "customer")


def test_a_quote_does_not_reveal_who_used_a_promotion(tea):
    pricing.promotion("ONCE", uses_per_customer_max=1)
    place_guest_order(tea, promotion_code="ONCE")

    assert quote(tea).status == 200
    assert quote(tea, email=GUEST_EMAIL).paths == ["body.email"]


def test_a_cancelled_order_releases_its_promotion_use(tea):
    pricing.promotion("ONCE", uses_per_customer_max=1)
    placed = place_guest_order(tea, promotion_code="ONCE").body
    cancel_guest_order(placed["id"], placed["order_token"])

    assert place_guest_order(tea, "key-2", promotion_code="ONCE").status == 201


def test_stored_uses_do_not_reveal_email_addresses(tea):
    """Only the shop's key can compute what is stored."""
    pricing.promotion("ONCE", uses_per_customer_max=1)
    first = Order.get(
        place_guest_order(tea, promotion_code="ONCE").body["id"]
    ).promotion.counted_for

    ring = {"current": "k1", "k1": "another key ".ljust(64, "x")}
    client("secretsmanager").put_secret_value(
        SecretId="souk/order-links", SecretString=json.dumps(ring)
    )
    key_rings.key_ring.forget()
    other = Order.get(
        place_guest_order(tea, "key-2", promotion_code="ONCE").body["id"]
    ).promotion.counted_for

    assert first.startswith("gst_")
    assert other.startswith("gst_")
    assert first != other
