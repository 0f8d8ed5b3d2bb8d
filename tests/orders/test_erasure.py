"""Whole slice: the orders of a deleted user lose their address, and stay orders."""

import json
from types import SimpleNamespace

import pytest

from orders import repository
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
refund_by_hand = refund()
ADDRESS = shop.ADDRESS | {"line2": "Flat 2", "region": "Westminster"}


@pytest.fixture
def tea():
    return shop.product("TEA", available=100)


def sent(tea, key: str = "key-1", buyer=ADA) -> dict:
    """An order that is on its way, as its buyer is shown it."""
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


def about(user_id: str) -> dict:
    """The queue's message that this user was deleted."""
    event = sample("orders.anonymize_orders")
    (record,) = event["Records"]
    body = json.loads(record["body"])
    body["detail"]["data"]["user_id"] = user_id
    record["body"] = json.dumps(body)
    return event


def erase(user_id: str = ADA.user_id, context=CONTEXT) -> dict:
    return anonymize_orders.handler(about(user_id), context)


def failed(answer: dict) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def shown(order_id: str) -> dict:
    return send(orders, "orders.get", caller=STAFF, path={"order_id": order_id}).body


def with_address() -> set[str]:
    return {order.order_id for order in Order.scan() if order.shipping_address.name}


class Countdown:
    """A context in which each look at the clock finds so much less time left."""

    def __init__(self, *milliseconds: int) -> None:
        self.left = list(milliseconds)

    def context(self):
        rest = {"get_remaining_time_in_millis": lambda: self.left.pop(0)}
        return SimpleNamespace(**vars(CONTEXT) | rest)


def test_of_the_address_only_the_country_is_kept(tea):
    order_id = sent(tea)["id"]

    answer = erase()

    assert answer == NOTHING_FAILED
    kept = {"country": "GB", "name": "", "line1": "", "postal_code": "", "city": ""}
    stored = Order.get(order_id)
    assert {k: v for k, v in stored.shipping_address.attribute_values.items() if v is not None} == (
        kept
    )
    assert "Lovelace" not in json.dumps(stored.to_dynamodb_dict())


def test_no_words_of_the_buyer_s_own_are_left(tea):
    theirs, ours = place(tea).body["id"], place(tea, "key-2").body["id"]
    for order_id, caller in ((theirs, ADA), (ours, STAFF)):
        reason, path = {"reason": "Moving to Florence"}, {"order_id": order_id}
        send(orders, "orders.cancel", caller=caller, body=reason, path=path)

    erase()

    kept = {it.order_id: [step.reason for step in it.history] for it in Order.scan()}
    assert kept == {theirs: [None, None], ours: [None, "Moving to Florence"]}
    assert shown(theirs)["history"][-1]["status"] == "cancelled"


def test_all_else_of_the_order_is_kept_and_it_is_shown_as_it_is(tea):
    before = sent(tea)

    erase()

    after = shown(before["id"])
    assert after["shipping_address"] == {
        "name": None,
        "line1": None,
        "line2": None,
        "postal_code": None,
        "city": None,
        "region": None,
        "country": "GB",
    }
    assert after["version"] == before["version"] + 1
    for changed in ("shipping_address", "version"):
        del before[changed], after[changed]
    assert after == before


def test_no_digest_that_the_address_could_be_guessed_from_is_left(tea):
    order_id = sent(tea)["id"]

    erase()

    assert Order.get(order_id).fingerprint == "erased"


def test_a_message_that_comes_again_changes_nothing(tea):
    order_id = sent(tea)["id"]
    erase()
    once = Order.get(order_id).to_dynamodb_dict()

    answer = erase()

    assert answer == NOTHING_FAILED
    assert Order.get(order_id).to_dynamodb_dict() == once


def test_what_an_index_that_lags_still_shows_is_erased_once(tea, monkeypatch):
    order_id = sent(tea)["id"]
    stale = [Order.get(order_id)]
    erase()
    monkeypatch.setattr(repository, "not_erased", lambda _: stale)

    answer = erase()

    assert answer == NOTHING_FAILED
    assert Order.get(order_id).version == 4


