"""Whole slice: behind a trusted proxy, each viewer's network has its own quotas."""

import pytest

from auth.accounts import service as accounts
from auth.credentials import service as credentials
from auth.handler import handler
from orders.guests import service as guests
from orders.handler import handler as orders
from shared.config import AccountSettings, GuestSettings, settings
from tests.support import logs, proxy, shop
from tests.support.http import NOBODY, send

PASSWORD = "correct horse battery"
ONE, OTHER = "203.0.113.7", "203.0.113.8"


@pytest.fixture(autouse=True)
def _proxied(aws):  # noqa: ARG001 (where the secret is stored)
    proxy.store_secret()
    with proxy.trusted():
        yield


def register(address: str, email: str) -> int:
    body = {"email": email, "password": PASSWORD, "name": "Ada"}
    through = proxy.through_proxy(handler, address)
    return send(through, "auth.register", body=body, caller=NOBODY).status


def test_registrations_count_for_the_viewer(monkeypatch):
    limited = settings(AccountSettings).replace(mails_per_hour=2)
    monkeypatch.setattr(accounts, "settings", lambda _: limited)

    of_one = [register(ONE, f"one-{number}@example.com") for number in range(3)]

    assert of_one == [201, 201, 429]
    assert register(OTHER, "other@example.com") == 201


def test_viewers_in_one_ipv6_network_count_together(monkeypatch):
    limited = settings(AccountSettings).replace(mails_per_hour=1)
    monkeypatch.setattr(accounts, "settings", lambda _: limited)

    spellings = ["2001:db8::1", "[2001:db8::2]:443", "2001:db8:1::1"]
    statuses = [
        register(address, f"a-{number}@example.com") for number, address in enumerate(spellings)
    ]

    assert statuses == [201, 429, 201]


def test_failed_logins_count_for_the_viewer(monkeypatch):
    limited = settings(AccountSettings).replace(failures_per_address=1)
    monkeypatch.setattr(credentials, "settings", lambda section: (
        limited if section is AccountSettings else settings(section)
    ))  # fmt: skip

    def log_in(address: str, email: str) -> int:
        body = {"email": email, "password": PASSWORD}
        through = proxy.through_proxy(handler, address)
        return send(through, "auth.login", body=body, caller=NOBODY).status

    assert [log_in(ONE, f"{number}@example.com") for number in range(2)] == [401, 429]
    assert log_in(OTHER, "2@example.com") == 401


def test_guest_orders_count_for_the_viewer(monkeypatch):
    limit = GuestSettings("souk/order-links", guest_orders_per_hour=1)
    monkeypatch.setattr(guests, "settings", {GuestSettings: limit}.__getitem__)
    tea = shop.product("TEA", available=10)

    def order(address: str, key: str) -> int:
        body = {
            "email": "guest@example.com",
            "lines": [shop.line(tea)],
            "shipping_address": shop.ADDRESS,
        }
        through = proxy.through_proxy(orders, address)
        headers = {"idempotency-key": key}
        answer = send(through, "guest.place", body=body, caller=NOBODY, headers=headers)
        return answer.status

    assert [order(ONE, "1"), order(ONE, "2"), order(OTHER, "3")] == [201, 429, 201]


def test_audit_lines_name_the_viewer():
    with logs.captured() as lines:
        register(ONE, "ada@example.com")

    assert [line["client_address"] for line in lines.saying("audit")] == [ONE]
    assert proxy.KEY not in lines.text
