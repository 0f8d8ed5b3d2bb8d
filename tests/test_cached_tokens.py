"""What a token may still do in the minute in which API Gateway caches whose it was."""

import json

import pytest

from auth.handler import handler as auth
from auth.privacy import repository as privacy
from orders.handler import handler as orders
from orders.workers import anonymize_orders
from shared.events.accounts import UserDeleted
from shared.storage.models.accounts import User
from shared.storage.models.orders import Order
from tests.support import shop
from tests.support.accounts import PASSWORD, authorize, get_tokens, register
from tests.support.events import published_events, queue_event
from tests.support.http import CONTEXT, send
from tests.support.order_requests import call_as_staff, run_between_read_and_write
from tests.test_route_matrix import PROTECTED, call, create_token

pytestmark = pytest.mark.usefixtures("aws")

# What these tables keep of a user who is gone: a request of staff, until its TTL; or the id alone.
EXPIRING = {"souk-exports", "souk-outbox", "souk-uploads"}
ID_ALONE = {"souk-rates"}


@pytest.fixture
def tea():
    return shop.listed_product("TEA", available=10)


@pytest.fixture
def buyer(aws):  # noqa: ARG001 (the tables must exist first)
    """What the authorizer has cached for a user who has just logged in."""
    register()
    return authorize(get_tokens()["access_token"])


def place(tea, caller, key="key-1"):
    body = {"lines": [shop.line(tea)], "shipping_address": shop.ADDRESS}
    headers = {"idempotency-key": key}
    return send(orders, "orders.place", caller=caller, body=body, headers=headers)


def delete(caller):
    return send(auth, "me.delete", caller=caller, body={"password": PASSWORD})


def disable(caller):
    User(caller["user_id"]).update([User.status.set("disabled")])


def refusal(answer):
    return (answer.status, answer.code)


def anonymize():
    (event,) = [event for event in published_events() if isinstance(event, UserDeleted)]
    message = queue_event("orders.anonymize_orders", event)
    return anonymize_orders.handler(message, CONTEXT) == {"batchItemFailures": []}


@pytest.mark.parametrize("end_account", [delete, disable])
def test_no_order_is_placed_without_an_active_account(tea, buyer, end_account):
    end_account(buyer)
    before = shop.stored_items()

    answer = place(tea, buyer)

    assert refusal(answer) == (401, "session_ended")
    assert shop.stored_items() == before


@pytest.mark.parametrize("end_account", [delete, disable])
def test_an_account_that_ends_during_the_order_gets_none(tea, buyer, monkeypatch, end_account):
    run_between_read_and_write(monkeypatch, lambda: end_account(buyer))

    answer = place(tea, buyer)

    assert refusal(answer) == (401, "session_ended")
    assert (Order.count(), shop.available(tea)) == (0, 10)


def test_a_repeated_request_of_an_account_gets_its_order(tea, buyer):
    first = place(tea, buyer)

    repeated = place(tea, buyer)

    assert (first.status, repeated.status) == (201, 201)
    assert repeated.body["id"] == first.body["id"]
    assert User.get(buyer["user_id"]).order_count == 1


@pytest.mark.parametrize("end_account", [delete, disable])
def test_a_repeated_request_without_an_account_is_401(tea, buyer, end_account):
    assert place(tea, buyer).status == 201
    end_account(buyer)

    assert refusal(place(tea, buyer)) == (401, "session_ended")


@pytest.mark.parametrize("end_account", [delete, disable])
def test_a_refused_repetition_without_an_account_is_401(tea, buyer, end_account):
    """The product is gone, so the request ends before the transaction that requires the account."""
    assert place(tea, buyer).status == 201
    tea.delete()
    end_account(buyer)

    assert refusal(place(tea, buyer)) == (401, "session_ended")


def test_an_order_does_not_change_the_version_of_the_account(tea, buyer):
    version = User.get(buyer["user_id"]).version

    place(tea, buyer)

    assert User.get(buyer["user_id"]).version == version


def place_during_deletion(monkeypatch, tea, buyer, times):
    """Orders are placed between the reads and the write of a deletion."""
    stage, keys = privacy.stage_account_deletion, [f"key-{n}" for n in range(times)]

    def place_then_stage(*args, **more):
        stage(*args, **more)
        if keys:
            assert place(tea, buyer, keys.pop()).status == 201

    monkeypatch.setattr(privacy, "stage_account_deletion", place_then_stage)


