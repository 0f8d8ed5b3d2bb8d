"""From a guest's order and its mail to the account that owns it, over four functions."""

import json
import re

import pytest

from notifications.workers.send_emails import handler as mail_worker
from orders.handler import handler
from orders.workers import link_guest_orders
from shared import clock
from shared.events.accounts import EmailVerified
from tests.support import email_fixtures, events, shop
from tests.support.accounts import call, create_link_token, get_tokens, post, register
from tests.support.http import CONTEXT, ELSEWHERE, Caller, sample, send
from tests.support.order_requests import GUEST_EMAIL, get_guest_order, place_guest_order

pytestmark = pytest.mark.usefixtures("aws")

LINK = re.compile(r"https://shop\.example/order\?id=(\w+)&amp;token=([\w.-]+)")


@pytest.fixture
def tea():
    return shop.product("TEA", available=10)


def mailed_link() -> tuple[str, str]:
    """The link in the newest mail, after the worker has handled all events."""
    placed = [
        event.model_dump(mode="json")
        for event in events.published_events()
        if event.type == "order.placed"
    ]
    assert mail_worker(email_fixtures.mail_queue_event(*placed), CONTEXT) == {
        "batchItemFailures": []
    }
    assert email_fixtures.sent_emails()[-1].destinations == {"ToAddresses": [GUEST_EMAIL]}
    (link,) = set(LINK.findall(email_fixtures.sent_emails()[-1].body))
    return link


def deliver_verified_events() -> None:
    """Does the work of the outbox, its relay, the bus and the queue."""
    for happened in events.published_events():
        if isinstance(happened, EmailVerified):
            event = sample("orders.link_guest_orders")
            event["Records"][0]["body"] = json.dumps({"detail": happened.model_dump(mode="json")})
            assert link_guest_orders.handler(event, CONTEXT) == {"batchItemFailures": []}


def own_orders(user_id: str) -> list[str]:
    page = send(handler, "orders.list", caller=Caller(user_id)).body
    return [order["id"] for order in page["items"]]


def test_the_link_in_the_mail_shows_the_order(tea):
    placed = place_guest_order(tea).body

    order_id, token = mailed_link()

    assert order_id == placed["id"]
    assert get_guest_order(order_id, token).body == {
        key: value for key, value in placed.items() if key != "order_token"
    }


def test_a_user_who_confirms_the_address_finds_the_order(tea):
    order_id = place_guest_order(tea).body["id"]
    _, token = mailed_link()
    user_id = register(email=GUEST_EMAIL).body["id"]
    deliver_verified_events()
    before = own_orders(user_id)

    post("auth.verify_email", {"token": create_link_token("verify_email", user_id)})
    deliver_verified_events()

    assert (before, own_orders(user_id)) == ([], [order_id])
    assert get_guest_order(order_id, token).status == 200


def test_a_user_who_cannot_confirm_the_address_sees_nothing(tea):
    place_guest_order(tea)
    user_id = register(email=GUEST_EMAIL).body["id"]

    deliver_verified_events()

    assert own_orders(user_id) == []
    export = call("me.export", get_tokens(email=GUEST_EMAIL)["access_token"]).body
    assert export["orders"] == []


def test_a_password_reset_confirms_the_address_too(tea):
    order_id = place_guest_order(tea).body["id"]
    user_id = register(email=GUEST_EMAIL).body["id"]

    reset = {
        "token": create_link_token("reset_password", user_id),
        "password": "staple correct battery",
    }
    post("auth.reset_password", reset)
    deliver_verified_events()

    assert own_orders(user_id) == [order_id]


def test_after_a_link_expires_the_next_mail_has_a_new_one(tea, monkeypatch):
    place_guest_order(tea)
    order_id, token = mailed_link()
    now = clock.utc_now()
    monkeypatch.setattr(clock, "utc_now", lambda: now.replace(year=now.year + 1))

    again = email_fixtures.order_placed_detail() | {
        "id": "evt_two",
        "type": "order.confirmation_requested",
    }
    again["data"] = again["data"] | {"order_id": order_id}
    mail_worker(email_fixtures.mail_queue_event(again), CONTEXT)

    (new,) = set(LINK.findall(email_fixtures.sent_emails()[-1].body))
    assert get_guest_order(order_id, token).status == 404
    assert get_guest_order(*new).status == 200


def test_a_token_opens_the_order_from_any_network(tea):
    placed = place_guest_order(tea, address=ELSEWHERE).body

    assert get_guest_order(placed["id"], placed["order_token"]).status == 200
