"""Whole slice: staff give an order to another buyer, until it is paid."""

import pytest

from notifications import links
from orders.handler import handler as shoppers
from orders.lifecycle.buyer_changes import NewBuyer
from orders.lifecycle.buyer_changes import change_buyer as decide_change
from orders.staff_api import handler as staff_api
from orders.workers import anonymize_orders, link_guest_orders
from shared.storage.held_stock import Holder
from shared.storage.models.accounts import HeldUnits, User
from shared.storage.models.orders import Order
from shared.storage.models.pricing import PROMOTIONS, Promotion, PromotionUse
from tests.support import orders, pricing, shop
from tests.support.events import queue_event
from tests.support.http import ADA, BOB, CONTEXT, STAFF, send
from tests.support.order_requests import (
    GUEST_EMAIL,
    call_as_staff,
    cancel_guest_order,
    get_guest_order,
    place_guest_order,
    place_order,
)
from tests.support.orders import LIFECYCLES, list_order_events, start_payment, voided

pytestmark = pytest.mark.usefixtures("aws")

EVE = "eve@example.com"


@pytest.fixture(autouse=True)
def bob(aws):  # noqa: ARG001 (needs the tables)
    open_account(BOB.user_id)


@pytest.fixture
def tea():
    return shop.product("TEA", available=1_000, order_quantity_max=1_000)


def open_account(user_id, *, email=None, **changes):
    email = email or f"{user_id}@example.com"
    changes = {"email_verified": True} | changes
    shop.login(email, user_id=user_id, **changes).save()
    return shop.user(user_id, email=email, **changes)


def change(order_id, *, if_match="*", caller=STAFF, **buyer):
    return send(
        staff_api,
        "staff.change_buyer",
        caller=caller,
        body=buyer,
        headers={"if-match": if_match},
        path={"order_id": order_id},
    )


def order_count(caller):
    return User.get(caller.user_id).order_count


def own_orders(caller):
    return [item["id"] for item in send(shoppers, "orders.list", caller=caller).body["items"]]


def guest_orders(email):
    answer = send(staff_api, "staff.list_orders", caller=STAFF, query={"customer": email})
    return [item["id"] for item in answer.body["items"]]


def held(counter_of):
    found = HeldUnits.find(counter_of.counters()[0], consistent=True)
    return int(found.units) if found else 0


def account(caller, limit=200):
    return Holder("account", caller.user_id, limit)


def guest(email, limit=100):
    return Holder("guest", email, limit)


def token_of(order_id):
    """As the next mail has it."""
    url = links.create_order_link(Order.get(order_id), shop_url="https://shop.test").url
    return url.partition("&token=")[2]


def test_an_order_goes_to_another_account(tea):
    order_id = place_order(tea)

    answer = change(order_id, user_id=BOB.user_id)

    assert answer.status == 200
    assert (answer.body["buyer_id"], answer.body["guest_email"]) == (BOB.user_id, None)
    step = answer.body["history"][-1]
    assert (step["event"], step["by"], step["buyer_id"]) == (
        "buyer_changed",
        STAFF.user_id,
        BOB.user_id,
    )
    assert (own_orders(ADA), own_orders(BOB)) == ([], [order_id])
    assert (order_count(ADA), order_count(BOB)) == (0, 1)
    event = list_order_events(Order.get(order_id))[-1]
    assert (event.type, event.data.buyer_id, event.data.previous_buyer_id) == (
        "order.buyer_changed",
        BOB.user_id,
        ADA.user_id,
    )


def test_only_the_new_buyer_acts_on_the_order(tea):
    order_id = place_order(tea)
    change(order_id, user_id=BOB.user_id)

    def call(name, caller):
        return send(shoppers, name, caller=caller, path={"order_id": order_id}).status

    assert (call("orders.get", ADA), call("orders.get", BOB)) == (404, 200)
    assert (call("orders.cancel", ADA), call("orders.cancel", BOB)) == (404, 200)


def test_the_history_shows_the_new_buyer_no_other_id(tea):
    order_id = place_order(tea)
    change(order_id, user_id=BOB.user_id)

    seen = send(shoppers, "orders.get", caller=BOB, path={"order_id": order_id}).body

    assert [step["by"] for step in seen["history"]] == [BOB.user_id, "staff"]
    assert ADA.user_id not in str(seen)


def test_a_confirmed_address_is_its_account(tea):
    order_id = place_order(tea)

    answer = change(order_id, email=" USR_BOB@Example.com ")

    assert (answer.status, answer.body["buyer_id"]) == (200, BOB.user_id)


