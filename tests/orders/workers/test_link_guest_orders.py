"""Whole slice: an account that confirms its address gets the guest orders of that address."""

import json
from functools import partial
from types import SimpleNamespace

import pytest

from orders.guests import repository
from orders.handler import handler
from orders.lifecycle import decisions
from orders.lifecycle import repository as orders_stored
from orders.lifecycle import service as lifecycle
from orders.workers import anonymize_orders, link_guest_orders
from shared.storage.dynamo import connection
from shared.storage.models.accounts import User
from shared.storage.models.orders import Order
from shared.storage.models.outbox import OutboxRow
from tests.support import logs, shop
from tests.support.faults import inject_faults, read_timeout
from tests.support.http import ADA, CONTEXT, Caller, sample, send
from tests.support.order_requests import GUEST_EMAIL, get_guest_order, place_guest_order

pytestmark = pytest.mark.usefixtures("aws")

NOTHING_FAILED = {"batchItemFailures": []}


@pytest.fixture
def tea():
    return shop.product("TEA", available=100)


@pytest.fixture
def ada(aws):  # noqa: ARG001 (the tables must exist first)
    return shop.user(ADA.user_id, email=GUEST_EMAIL, email_verified=True)


def message_for(user_id: str, event_type: str = "user.email_verified") -> dict:
    """The event of the queue: this user has confirmed their address."""
    event = sample("orders.link_guest_orders")
    (record,) = event["Records"]
    body = json.loads(record["body"])
    body["detail"] |= {"type": event_type, "data": {"user_id": user_id}}
    record["body"] = json.dumps(body)
    return event


def link(user_id: str = ADA.user_id, context=CONTEXT, **changes) -> dict:
    return link_guest_orders.handler(message_for(user_id, **changes), context)


def failed_ids(answer: dict) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def orders_of(caller: Caller) -> set[str]:
    page = send(handler, "orders.list", caller=caller, query={"limit": "50"}).body
    return {order["id"] for order in page["items"]}


class Countdown:
    """Its context has the next of these remaining times at each look at the clock."""

    def __init__(self, *milliseconds: int) -> None:
        self.left = list(milliseconds)

    def context(self):
        rest = {"get_remaining_time_in_millis": lambda: self.left.pop(0)}
        return SimpleNamespace(**vars(CONTEXT) | rest)


@pytest.mark.parametrize("event_type", ["user.email_verified", "user.email_changed"])
@pytest.mark.usefixtures("ada")
def test_a_confirmed_address_gets_its_guest_orders(tea, event_type):
    placed = {place_guest_order(tea, f"key-{n}").body["id"] for n in range(3)}
    assert orders_of(ADA) == set()

    answer = link(event_type=event_type)

    assert answer == NOTHING_FAILED
    assert orders_of(ADA) == placed
    assert {order.guest_email for order in Order.scan()} == {None}
    assert list(Order.by_guest.query(GUEST_EMAIL)) == []


@pytest.mark.usefixtures("ada")
def test_nothing_else_in_the_order_changes_and_no_event_is_sent(tea):
    order_id = place_guest_order(tea).body["id"]
    before, events = Order.get(order_id).to_dynamodb_dict(), OutboxRow.count()

    link()

    after = Order.get(order_id).to_dynamodb_dict()
    changed = {key for key in before if before[key] != after.get(key)}
    assert changed == {"buyer_id", "guest_email", "version"}
    assert OutboxRow.count() == events


@pytest.mark.usefixtures("ada")
def test_the_link_in_an_earlier_mail_still_works(tea):
    placed = place_guest_order(tea).body

    link()

    answer = get_guest_order(placed["id"], placed["order_token"])
    assert (answer.status, answer.body["id"]) == (200, placed["id"])


