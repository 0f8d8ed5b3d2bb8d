"""Whole slice: a guest's new order goes to the account that has the address already."""

from itertools import permutations

import pytest

from orders.guests import repository
from orders.lifecycle.service import update_order
from orders.workers import anonymize_orders, link_guest_orders
from shared.events.accounts import EmailChanged, EmailVerified, UserData
from shared.events.orders import OrderPlaced
from shared.storage.models.accounts import Login, User
from shared.storage.models.orders import Order
from tests.support import logs, shop
from tests.support.events import published_events, queue_event
from tests.support.http import ADA, BOB, CONTEXT
from tests.support.order_requests import (
    GUEST_EMAIL,
    cancel_guest_order,
    get_guest_order,
    place_guest_order,
    place_order,
)
from tests.support.orders import mark_paid_manually

pytestmark = pytest.mark.usefixtures("aws")

SEQUENCES = list(permutations(["confirm", "user", "order", "index"]))


@pytest.fixture
def tea():
    return shop.product("TEA", available=100)


def open_account(user_id=ADA.user_id, *, email=GUEST_EMAIL, confirmed=True):
    shop.login(email, user_id=user_id, email_verified=confirmed).save()
    return shop.user(user_id, email=email, email_verified=confirmed)


def change_address(user: User, email: str) -> None:
    """Give the user another address, in both tables."""
    Login(user.email).delete()
    shop.login(email, user_id=user.user_id, email_verified=True).save()
    user.update([User.email.set(email)])


def placed_event() -> OrderPlaced:
    (event,) = [event for event in published_events() if isinstance(event, OrderPlaced)]
    return event


def handle(*events) -> bool:
    """Whether the worker has handled these messages; the queue redelivers the others."""
    answer = link_guest_orders.handler(queue_event("orders.link_guest_orders", *events), CONTEXT)
    return answer == {"batchItemFailures": []}


class LaggingIndex:
    """The index of guests' orders lists nothing until it is up to date."""

    def __init__(self, monkeypatch):
        self.is_current = False
        query = Order.by_guest.query
        monkeypatch.setattr(
            Order.by_guest,
            "query",
            lambda *args, **more: query(*args, **more) if self.is_current else iter(()),
        )


def test_a_new_order_goes_to_the_account_of_its_address(tea):
    open_account()
    order_id = place_guest_order(tea).body["id"]

    assert handle(placed_event())

    order = Order.get(order_id)
    assert (order.buyer_id, order.guest_email) == (ADA.user_id, None)
    assert User.get(ADA.user_id).order_count == 1


def test_a_repeated_message_links_and_counts_once(tea):
    open_account()
    order_id = place_guest_order(tea).body["id"]

    assert handle(placed_event(), placed_event())
    assert handle(placed_event())

    assert (Order.get(order_id).version, User.get(ADA.user_id).order_count) == (2, 1)


def test_the_order_is_linked_while_the_index_lags(tea, monkeypatch):
    LaggingIndex(monkeypatch)
    open_account()
    order_id = place_guest_order(tea).body["id"]

    assert handle(placed_event())

    assert Order.get(order_id).buyer_id == ADA.user_id


def test_an_unconfirmed_account_gets_no_new_order(tea):
    open_account(confirmed=False)
    order_id = place_guest_order(tea).body["id"]

    assert handle(placed_event())

    assert Order.get(order_id).guest_email == GUEST_EMAIL


def test_without_an_account_the_order_stays_a_guests(tea):
    order_id = place_guest_order(tea).body["id"]

    assert handle(placed_event())

    assert Order.get(order_id).guest_email == GUEST_EMAIL


def test_the_order_of_a_user_is_unchanged(tea):
    open_account(BOB.user_id)
    order_id = place_order(tea)
    before = Order.get(order_id).to_dynamodb_dict()

    assert handle(placed_event())

    assert Order.get(order_id).to_dynamodb_dict() == before


def test_an_order_that_is_not_readable_yet_is_tried_again(tea):
    open_account()
    place_guest_order(tea)
    event = placed_event()
    (order,) = Order.scan()
    order.delete()

    assert not handle(event)

    order.save()
    assert handle(event)
    assert Order.get(order.order_id).buyer_id == ADA.user_id