@pytest.mark.parametrize("has_account", [False, True])
def test_any_other_address_is_a_guest(tea, has_account):
    if has_account:
        open_account("usr_eve", email=EVE, email_verified=False)
    order_id = place_order(tea)

    answer = change(order_id, email=EVE)

    assert (answer.status, answer.body["guest_email"]) == (200, EVE)
    assert answer.body["buyer_id"].startswith("gst_")
    assert (own_orders(ADA), guest_orders(EVE), order_count(ADA)) == ([], [order_id], 0)


def test_the_mistyped_address_of_a_guest_is_corrected(tea):
    placed = place_guest_order(tea, email="eve@exampel.com").body

    answer = change(placed["id"], email=EVE)

    assert answer.body["buyer_id"] != Order.get(placed["id"]).history[0].by
    assert get_guest_order(placed["id"], placed["order_token"]).status == 404
    assert cancel_guest_order(placed["id"], placed["order_token"]).status == 404
    assert get_guest_order(placed["id"], token_of(placed["id"])).status == 200
    assert (guest_orders("eve@exampel.com"), guest_orders(EVE)) == ([], [placed["id"]])


def test_each_change_voids_the_links_before(tea):
    placed = place_guest_order(tea).body
    tokens = [placed["order_token"]]
    for email in (EVE, "bob@example.com", GUEST_EMAIL):
        change(placed["id"], email=email)
        tokens.append(token_of(placed["id"]))

    assert [get_guest_order(placed["id"], token).status for token in tokens] == [404] * 3 + [200]


def test_a_guest_does_not_learn_that_an_account_has_the_order(tea):
    order_id = place_order(tea)
    change(order_id, email=EVE)
    token = token_of(order_id)
    before = get_guest_order(order_id, token).body
    open_account("usr_eve", email=EVE)
    (event,) = [
        each
        for each in list_order_events(Order.get(order_id))
        if each.type == "order.buyer_changed"
    ]

    link_guest_orders.handler(queue_event("orders.link_guest_orders", event), CONTEXT)

    assert Order.get(order_id).buyer_id == "usr_eve"
    assert get_guest_order(order_id, token).body == before
    assert ADA.user_id not in str(before)


def test_an_account_that_confirms_later_gets_the_order(tea):
    order_id = place_order(tea)
    change(order_id, email=EVE)
    events = list_order_events(Order.get(order_id))
    open_account("usr_eve", email=EVE)

    answer = link_guest_orders.handler(queue_event("orders.link_guest_orders", *events), CONTEXT)

    assert answer == {"batchItemFailures": []}
    order = Order.get(order_id)
    assert (order.buyer_id, order.guest_email) == ("usr_eve", None)
    assert User.get("usr_eve").order_count == 1


@pytest.mark.parametrize(
    "buyer", [{"user_id": BOB.user_id}, {"email": "usr_bob@example.com"}, {"email": EVE}]
)
def test_a_repetition_changes_nothing(tea, buyer):
    order_id = place_order(tea)
    etag = call_as_staff("staff.get_order", order_id).headers["ETag"]
    first = change(order_id, if_match=etag, **buyer)

    again = change(order_id, if_match=etag, **buyer)

    assert (again.status, again.body) == (200, first.body)
    assert order_count(BOB) == (0 if EVE in buyer.values() else 1)
    assert len(list_order_events(Order.get(order_id))) == 2


def test_a_change_that_somebody_overtook_is_refused(tea):
    order_id = place_order(tea)
    change(order_id, user_id=BOB.user_id)

    answer = change(order_id, if_match='"1"', email=EVE)

    assert (answer.status, answer.code) == (412, "stale_version")
    assert Order.get(order_id).buyer_id == BOB.user_id


@pytest.mark.parametrize("status", [name for name in LIFECYCLES if name != "pending_payment"])
def test_a_paid_or_finished_order_keeps_its_buyer(tea, status):
    order = orders.create_order(*LIFECYCLES[status], product=tea)

    answer = change(order.order_id, user_id=BOB.user_id)

    assert (answer.status, answer.code) == (409, "order_status_conflict")
    assert answer.error["details"]["status"] == status
    assert Order.get(order.order_id).buyer_id == ADA.user_id


def test_a_free_order_is_paid_and_keeps_its_buyer():
    gift = shop.product("GIFT", available=5, price_minor=0)
    order = orders.create_order(product=gift)

    assert change(order.order_id, user_id=BOB.user_id).code == "order_status_conflict"


