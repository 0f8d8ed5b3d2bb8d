"""Whole slice: a guest's orders become those of the account that confirms their address."""

import json
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
def ada(aws):  # noqa: ARG001 (it has to be there first)
    return shop.user(ADA.user_id, email=GUEST_EMAIL, email_verified=True)


def about(user_id: str, event_type: str = "user.email_verified") -> dict:
    """The queue's message that this user's address is theirs."""
    event = sample("orders.link_guest_orders")
    (record,) = event["Records"]
    body = json.loads(record["body"])
    body["detail"] |= {"type": event_type, "data": {"user_id": user_id}}
    record["body"] = json.dumps(body)
    return event


def claim(user_id: str = ADA.user_id, context=CONTEXT, **how) -> dict:
    return link_guest_orders.handler(about(user_id, **how), context)


def failed(answer: dict) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def orders_of(caller: Caller) -> set[str]:
    page = send(handler, "orders.list", caller=caller, query={"limit": "50"}).body
    return {order["id"] for order in page["items"]}


class Countdown:
    """A context in which each look at the clock finds so much less time left."""

    def __init__(self, *milliseconds: int) -> None:
        self.left = list(milliseconds)

    def context(self):
        rest = {"get_remaining_time_in_millis": lambda: self.left.pop(0)}
        return SimpleNamespace(**vars(CONTEXT) | rest)


@pytest.mark.parametrize("event_type", ["user.email_verified", "user.email_changed"])
@pytest.mark.usefixtures("ada")
def test_who_has_confirmed_the_address_finds_its_orders_among_their_own(tea, event_type):
    placed = {place_guest_order(tea, f"key-{n}").body["id"] for n in range(3)}
    assert orders_of(ADA) == set()

    answer = claim(event_type=event_type)

    assert answer == NOTHING_FAILED
    assert orders_of(ADA) == placed
    assert {order.guest_email for order in Order.scan()} == {None}
    assert list(Order.by_guest.query(GUEST_EMAIL)) == []


@pytest.mark.usefixtures("ada")
def test_all_else_of_the_order_stays_as_it_was_and_nothing_is_told(tea):
    order_id = place_guest_order(tea).body["id"]
    before, told = Order.get(order_id).to_dynamodb_dict(), OutboxRow.count()

    claim()

    after = Order.get(order_id).to_dynamodb_dict()
    changed = {key for key in before if before[key] != after.get(key)}
    assert changed == {"buyer_id", "guest_email", "version"}
    assert OutboxRow.count() == told


@pytest.mark.usefixtures("ada")
def test_the_link_in_an_earlier_mail_goes_on_working(tea):
    placed = place_guest_order(tea).body

    claim()

    answer = get_guest_order(placed["id"], placed["order_token"])
    assert (answer.status, answer.body["id"]) == (200, placed["id"])


@pytest.mark.usefixtures("ada")
def test_a_replay_of_the_guest_s_request_still_finds_the_order(tea):
    first = place_guest_order(tea)

    claim()

    again = place_guest_order(tea)
    assert (again.status, again.body["id"]) == (201, first.body["id"])
    assert Order.count() == 1


@pytest.mark.usefixtures("ada")
def test_what_the_guest_did_is_shown_as_the_owner_s(tea):
    order_id = place_guest_order(tea).body["id"]

    claim()

    shown = send(handler, "orders.get", path={"order_id": order_id}).body
    assert [step["by"] for step in shown["history"]] == [ADA.user_id]


@pytest.mark.usefixtures("ada")
def test_other_addresses_and_other_users_orders_stay_whose_they_are(tea):
    other = place_guest_order(tea, email="bob@example.com").body["id"]
    body = {"lines": [shop.line(tea)], "shipping_address": shop.ADDRESS}
    own = send(handler, "orders.place", body=body).body["id"]

    claim()

    assert orders_of(ADA) == {own}
    assert Order.get(other).guest_email == "bob@example.com"


def test_an_address_that_is_not_confirmed_claims_nothing(tea):
    shop.user(ADA.user_id, email=GUEST_EMAIL)
    place_guest_order(tea)

    assert claim() == NOTHING_FAILED

    assert orders_of(ADA) == set()


def test_an_account_that_is_gone_claims_nothing(tea):
    order_id = place_guest_order(tea).body["id"]

    assert claim() == NOTHING_FAILED

    assert Order.get(order_id).guest_email == GUEST_EMAIL


def test_only_the_address_that_the_account_has_now_counts(tea):
    """The message may be late: the account has moved on, and so may the address have."""
    order_id = place_guest_order(tea).body["id"]
    shop.user(ADA.user_id, email="new@example.com", previous_email=GUEST_EMAIL, email_verified=True)

    assert claim() == NOTHING_FAILED

    assert Order.get(order_id).guest_email == GUEST_EMAIL


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda user: user.delete(),
        lambda user: user.update([User.email.set("new@example.com")]),
        lambda user: user.update([User.email_verified.set(False)]),
    ],
    ids=["deleted", "moved", "unconfirmed"],
)
def test_an_account_that_loses_the_address_meanwhile_gets_no_more_orders(
    tea, ada, monkeypatch, meanwhile
):
    """Else an order would go to nobody, after its erasure had passed."""
    for n in range(2):
        place_guest_order(tea, f"key-{n}")
    found = repository.orders_of

    def found_one_by_one(email):
        first, second = found(email)
        yield first
        meanwhile(ada)
        yield second

    monkeypatch.setattr(repository, "orders_of", found_one_by_one)

    assert claim() == NOTHING_FAILED

    assert sorted(order.guest_email or "" for order in Order.scan()) == ["", GUEST_EMAIL]