def test_an_order_that_is_gone_is_not_brought_back(tea, monkeypatch):
    order_id = sent(tea)["id"]
    stale = [Order.get(order_id)]
    Order(order_id).delete()
    monkeypatch.setattr(repository, "not_erased", lambda _: stale)

    answer = erase()

    assert answer == NOTHING_FAILED
    assert Order.count() == 0


def test_nobody_elses_orders_are_touched(tea):
    sent(tea)
    theirs = sent(tea, buyer=BOB)["id"]

    erase()

    assert with_address() == {theirs}


def test_a_user_who_never_ordered_is_done_at_once():
    assert erase() == NOTHING_FAILED


def test_a_run_whose_time_is_up_goes_on_when_the_message_comes_again(tea):
    for n in range(5):
        sent(tea, f"key-{n}")

    first = erase(context=Countdown(60_000, 30_000, 4_999).context())

    assert len(failed(first)) == 1
    assert len(with_address()) == 3
    assert erase() == NOTHING_FAILED
    assert with_address() == set()
    assert {order.version for order in Order.scan()} == {4}


def test_a_run_that_fails_on_the_way_goes_on_when_the_message_comes_again(tea):
    for n in range(3):
        sent(tea, f"key-{n}")

    lost = inject_faults(connection().client, "TransactWriteItems", None, read_timeout())
    with lost, logs.captured() as lines:
        first = erase()

    assert len(failed(first)) == 1
    assert lines.saying("not erased")[0]["reason"] == "Unavailable"
    assert "Lovelace" not in lines.text
    assert erase() == NOTHING_FAILED
    assert with_address() == set()


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
def test_a_message_that_tells_of_no_deletion_fails_and_erases_nothing(tea, body):
    order_id = sent(tea)["id"]
    event = sample("orders.anonymize_orders")
    event["Records"][0]["body"] = body

    answer = anonymize_orders.handler(event, CONTEXT)

    assert failed(answer) == [event["Records"][0]["messageId"]]
    assert with_address() == {order_id}


def test_an_erased_order_is_no_replay_of_the_request_that_placed_it(tea):
    place(tea)
    erase()

    again = place(tea)

    assert (again.status, again.code) == (422, "idempotency_key_reused")
    assert with_address() == set()


def test_an_erasure_is_audited(tea):
    sent(tea)
    sent(tea, "key-2")

    with logs.captured() as lines:
        erase()

    (line,) = lines.saying("audit")
    assert (line["action"], line["result"]) == ("erase_orders", "done")
    assert (line["user_id"], line["orders"]) == (ADA.user_id, "2")
    assert line["correlation_id"] == "JKJaXmPLvHcESHA="


def test_what_is_not_paid_yet_is_cancelled_and_its_stock_is_free_again(tea):
    order_id = place(tea).body["id"]

    erase()

    order = Order.get(order_id)
    assert (order.status, order.history[-1].reason) == ("cancelled", "account_deleted")
    assert (order.fingerprint, with_address(), shop.available(tea)) == ("erased", set(), 100)


@pytest.mark.parametrize("end", [ship, cancel_by_staff, refund_by_hand])
def test_what_is_paid_keeps_its_address_until_it_is_sent_or_is_not_going_to_be(tea, end):
    order_id = place(tea).body["id"]
    update_order(order_id, mark_paid_manually)

    erase()
    erase()
    before = with_address()
    update_order(order_id, end)

    assert (before, with_address()) == ({order_id}, set())
    assert Order.get(order_id).fingerprint == "erased"


def test_an_order_that_is_paid_while_the_account_goes_is_sent_all_the_same(tea):
    order_id = place(tea).body["id"]
    update_order(order_id, mark_paid_manually)

    erase()
    shipped = update_order(order_id, ship)

    assert (shipped.status, shipped.is_erased_when_sent) == ("shipped", False)
    assert erase() == NOTHING_FAILED