def test_an_order_with_a_started_payment_keeps_its_buyer(tea):
    order = orders.create_order(start_payment, product=tea)

    refused = change(order.order_id, user_id=BOB.user_id)
    orders.update_order(order.order_id, voided)
    accepted = change(order.order_id, user_id=BOB.user_id)

    assert (refused.status, refused.code) == (409, "payment_started")
    assert accepted.status == 200


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ADA, account(BOB)),
        (ADA, guest(EVE)),
        ("a+tea@example.com", account(BOB)),
        ("a+tea@example.com", guest(EVE)),
    ],
)
def test_the_held_units_move_to_the_new_buyer(tea, before, after):
    if before == ADA:
        order_id, holder = place_order(tea, quantity=3), account(ADA)
    else:
        lines = [shop.line(tea, 3)]
        order_id = place_guest_order(tea, email=before, lines=lines).body["id"]
        holder = guest("a@example.com")
    assert held(holder) == 3
    buyer = {"user_id": after.key} if after.kind == "account" else {"email": after.key}

    change(order_id, **buyer)

    assert (held(holder), held(after)) == (0, 3)
    call_as_staff("staff.mark_order_paid", order_id)
    assert sum(int(counter.units) for counter in HeldUnits.scan(HeldUnits.units.exists())) == 0


def test_two_addresses_of_one_mailbox_hold_the_units_once(tea):
    order_id = place_guest_order(tea, email="a+tea@example.com").body["id"]

    answer = change(order_id, email="a@example.com")

    assert (answer.status, held(guest("a@example.com"))) == (200, 1)


def test_the_units_of_a_linked_order_leave_the_guest_s_counter(tea):
    order_id = place_guest_order(tea, email="usr_ada@example.com").body["id"]
    open_account(ADA.user_id)
    events = list_order_events(Order.get(order_id))
    link_guest_orders.handler(queue_event("orders.link_guest_orders", *events), CONTEXT)
    assert (Order.get(order_id).buyer_id, order_count(ADA)) == (ADA.user_id, 1)

    change(order_id, user_id=BOB.user_id)

    assert (held(guest("usr_ada@example.com")), held(account(BOB))) == (0, 1)
    assert (order_count(ADA), order_count(BOB)) == (0, 1)


def test_a_new_buyer_holds_no_more_than_the_limit(tea):
    place_order(tea, buyer=BOB, quantity=150)
    order_id = place_order(tea, quantity=51)

    answer = change(order_id, user_id=BOB.user_id)

    assert (answer.status, answer.code) == (409, "held_stock_limit_reached")
    assert answer.error["details"] == {"holder": "account", "limit": 200, "quantity": 51}
    assert (held(account(ADA)), held(account(BOB)), order_count(BOB)) == (51, 150, 1)


def test_the_units_of_an_older_release_s_order_stay(tea):
    order_id = place_order(tea, quantity=3)
    Order(order_id).update([Order.own_hold.remove()])

    answer = change(order_id, user_id=BOB.user_id)

    assert (answer.status, held(account(ADA)), held(account(BOB))) == (200, 3, 0)
    call_as_staff("staff.mark_order_paid", order_id)
    assert held(account(ADA)) == 0


@pytest.mark.parametrize(
    ("buyer", "status", "code", "paths"),
    [
        ({}, 422, "invalid_fields", ["body"]),
        ({"user_id": "usr_bob", "email": EVE}, 422, "invalid_fields", ["body"]),
        ({"user_id": None}, 422, "invalid_fields", ["body.user_id"]),
        ({"email": "eve@"}, 422, "invalid_fields", ["body.email"]),
        ({"email": "e ve@example.com"}, 422, "invalid_fields", ["body.email"]),
        ({"name": "Eve"}, 422, "invalid_fields", ["body.name"]),
        ({"user_id": "usr_nobody"}, 404, "user_not_found", None),
        ({"user_id": EVE}, 404, "user_not_found", None),
        ({"user_id": "usr_off"}, 404, "user_not_found", None),
    ],
)
def test_what_is_no_buyer_changes_nothing(tea, buyer, status, code, paths):
    open_account("usr_off", status="disabled")
    order_id = place_order(tea)

    answer = change(order_id, **buyer)

    assert (answer.status, answer.code) == (status, code)
    assert paths is None or answer.paths == paths
    assert Order.get(order_id).version == 1


def test_an_unknown_order_is_not_found():
    assert change("ord_unknown", user_id=BOB.user_id).code == "order_not_found"


