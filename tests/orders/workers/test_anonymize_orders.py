"""Whole slice: the orders of a deleted user lose their personal data, and stay orders."""

import json
from types import SimpleNamespace

import pytest

from orders.checkout import repository
from orders.handler import handler as orders
from orders.lifecycle.service import update_order
from orders.workers import anonymize_orders
from shared.storage.dynamo import connection
from shared.storage.models.orders import Order
from tests.support import logs, shop
from tests.support.faults import inject_faults, read_timeout
from tests.support.http import ADA, BOB, CONTEXT, STAFF, sample, send
from tests.support.orders import cancel_by_staff, mark_paid_manually, refund, ship

pytestmark = pytest.mark.usefixtures("aws")

NOTHING_FAILED = {"batchItemFailures": []}
refund_fully = refund()
ADDRESS = shop.ADDRESS | {
    "company": "Analytical Engines",
    "line2": "Flat 2",
    "region": "Westminster",
    "phone": "+44 20 7946 0958",
}


@pytest.fixture
def tea():
    return shop.product("TEA", available=100)


def shipped(tea, key: str = "key-1", buyer=ADA) -> dict:
    """Place, pay and ship an order; return it as its buyer sees it."""
    order_id = place(tea, key, buyer).body["id"]
    for decide in (mark_paid_manually, ship):
        update_order(order_id, decide)
    return send(orders, "orders.get", caller=buyer, path={"order_id": order_id}).body


def place(tea, key: str = "key-1", buyer=ADA):
    lines = [{"product_id": tea.product_id, "quantity": 1}]
    return send(
        orders,
        "orders.place",
        caller=buyer,
        headers={"idempotency-key": key},
        body={"lines": lines, "shipping_address": ADDRESS},
    )


def message_for(user_id: str) -> dict:
    """The event of the queue: this user was deleted."""
    event = sample("orders.anonymize_orders")
    (record,) = event["Records"]
    body = json.loads(record["body"])
    body["detail"]["data"]["user_id"] = user_id
    record["body"] = json.dumps(body)
    return event


def anonymize(user_id: str = ADA.user_id, context=CONTEXT) -> dict:
    return anonymize_orders.handler(message_for(user_id), context)


def failed_ids(answer: dict) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def get_as_staff(order_id: str) -> dict:
    return send(orders, "orders.get", caller=STAFF, path={"order_id": order_id}).body


def ids_with_address() -> set[str]:
    return {order.order_id for order in Order.scan() if order.shipping_address.name}


class Countdown:
    """Its context has the next of these remaining times at each look at the clock."""

    def __init__(self, *milliseconds: int) -> None:
        self.left = list(milliseconds)

    def context(self):
        rest = {"get_remaining_time_in_millis": lambda: self.left.pop(0)}
        return SimpleNamespace(**vars(CONTEXT) | rest)


def test_only_the_country_of_the_address_is_kept(tea):
    order_id = shipped(tea)["id"]

    answer = anonymize()

    assert answer == NOTHING_FAILED
    kept = {"country": "GB", "name": "", "line1": "", "postal_code": "", "city": ""}
    stored = Order.get(order_id)
    address = stored.shipping_address.attribute_values
    assert {name: value for name, value in address.items() if value is not None} == kept
    assert "Lovelace" not in json.dumps(stored.to_dynamodb_dict())


def test_the_buyers_own_words_are_removed(tea):
    by_buyer, by_staff = place(tea).body["id"], place(tea, "key-2").body["id"]
    for order_id, caller in ((by_buyer, ADA), (by_staff, STAFF)):
        body, path = {"reason": "Moving to Florence"}, {"order_id": order_id}
        send(orders, "orders.cancel", caller=caller, body=body, path=path)

    anonymize()

    kept = {order.order_id: [step.reason for step in order.history] for order in Order.scan()}
    assert kept == {by_buyer: [None, None], by_staff: [None, "Moving to Florence"]}
    assert get_as_staff(by_buyer)["history"][-1]["status"] == "cancelled"


def test_everything_else_in_the_order_is_kept(tea):
    before = shipped(tea)

    anonymize()

    after = get_as_staff(before["id"])
    assert after["shipping_address"] == {
        "name": None,
        "company": None,
        "line1": None,
        "line2": None,
        "postal_code": None,
        "city": None,
        "region": None,
        "region_code": None,
        "country": "GB",
        "phone": None,
    }
    assert after["version"] == before["version"] + 1
    for changed in ("shipping_address", "version"):
        del before[changed], after[changed]
    assert after == before


def test_the_digest_of_the_address_is_removed(tea):
    order_id = shipped(tea)["id"]

    anonymize()

    assert Order.get(order_id).fingerprint == "anonymized"