@pytest.mark.parametrize("event_type", [EmailVerified, EmailChanged])
@pytest.mark.parametrize("steps", SEQUENCES, ids=" ".join)
def test_in_any_sequence_a_confirmed_address_gets_the_order(tea, monkeypatch, steps, event_type):
    """The queue redelivers failed messages. A user's message comes after the confirmation."""
    index = LaggingIndex(monkeypatch)
    order_id = place_guest_order(tea).body["id"]
    messages = {
        "user": event_type(data=UserData(user_id=ADA.user_id)),
        "order": placed_event(),
    }
    waiting = set(messages)

    for step in steps:
        if step == "confirm":
            open_account()
        elif step == "index":
            index.is_current = True
        elif step == "order" or steps.index("confirm") < steps.index("user"):
            waiting -= {step} if handle(messages[step]) else set()
    for left in sorted(waiting, reverse=True):
        assert handle(messages[left])

    assert Order.get(order_id).buyer_id == ADA.user_id


def lose_address_before_link(monkeypatch, lose):
    """The account loses the address after the worker has found it and before it writes."""
    find = repository.find_owner

    def find_and_lose(email):
        monkeypatch.setattr(repository, "find_owner", find)
        owner = find(email)
        lose(owner)
        return owner

    monkeypatch.setattr(repository, "find_owner", find_and_lose)


def delete_account(user: User) -> None:
    Login(user.email).delete()
    user.delete()


def test_an_account_deleted_at_that_moment_gets_no_order(tea, monkeypatch):
    open_account()
    order_id = place_guest_order(tea).body["id"]
    lose_address_before_link(monkeypatch, delete_account)

    assert not handle(placed_event())
    assert handle(placed_event())

    assert Order.get(order_id).guest_email == GUEST_EMAIL
    assert User.find(ADA.user_id) is None


def test_an_address_that_moves_at_that_moment_takes_the_order(tea, monkeypatch):
    open_account()
    order_id = place_guest_order(tea).body["id"]

    def move_to_bob(ada):
        change_address(User.get(ada.user_id), "new@example.com")
        open_account(BOB.user_id)

    lose_address_before_link(monkeypatch, move_to_bob)

    assert not handle(placed_event())
    assert handle(placed_event())

    assert Order.get(order_id).buyer_id == BOB.user_id
    assert (User.get(ADA.user_id).order_count, User.get(BOB.user_id).order_count) == (0, 1)


def test_a_linked_new_order_is_anonymized_with_the_account(tea):
    open_account()
    order_id = place_guest_order(tea).body["id"]
    assert handle(placed_event())
    update_order(order_id, mark_paid_manually)
    User(ADA.user_id).delete()

    answer = anonymize_orders.handler(
        queue_event(
            "orders.anonymize_orders",
            {
                **placed_event().model_dump(mode="json"),
                "type": "user.deleted",
                "data": {"user_id": ADA.user_id, "order_count": 1},
            },
        ),
        CONTEXT,
    )

    assert answer == {"batchItemFailures": []}
    assert Order.get(order_id).awaits_anonymization


def test_the_guest_cannot_see_that_the_order_was_linked(tea):
    placed = place_guest_order(tea).body
    token = placed["order_token"]
    before = get_guest_order(placed["id"], token).body
    open_account()

    assert handle(placed_event())

    assert Order.get(placed["id"]).buyer_id == ADA.user_id
    assert get_guest_order(placed["id"], token).body == before
    assert place_guest_order(tea).body | {"order_token": token} == placed


def test_the_guest_cancels_a_linked_order_as_any_other(tea):
    other = place_guest_order(tea, "key-0", email="bob@example.com").body
    placed = place_guest_order(tea).body
    open_account()
    event = next(
        event
        for event in published_events()
        if isinstance(event, OrderPlaced) and event.data.order_id == placed["id"]
    )
    assert handle(event)

    linked = cancel_guest_order(placed["id"], placed["order_token"]).body
    plain = cancel_guest_order(other["id"], other["order_token"]).body

    assert (linked["status"], linked["version"]) == (plain["status"], plain["version"])
    assert {step["by"][:4] for step in linked["history"]} == {"gst_"}
    assert len({step["by"] for step in linked["history"]}) == 1


def test_linking_a_new_order_is_audited_without_the_address(tea):
    open_account()
    place_guest_order(tea)

    with logs.captured() as lines:
        handle(placed_event())

    (line,) = lines.saying("audit")
    assert (line["action"], line["user_id"]) == ("link_guest_order", ADA.user_id)
    assert GUEST_EMAIL not in lines.text
