"""Whole slice, over four functions: from a guest's order to the account that has it."""

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
    """What the newest mail leads to, once the worker has been told of all that happened."""
    told = [
        it.model_dump(mode="json") for it in events.published_events() if it.type == "order.placed"
    ]
    assert mail_worker(email_fixtures.mail_queue_event(*told), CONTEXT) == {"batchItemFailures": []}
    assert email_fixtures.sent_emails()[-1].destinations == {"ToAddresses": [GUEST_EMAIL]}
    (link,) = set(LINK.findall(email_fixtures.sent_emails()[-1].body))
    return link


def claim_what_was_confirmed() -> None:
    """What the outbox, its relay, the bus and the queue do."""
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
        key: it for key, it in placed.items() if key != "order_token"
    }


def test_who_registers_with_the_address_and_confirms_it_finds_the_order(tea):
    order_id = place_guest_order(tea).body["id"]
    _, token = mailed_link()
    user_id = register(email=GUEST_EMAIL).body["id"]
    claim_what_was_confirmed()
    before = own_orders(user_id)

    post("auth.verify_email", {"token": create_link_token("verify_email", user_id)})
    claim_what_was_confirmed()

    assert (before, own_orders(user_id)) == ([], [order_id])
    assert get_guest_order(order_id, token).status == 200


def test_who_registers_with_someone_else_s_address_is_shown_nothing(tea):
    place_guest_order(tea)
    user_id = register(email=GUEST_EMAIL).body["id"]

    claim_what_was_confirmed()

    assert own_orders(user_id) == []
    export = call("me.export", get_tokens(email=GUEST_EMAIL)["access_token"]).body
    assert export["orders"] == []


def test_who_confirms_by_a_reset_finds_the_order_too(tea):
    order_id = place_guest_order(tea).body["id"]
    user_id = register(email=GUEST_EMAIL).body["id"]

    reset = {
        "token": create_link_token("reset_password", user_id),
        "password": "staple correct battery",
    }
    post("auth.reset_password", reset)
    claim_what_was_confirmed()

    assert own_orders(user_id) == [order_id]


def test_an_expired_link_shows_nothing_and_the_next_mail_has_a_new_one(tea, monkeypatch):
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


def test_where_it_was_placed_from_is_no_matter(tea):
    placed = place_guest_order(tea, address=ELSEWHERE).body

    assert get_guest_order(placed["id"], placed["order_token"]).status == 200
