"""Guests place orders with an e-mail address and read them with a token."""

import json
from datetime import timedelta

import pytest

from benchmarks.endpoint import record_calls
from orders.guests import links
from orders.handler import handler
from shared import clock, ids
from shared.aws import client
from shared.clock import utc_now
from shared.security import key_rings
from shared.storage.models.orders import Order
from tests.support import faults, logs, pricing, shop
from tests.support.events import published_events
from tests.support.http import ADA, NOBODY, STAFF, send
from tests.support.order_requests import (
    GUEST_EMAIL,
    cancel_guest_order,
    get_guest_order,
    place_guest_order,
)

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def tea():
    return shop.product("TEA", price_minor=1250, available=100)


def test_a_guest_places_an_order_without_a_token(tea):
    answer = place_guest_order(tea)

    order_id = answer.body["id"]
    stored = Order.get(order_id)
    assert answer.status == 201
    assert answer.headers["Location"] == f"/v1/guest/orders/{order_id}"
    assert answer.headers["Idempotency-Replayed"] == "false"
    assert (answer.body["status"], answer.body["totals"]["total"]["amount_minor"]) == (
        "pending_payment",
        1250,
    )
    assert stored.guest_email == GUEST_EMAIL
    assert stored.buyer_id.startswith("gst_")
    assert shop.available(tea) == 99


def test_the_token_of_the_answer_opens_the_order(tea):
    placed = place_guest_order(tea).body
    token = placed.pop("order_token")

    answer = get_guest_order(placed["id"], token)

    assert (answer.status, answer.body) == (200, placed)


def test_staff_but_no_user_can_read_a_guests_order(tea):
    order_id = place_guest_order(tea).body["id"]

    seen = [
        send(handler, "orders.get", caller=caller, path={"order_id": order_id})
        for caller in (ADA, STAFF)
    ]

    assert [answer.status for answer in seen] == [404, 200]


@pytest.mark.parametrize("email", ["Ada@Example.COM", "ada@EXAMPLE.com"])
def test_an_email_address_is_normalised(tea, email):
    order_id = place_guest_order(tea, email=email).body["id"]

    assert Order.get(order_id).guest_email == GUEST_EMAIL


@pytest.mark.parametrize(
    "email",
    ["", "ada", "ada@", "@example.com", "ada@localhost", "a@b.c\r\nBcc: eve@example.org", 7],
)
def test_an_invalid_email_address_is_refused(tea, email):
    answer = place_guest_order(tea, email=email)

    assert (answer.status, answer.paths) == (422, ["body.email"])
    assert Order.count() == 0


def test_a_guest_order_needs_an_email_address(tea):
    body = {"lines": [shop.line(tea)], "shipping_address": shop.ADDRESS}

    answer = send(handler, "guest.place", caller=NOBODY, body=body)

    assert (answer.status, answer.paths) == (422, ["body.email"])


def test_a_guest_order_needs_an_idempotency_key(tea):
    body = {"email": GUEST_EMAIL, "lines": [shop.line(tea)], "shipping_address": shop.ADDRESS}

    answer = send(
        handler, "guest.place", caller=NOBODY, body=body, headers={"idempotency-key": None}
    )

    assert (answer.status, answer.code) == (400, "idempotency_key_required")


def test_a_guest_gets_the_same_refusals_as_a_user():
    pot = shop.product("POT", available=0)

    answer = place_guest_order(pot)

    assert (answer.status, answer.code) == (409, "out_of_stock")
    assert Order.count() == 0


def test_the_same_request_again_answers_with_the_first_order(tea):
    first = place_guest_order(tea)

    again = place_guest_order(tea)

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body["id"] == first.body["id"]
    assert get_guest_order(first.body["id"], again.body["order_token"]).status == 200
    assert (Order.count(), shop.available(tea)) == (1, 99)


@pytest.mark.parametrize(
    "change",
    [
        {"shipping_address": shop.ADDRESS | {"name": "Eve"}},
        {"promotion_code": "SPRING"},
        {"quoted_total": {"amount_minor": 1250, "currency": "EUR"}},
    ],
)
def test_address_and_key_alone_do_not_show_the_order(tea, change):
    order_id = place_guest_order(tea).body["id"]

    answer = place_guest_order(tea, **change)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert "order_token" not in json.dumps(answer.body)
    assert "Lovelace" not in json.dumps(answer.body)
    assert Order.get(order_id).version == 1


def test_the_same_key_with_another_address_is_another_order(tea):
    orders = {
        place_guest_order(tea, email=email).body["id"] for email in (GUEST_EMAIL, "bob@example.com")
    }

    assert len(orders) == Order.count() == 2


def test_keys_of_users_and_guests_never_collide(tea):
    body = {"lines": [shop.line(tea)], "shipping_address": shop.ADDRESS}
    key = {"idempotency-key": "key-1"}

    theirs = send(handler, "orders.place", caller=ADA, body=body, headers=key)
    guests = place_guest_order(tea)

    assert theirs.body["id"] != guests.body["id"]