def test_a_repeated_message_changes_nothing(tea):
    order_id = shipped(tea)["id"]
    anonymize()
    before = Order.get(order_id).to_dynamodb_dict()

    answer = anonymize()

    assert answer == NOTHING_FAILED
    assert Order.get(order_id).to_dynamodb_dict() == before


def test_an_order_from_a_lagging_index_is_anonymized_once(tea, monkeypatch):
    order_id = shipped(tea)["id"]
    stale = [Order.get(order_id)]
    anonymize()
    monkeypatch.setattr(repository, "list_all_orders", lambda _: stale)

    answer = anonymize()

    assert answer == NOTHING_FAILED
    assert Order.get(order_id).version == 4


def test_a_deleted_order_is_not_created_again(tea, monkeypatch):
    order_id = shipped(tea)["id"]
    stale = [Order.get(order_id)]
    Order(order_id).delete()
    monkeypatch.setattr(repository, "list_all_orders", lambda _: stale)

    answer = anonymize()

    assert answer == NOTHING_FAILED
    assert Order.count() == 0


def test_orders_of_other_buyers_are_unchanged(tea):
    shipped(tea)
    other_id = shipped(tea, buyer=BOB)["id"]

    anonymize()

    assert ids_with_address() == {other_id}


def test_a_user_without_orders_is_no_failure():
    assert anonymize() == NOTHING_FAILED


def test_a_run_out_of_time_continues_with_the_next_delivery(tea):
    for n in range(5):
        shipped(tea, f"key-{n}")

    first = anonymize(context=Countdown(60_000, 30_000, 4_999).context())

    assert len(failed_ids(first)) == 1
    assert len(ids_with_address()) == 3
    assert anonymize() == NOTHING_FAILED
    assert ids_with_address() == set()
    assert {order.version for order in Order.scan()} == {4}


def test_a_failed_run_continues_with_the_next_delivery(tea):
    for n in range(3):
        shipped(tea, f"key-{n}")

    lost_write = inject_faults(connection().client, "TransactWriteItems", None, read_timeout())
    with lost_write, logs.captured() as lines:
        first = anonymize()

    assert len(failed_ids(first)) == 1
    assert lines.saying("orders not anonymized")[0]["reason"] == "Unavailable"
    assert "Lovelace" not in lines.text
    assert anonymize() == NOTHING_FAILED
    assert ids_with_address() == set()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not JSON",
        "{}",
        json.dumps({"detail": {}}),
        json.dumps({"detail": {"type": "user.deleted", "data": {}}}),
        json.dumps({"detail": {"type": "user.registered", "data": {"user_id": ADA.user_id}}}),
    ],
)
def test_an_invalid_message_fails_and_changes_nothing(tea, body):
    order_id = shipped(tea)["id"]
    event = sample("orders.anonymize_orders")
    event["Records"][0]["body"] = body

    answer = anonymize_orders.handler(event, CONTEXT)

    assert failed_ids(answer) == [event["Records"][0]["messageId"]]
    assert ids_with_address() == {order_id}


def test_an_anonymized_order_is_not_replayed(tea):
    place(tea)
    anonymize()

    again = place(tea)

    assert (again.status, again.code) == (422, "idempotency_key_reused")
    assert ids_with_address() == set()


def test_anonymizing_orders_is_audited(tea):
    shipped(tea)
    shipped(tea, "key-2")

    with logs.captured() as lines:
        anonymize()

    (line,) = lines.saying("audit")
    assert (line["action"], line["result"]) == ("anonymize_orders", "done")
    assert (line["user_id"], line["orders"]) == (ADA.user_id, "2")
    assert line["correlation_id"] == "JKJaXmPLvHcESHA="


def test_an_unpaid_order_is_cancelled_and_frees_its_stock(tea):
    order_id = place(tea).body["id"]

    anonymize()

    order = Order.get(order_id)
    assert (order.status, order.history[-1].reason) == ("cancelled", "account_deleted")
    assert (order.fingerprint, ids_with_address(), shop.available(tea)) == (
        "anonymized",
        set(),
        100,
    )


@pytest.mark.parametrize("finish", [ship, cancel_by_staff, refund_fully])
def test_a_paid_order_keeps_its_address_until_it_is_over(tea, finish):
    order_id = place(tea).body["id"]
    update_order(order_id, mark_paid_manually)

    anonymize()
    anonymize()
    before = ids_with_address()
    update_order(order_id, finish)

    assert (before, ids_with_address()) == ({order_id}, set())
    assert Order.get(order_id).fingerprint == "anonymized"


def test_a_paid_order_of_a_deleted_account_can_be_shipped(tea):
    order_id = place(tea).body["id"]
    update_order(order_id, mark_paid_manually)

    anonymize()
    order = update_order(order_id, ship)

    assert (order.status, order.awaits_anonymization) == ("shipped", False)
    assert anonymize() == NOTHING_FAILED