@pytest.mark.usefixtures("ada")
def test_a_replay_of_the_guests_request_finds_the_order(tea):
    first = place_guest_order(tea)

    link()

    replay = place_guest_order(tea)
    assert (replay.status, replay.body["id"]) == (201, first.body["id"])
    assert Order.count() == 1


@pytest.mark.usefixtures("ada")
def test_the_history_shows_the_guest_as_the_owner(tea):
    order_id = place_guest_order(tea).body["id"]

    link()

    shown = send(handler, "orders.get", path={"order_id": order_id}).body
    assert [step["by"] for step in shown["history"]] == [ADA.user_id]


@pytest.mark.usefixtures("ada")
def test_orders_of_other_addresses_and_users_are_unchanged(tea):
    other = place_guest_order(tea, email="bob@example.com").body["id"]
    body = {"lines": [shop.line(tea)], "shipping_address": shop.ADDRESS}
    own = send(handler, "orders.place", body=body).body["id"]

    link()

    assert orders_of(ADA) == {own}
    assert Order.get(other).guest_email == "bob@example.com"


def test_an_unconfirmed_address_gets_no_orders(tea):
    shop.user(ADA.user_id, email=GUEST_EMAIL)
    place_guest_order(tea)

    assert link() == NOTHING_FAILED

    assert orders_of(ADA) == set()


def test_a_deleted_account_gets_no_orders(tea):
    order_id = place_guest_order(tea).body["id"]

    assert link() == NOTHING_FAILED

    assert Order.get(order_id).guest_email == GUEST_EMAIL


def test_only_the_accounts_current_address_counts(tea):
    """A late message may name an account that has another address by now."""
    order_id = place_guest_order(tea).body["id"]
    shop.user(ADA.user_id, email="new@example.com", previous_email=GUEST_EMAIL, email_verified=True)

    assert link() == NOTHING_FAILED

    assert Order.get(order_id).guest_email == GUEST_EMAIL


@pytest.mark.parametrize(
    "lose_address",
    [
        lambda user: user.delete(),
        lambda user: user.update([User.email.set("new@example.com")]),
        lambda user: user.update([User.email_verified.set(False)]),
    ],
    ids=["deleted", "changed", "unconfirmed"],
)
def test_an_account_that_loses_the_address_gets_no_more_orders(tea, ada, monkeypatch, lose_address):
    """Otherwise an order would belong to no account, and nothing would anonymize it."""
    for n in range(2):
        place_guest_order(tea, f"key-{n}")
    orders_of_address = repository.list_order_ids

    def lose_address_after_first(email):
        first, second = orders_of_address(email)
        yield first
        lose_address(ada)
        yield second

    monkeypatch.setattr(repository, "list_order_ids", lose_address_after_first)

    assert link() == NOTHING_FAILED

    assert sorted(order.guest_email or "" for order in Order.scan()) == ["", GUEST_EMAIL]


@pytest.mark.usefixtures("ada")
def test_a_concurrent_change_of_the_order_is_kept(tea, monkeypatch):
    order_id = place_guest_order(tea).body["id"]
    save = orders_stored.save_order

    def save_after_another_change(*args):
        monkeypatch.setattr(orders_stored, "save_order", save)
        add_note = partial(decisions.add_note, text="gift wrap", by="usr_staff")
        lifecycle.update_order(order_id, add_note)
        save(*args)

    monkeypatch.setattr(orders_stored, "save_order", save_after_another_change)

    assert link() == NOTHING_FAILED

    order = Order.get(order_id)
    assert (order.buyer_id, [note.text for note in order.notes]) == (ADA.user_id, ["gift wrap"])


@pytest.mark.usefixtures("ada")
def test_a_repeated_message_changes_nothing(tea):
    order_id = place_guest_order(tea).body["id"]
    link()
    before = Order.get(order_id).to_dynamodb_dict()

    assert link() == NOTHING_FAILED

    assert Order.get(order_id).to_dynamodb_dict() == before