def invalid_tokens(tea, monkeypatch) -> dict[str, tuple[str, str | None]]:
    """An order id and a token that does not open it, by what is wrong."""
    one, other = place_guest_order(tea).body, place_guest_order(tea, "key-2").body
    token = one["order_token"]
    monkeypatch.setattr(clock, "utc_now", lambda: utc_now() - links.LIFETIME - timedelta(days=1))
    expired = links.issue_token(one["id"])
    monkeypatch.undo()
    nowhere = ids.derived_id("ord", "nowhere")
    return {
        "missing": (one["id"], None),
        "empty": (one["id"], ""),
        "altered": (one["id"], token[:-1] + ("A" if token[-1] != "A" else "B")),
        "too long": (one["id"], token * 100),
        "of another order": (one["id"], other["order_token"]),
        "expired": (one["id"], expired),
        "for an unknown order": (nowhere, token),
        "issued for an unknown order": (nowhere, links.issue_token(nowhere)),
    }


@pytest.mark.parametrize("ask", [get_guest_order, cancel_guest_order])
def test_every_invalid_token_gets_the_same_answer(tea, monkeypatch, ask):
    requests = invalid_tokens(tea, monkeypatch)

    answers = {why: ask(*request) for why, request in requests.items()}

    assert {why: (answer.status, answer.code) for why, answer in answers.items()} == dict.fromkeys(
        requests, (404, "order_not_found")
    )
    bodies = [answer.body["error"] | {"request_id": ""} for answer in answers.values()]
    assert all(body == bodies[0] for body in bodies)
    assert {order.status for order in Order.scan()} == {"pending_payment"}


def test_a_guest_cancels_with_the_token_and_frees_the_stock(tea):
    placed = place_guest_order(tea).body

    answer = cancel_guest_order(placed["id"], placed["order_token"], reason="found it cheaper")

    assert (answer.status, answer.body["status"]) == (200, "cancelled")
    assert answer.body["history"][-1]["reason"] == "found it cheaper"
    assert answer.body["history"][-1]["by"] == Order.get(placed["id"]).buyer_id
    assert shop.available(tea) == 100


def test_a_repeated_cancel_answers_the_same(tea):
    placed = place_guest_order(tea).body

    first, again = [cancel_guest_order(placed["id"], placed["order_token"]) for _ in range(2)]

    assert (again.status, again.body) == (200, first.body)
    assert shop.available(tea) == 100


def test_a_guest_cannot_cancel_a_shipped_order(tea):
    placed = place_guest_order(tea).body
    Order(placed["id"]).update([Order.status.set("shipped")])

    answer = cancel_guest_order(placed["id"], placed["order_token"])

    assert (answer.status, answer.code) == (409, "order_status_conflict")


def test_a_quote_needs_no_email_and_equals_the_order(tea):
    pricing.store_shipping_rates(pricing.zone("GB"))
    request = {"lines": [shop.line(tea, 2)], "shipping_address": {"country": "GB"}}

    quoted = send(handler, "guest.quote", caller=NOBODY, body=request)
    placed = place_guest_order(
        tea, lines=[shop.line(tea, 2)], quoted_total=quoted.body["totals"]["total"]
    )

    assert (quoted.status, placed.status) == (200, 201)
    assert quoted.body["totals"] == placed.body["totals"]
    assert placed.body["totals"]["total"]["amount_minor"] == 2990


def test_placing_takes_two_calls_and_reading_takes_one(tea):
    place_guest_order(tea, "warm")

    with record_calls() as calls:
        placed = place_guest_order(tea).body
        get_guest_order(placed["id"], placed["order_token"])
        get_guest_order(placed["id"], "forged")

    assert [call.operation for call in calls] == ["BatchGetItem", "TransactWriteItems", "GetItem"]


def test_events_and_logs_contain_neither_address_nor_token(tea):
    with logs.captured() as lines:
        placed = place_guest_order(tea).body
        get_guest_order(placed["id"], placed["order_token"])
        cancel_guest_order(placed["id"], placed["order_token"])
        get_guest_order(placed["id"], "forged")

    events = json.dumps([event.model_dump(mode="json") for event in published_events()])
    assert "order.placed" in events
    for secret in (GUEST_EMAIL, "ada@", "example.com", "Lovelace", placed["order_token"]):
        assert secret not in events
        assert secret not in lines.text


def test_a_guest_has_another_id_in_each_order(tea):
    """Otherwise readers of events could connect the orders of one person."""
    buyers = {Order.get(place_guest_order(tea, f"key-{n}").body["id"]).buyer_id for n in range(3)}

    assert len(buyers) == 3
    assert not any(ids.derived_id("gst", GUEST_EMAIL) == buyer_id for buyer_id in buyers)


def test_without_the_signing_keys_guest_orders_are_unavailable(tea):
    placed = place_guest_order(tea).body
    key_rings.key_ring.forget()

    silent = faults.inject_faults(
        client("secretsmanager"), "GetSecretValue", *[faults.read_timeout()] * 2
    )
    with silent:
        answers = [
            place_guest_order(tea, "key-2"),
            get_guest_order(placed["id"], placed["order_token"]),
        ]

    assert [answer.status for answer in answers] == [503, 503]
    assert Order.count() == 1