@pytest.mark.usefixtures("ada")
def test_an_order_that_changes_at_the_same_moment_is_both_changed_and_claimed(tea, monkeypatch):
    order_id = place_guest_order(tea).body["id"]
    save = orders_stored.save

    def overtaken_once(*args):
        monkeypatch.setattr(orders_stored, "save", save)
        lifecycle.update_order(order_id, lambda it: decisions.note(it, "gift wrap", by="usr_staff"))
        save(*args)

    monkeypatch.setattr(orders_stored, "save", overtaken_once)

    assert claim() == NOTHING_FAILED

    order = Order.get(order_id)
    assert (order.buyer_id, [note.text for note in order.notes]) == (ADA.user_id, ["gift wrap"])


@pytest.mark.usefixtures("ada")
def test_a_message_that_comes_again_changes_nothing(tea):
    order_id = place_guest_order(tea).body["id"]
    claim()
    once = Order.get(order_id).to_dynamodb_dict()

    assert claim() == NOTHING_FAILED

    assert Order.get(order_id).to_dynamodb_dict() == once


@pytest.mark.usefixtures("ada")
def test_what_an_index_that_lags_still_shows_is_claimed_once(tea, monkeypatch):
    order_id = place_guest_order(tea).body["id"]
    monkeypatch.setattr(repository, "orders_of", lambda _: iter([order_id] * 2))

    assert claim() == NOTHING_FAILED

    assert Order.get(order_id).version == 2


@pytest.mark.usefixtures("ada")
def test_a_run_whose_time_is_up_goes_on_when_the_message_comes_again(tea):
    placed = {place_guest_order(tea, f"key-{n}").body["id"] for n in range(5)}

    first = claim(context=Countdown(60_000, 30_000, 4_999).context())

    assert len(failed(first)) == 1
    assert len(orders_of(ADA)) == 2
    assert claim() == NOTHING_FAILED
    assert orders_of(ADA) == placed
    assert {order.version for order in Order.scan()} == {2}


@pytest.mark.usefixtures("ada")
def test_a_run_that_fails_on_the_way_goes_on_when_the_message_comes_again(tea):
    placed = {place_guest_order(tea, f"key-{n}").body["id"] for n in range(3)}

    lost = inject_faults(connection().client, "TransactWriteItems", None, read_timeout())
    with lost, logs.captured() as lines:
        first = claim()

    assert len(failed(first)) == 1
    assert lines.saying("not claimed")[0]["reason"] == "Unavailable"
    assert GUEST_EMAIL not in lines.text
    assert claim() == NOTHING_FAILED
    assert orders_of(ADA) == placed


@pytest.mark.usefixtures("ada")
def test_more_orders_than_one_page_are_all_claimed(tea, monkeypatch):
    """A page of the index holds 1 MB of keys: some thousands."""
    placed = {place_guest_order(tea, f"key-{n}").body["id"] for n in range(7)}
    query = Order.by_guest.query
    monkeypatch.setattr(Order.by_guest, "query", lambda email: query(email, page_size=2))

    assert claim() == NOTHING_FAILED

    assert orders_of(ADA) == placed


@pytest.mark.usefixtures("ada")
def test_a_claimed_order_is_erased_with_its_owner_s_account(tea):
    placed = place_guest_order(tea).body
    claim()
    User(ADA.user_id).delete()

    event = sample("orders.anonymize_orders")
    assert anonymize_orders.handler(event, CONTEXT) == NOTHING_FAILED

    stored = json.dumps(Order.get(placed["id"]).to_dynamodb_dict())
    assert "Lovelace" not in stored
    assert GUEST_EMAIL not in stored
    assert claim() == NOTHING_FAILED
    seen = get_guest_order(placed["id"], placed["order_token"]).body["shipping_address"]
    assert {key for key, value in seen.items() if value} == {"country"}


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
def test_a_message_that_tells_of_no_address_fails_and_claims_nothing(tea, body):
    place_guest_order(tea)
    event = sample("orders.link_guest_orders")
    event["Records"][0]["body"] = body

    answer = link_guest_orders.handler(event, CONTEXT)

    assert failed(answer) == [event["Records"][0]["messageId"]]
    assert orders_of(ADA) == set()


@pytest.mark.usefixtures("ada")
def test_a_claim_is_audited_without_the_address(tea):
    for n in range(2):
        place_guest_order(tea, f"key-{n}")

    with logs.captured() as lines:
        claim()

    (line,) = lines.saying("audit")
    assert (line["action"], line["result"]) == ("claim_orders", "done")
    assert (line["user_id"], line["orders"]) == (ADA.user_id, "2")
    assert line["correlation_id"] == "JKJaXmPLvHcESHA="
    assert GUEST_EMAIL not in lines.text