def test_a_deletion_counts_an_order_of_the_same_moment(tea, buyer, monkeypatch):
    place_during_deletion(monkeypatch, tea, buyer, times=2)

    assert delete(buyer).status == 204

    (event,) = [event for event in published_events() if isinstance(event, UserDeleted)]
    assert event.data.order_count == 2
    assert anonymize()
    assert "Lovelace" not in str([order.to_dynamodb_dict() for order in Order.scan()])


def test_a_deletion_that_orders_keep_overtaking_is_503(tea, buyer, monkeypatch):
    place_during_deletion(monkeypatch, tea, buyer, times=9)

    answer = delete(buyer)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert User.find(buyer["user_id"]) is not None


def test_an_account_from_before_the_count_can_be_deleted(tea, buyer):
    User(buyer["user_id"]).update([User.order_count.remove()])

    assert delete(buyer).status == 204
    assert refusal(place(tea, buyer)) == (401, "session_ended")


def test_the_last_order_is_anonymized_when_the_index_lags(tea, buyer, monkeypatch):
    first = place(tea, buyer).body["id"]
    last = place(tea, buyer, "key-2").body["id"]
    query, hidden = Order.by_buyer.query, {last}
    monkeypatch.setattr(
        Order.by_buyer,
        "query",
        lambda *args, **more: (
            order for order in query(*args, **more) if order.order_id not in hidden
        ),
    )
    delete(buyer)

    assert not anonymize()
    assert Order.get(first).fingerprint == "anonymized"
    assert not anonymize()  # the queue redelivers the message after six minutes
    hidden.clear()

    assert anonymize()
    assert Order.get(last).fingerprint == "anonymized"


@pytest.mark.parametrize(
    "end_account", [User.delete, lambda user: disable({"user_id": user.user_id})]
)
@pytest.mark.parametrize(
    "action",
    [
        "staff.mark_order_paid",
        "staff.ship_order",
        "staff.deliver_order",
        "staff.return_order",
        "staff.refund_order",
        "staff.create_shipment",
        "staff.cancel_units",
        "staff.add_note_to_order",
        "staff.resend_confirmation",
    ],
)
def test_staff_without_an_active_account_change_no_order(tea, buyer, action, end_account):
    order_id = place(tea, buyer).body["id"]
    status = {"staff.ship_order": "paid", "staff.deliver_order": "shipped"}.get(action)
    prepare_order(order_id, status, action)
    caller = authorize(create_token("usr_gone", roles={"customer", "staff", "admin"}))
    end_account(User.get("usr_gone"))
    before = Order.get(order_id).to_dynamodb_dict()

    answer = call_as_staff(action, order_id, body_of(action, tea), caller=caller)

    assert refusal(answer) == (401, "session_ended")
    assert Order.get(order_id).to_dynamodb_dict() == before


def prepare_order(order_id, status, action):
    """Bring the order into a status in which staff may do the action."""
    helper = authorize(create_token("usr_helper", roles={"customer", "staff", "admin"}))
    if action == "staff.mark_order_paid":
        return
    paid = {"reference": "bank 7"}
    assert call_as_staff("staff.mark_order_paid", order_id, paid, caller=helper).status == 200
    if status == "shipped":
        shipped = {"carrier": "DHL"}
        assert call_as_staff("staff.ship_order", order_id, shipped, caller=helper).status == 200


def body_of(action, tea):
    return {
        "staff.return_order": {"lines": [{"product_id": tea.product_id, "quantity": 1}]},
        "staff.refund_order": {"reason": "broken"},
        "staff.create_shipment": {"carrier": "DHL"},
        "staff.cancel_units": {"reason": "sold out"},
    }.get(action)


@pytest.mark.parametrize("end_account", [delete, disable])
def test_a_buyer_without_an_active_account_cancels_nothing(tea, buyer, end_account):
    order_id = place(tea, buyer).body["id"]
    end_account(buyer)

    answer = send(
        orders, "orders.cancel", caller=buyer, path={"order_id": order_id}, body={"reason": "no"}
    )

    assert refusal(answer) == (401, "session_ended")
    assert Order.get(order_id).status == "pending_payment"


def test_no_route_stores_a_deleted_user_for_good():
    caller = authorize(create_token("usr_gone", roles={"customer", "admin"}))
    User("usr_gone").delete()
    lasting = {}

    for route in PROTECTED:
        before = shop.stored_items()
        call(route, caller)
        for table, item in shop.stored_items() - before:
            expires = table in EXPIRING and "expires_at" in json.loads(item)
            if "usr_gone" in item and not expires and table not in ID_ALONE:
                lasting[route] = table

    assert lasting == {}