def test_buyers_do_not_change_the_buyer(tea):
    assert change(place_order(tea), user_id=BOB.user_id, caller=ADA).code == "forbidden"


@pytest.mark.parametrize("buyer", [ADA, STAFF])
def test_staff_give_orders_to_themselves_and_away(tea, buyer):
    order_id = place_order(tea, buyer=buyer)
    other = STAFF if buyer == ADA else ADA

    answer = change(order_id, user_id=other.user_id)

    assert (answer.status, order_count(buyer), order_count(other)) == (200, 0, 1)


@pytest.mark.parametrize("buyer", [ADA, STAFF])
def test_disabled_staff_change_no_buyer(tea, buyer):
    order_id = place_order(tea, buyer=buyer)
    User(STAFF.user_id).update([User.status.set("disabled")])

    answer = change(order_id, user_id=BOB.user_id)

    assert (answer.status, answer.code) == (401, "session_ended")
    assert (order_count(buyer), order_count(BOB)) == (1, 0)


def test_a_deleted_account_gets_no_order_and_gives_none(tea):
    order_id = place_order(tea)
    User(ADA.user_id).delete()  # its orders are anonymized within seconds

    answer = change(order_id, user_id=BOB.user_id)

    assert (answer.status, answer.code) == (503, "unavailable")
    assert Order.get(order_id).buyer_id == ADA.user_id


def test_a_deletion_ends_no_order_of_another_buyer(tea, monkeypatch):
    order_id, kept = place_order(tea), place_order(tea, key="key-2")
    stale = list(Order.by_buyer.query(ADA.user_id))
    change(order_id, user_id=BOB.user_id)
    monkeypatch.setattr(Order.by_buyer, "query", lambda *_, **__: iter(stale))

    answer = anonymize_orders.handler(deletion_of(ADA, orders=1), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert (Order.get(order_id).status, Order.get(kept).status) == ("pending_payment", "cancelled")


def test_a_stale_index_does_not_hide_a_missing_order(tea, monkeypatch):
    order_id = place_order(tea)
    stale = list(Order.by_buyer.query(ADA.user_id))
    place_order(tea, key="key-2")
    change(order_id, user_id=BOB.user_id)
    monkeypatch.setattr(Order.by_buyer, "query", lambda *_, **__: iter(stale))

    answer = anonymize_orders.handler(deletion_of(ADA, orders=1), CONTEXT)

    assert len(answer["batchItemFailures"]) == 1  # the queue sends it again


def deletion_of(caller, *, orders):
    detail = {"id": "evt_1", "type": "user.deleted", "version": 1, "correlation_id": "r"}
    data = {"user_id": caller.user_id, "order_count": orders}
    return queue_event(
        "orders.anonymize_orders",
        {**detail, "occurred_at": "2026-11-24T10:15:30Z", "data": data},
    )


def test_the_first_request_is_not_answered_with_another_s_order(tea):
    order_id = place_order(tea)
    change(order_id, user_id=BOB.user_id)
    body = {"lines": [shop.line(tea, 2)], "shipping_address": shop.ADDRESS}

    answer = send(
        shoppers, "orders.place", caller=ADA, body=body, headers={"idempotency-key": "key-1"}
    )

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert own_orders(ADA) == []
    change(order_id, user_id=ADA.user_id)
    assert place_order(tea) == order_id


def test_a_guest_s_retry_gets_no_link_to_another_s_order(tea):
    order_id = place_guest_order(tea).body["id"]
    change(order_id, email=EVE)

    answer = place_guest_order(tea)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert "order_token" not in answer.body


def test_a_use_of_a_promotion_stays_with_who_sent_its_code(tea):
    pricing.promotion("ONCE", uses_per_customer_max=1)
    order = orders.create_order(product=tea, promotion_code="ONCE")

    change(order.order_id, user_id=BOB.user_id)

    assert PromotionUse.get(ADA.user_id, "ONCE").used == 1
    send(shoppers, "orders.cancel", caller=BOB, path={"order_id": order.order_id})
    assert PromotionUse.get(ADA.user_id, "ONCE").used == 0
    assert Promotion.get(PROMOTIONS, "ONCE").uses_per_customer_max == 1


def test_in_memory_a_refusal_changes_nothing():
    order = orders.new_order(*LIFECYCLES["paid"])
    before = order.serialize()

    with pytest.raises(Exception, match="another buyer's"):
        decide_change(order, NewBuyer(account(BOB), BOB.user_id), by="usr_staff")

    assert order.serialize() == before