@pytest.mark.usefixtures("ada")
def test_an_order_from_a_lagging_index_is_linked_once(tea, monkeypatch):
    order_id = place_guest_order(tea).body["id"]
    monkeypatch.setattr(repository, "list_order_ids", lambda _: iter([order_id] * 2))

    assert link() == NOTHING_FAILED

    assert Order.get(order_id).version == 2


@pytest.mark.usefixtures("ada")
def test_a_run_out_of_time_continues_with_the_next_delivery(tea):
    placed = {place_guest_order(tea, f"key-{n}").body["id"] for n in range(5)}

    first = link(context=Countdown(60_000, 30_000, 4_999).context())

    assert len(failed_ids(first)) == 1
    assert len(orders_of(ADA)) == 2
    assert link() == NOTHING_FAILED
    assert orders_of(ADA) == placed
    assert {order.version for order in Order.scan()} == {2}


@pytest.mark.usefixtures("ada")
def test_a_failed_run_continues_with_the_next_delivery(tea):
    placed = {place_guest_order(tea, f"key-{n}").body["id"] for n in range(3)}

    lost_write = inject_faults(connection().client, "TransactWriteItems", None, read_timeout())
    with lost_write, logs.captured() as lines:
        first = link()

    assert len(failed_ids(first)) == 1
    assert lines.saying("guest orders not linked")[0]["reason"] == "Unavailable"
    assert GUEST_EMAIL not in lines.text
    assert link() == NOTHING_FAILED
    assert orders_of(ADA) == placed


@pytest.mark.usefixtures("ada")
def test_orders_of_several_pages_are_all_linked(tea, monkeypatch):
    """A page of the index has 1 MB of keys: thousands of orders."""
    placed = {place_guest_order(tea, f"key-{n}").body["id"] for n in range(7)}
    query = Order.by_guest.query
    monkeypatch.setattr(Order.by_guest, "query", lambda email: query(email, page_size=2))

    assert link() == NOTHING_FAILED

    assert orders_of(ADA) == placed


@pytest.mark.usefixtures("ada")
def test_a_linked_order_is_anonymized_with_its_account(tea):
    placed = place_guest_order(tea).body
    link()
    User(ADA.user_id).delete()

    event = sample("orders.anonymize_orders")
    assert anonymize_orders.handler(event, CONTEXT) == NOTHING_FAILED

    stored = json.dumps(Order.get(placed["id"]).to_dynamodb_dict())
    assert "Lovelace" not in stored
    assert GUEST_EMAIL not in stored
    assert link() == NOTHING_FAILED
    address = get_guest_order(placed["id"], placed["order_token"]).body["shipping_address"]
    assert {key for key, value in address.items() if value} == {"country"}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not JSON",
        "{}",
        json.dumps({"detail": {}}),
        json.dumps({"detail": {"type": "user.email_verified", "data": {}}}),
        json.dumps({"detail": {"type": "user.deleted", "data": {"user_id": ADA.user_id}}}),
    ],
)
@pytest.mark.usefixtures("ada")
def test_an_invalid_message_fails_and_links_nothing(tea, body):
    place_guest_order(tea)
    event = sample("orders.link_guest_orders")
    event["Records"][0]["body"] = body

    answer = link_guest_orders.handler(event, CONTEXT)

    assert failed_ids(answer) == [event["Records"][0]["messageId"]]
    assert orders_of(ADA) == set()


@pytest.mark.usefixtures("ada")
def test_linking_orders_is_audited_without_the_address(tea):
    for n in range(2):
        place_guest_order(tea, f"key-{n}")

    with logs.captured() as lines:
        link()

    (line,) = lines.saying("audit")
    assert (line["action"], line["result"]) == ("link_guest_orders", "done")
    assert (line["user_id"], line["orders"]) == (ADA.user_id, "2")
    assert line["correlation_id"] == "JKJaXmPLvHcESHA="
    assert GUEST_EMAIL not in lines.text
