"""On moto: nobody can fill a mailbox that its owner has not confirmed, and no mail is lost."""

import json
import threading
from collections import Counter
from datetime import timedelta

import pytest

from notifications import mail_limits, repository
from orders.lifecycle import decisions
from orders.lifecycle.service import update_order
from shared import clock
from shared.aws import client
from shared.storage.dynamo import connection
from shared.storage.models.mails import Mailbox, MailRecord
from shared.storage.models.orders import Order, OrderStep
from tests.attacks.mail_floods import GOOGLE_VARIANTS, OTHERS, VARIANTS, VICTIM
from tests.support import email_fixtures, faults, shop
from tests.support.email_fixtures import ABOUT_ACCOUNTS, build_event, sent_emails
from tests.support.events import published_events
from tests.support.fake_clock import FakeClock
from tests.support.held_mails import HeldMails, held_mails
from tests.support.logs import captured
from tests.support.mail_claims import false_claims
from tests.support.mail_worker import (
    addresses,
    deliver,
    deliver_until_stopped,
    ses_does,
    stopped_at,
)
from tests.support.order_requests import cancel_guest_order, place_guest_order

LIMIT = 4  # of UnconfirmedMailsPerHour
MAILED = {"order.placed", "order.paid", "order.shipped", "order.cancelled", "order.refunded"}


@pytest.fixture(autouse=True)
def time(monkeypatch, aws) -> FakeClock:  # noqa: ARG001 (the tables must exist first)
    ahead = FakeClock()
    monkeypatch.setattr(clock, "utc_now", ahead)
    return ahead


@pytest.fixture
def queue(time):
    with held_mails(time) as held:
        yield held


def text_of(mail) -> str:
    return " ".join(mail.body.split())


def told(*order_ids: str) -> Counter:
    """How many mails name each order."""
    return Counter(
        order_id
        for mail in sent_emails()
        for order_id in order_ids
        if f"<strong>{order_id}</strong>" in mail.body
    )


def guest_event(number: int, event_type: str = "order.placed", *, email=VICTIM, **changes):
    """The event of a stored order of a guest."""
    order_id = f"ord_{number}"
    of_guest = {"buyer_id": "gst_one", "guest_email": email}
    email_fixtures.sample_order(order_id=order_id, **of_guest, **changes).save()
    event = build_event(event_type, order_id=order_id)
    return event.model_copy(update={"id": f"evt_{number}"})


def place_and_cancel(tea, number: int, email: str) -> str:
    placed = place_guest_order(tea, f"key-{number}", email=email)
    assert placed.status == 201
    order_id = placed.body["id"]
    assert cancel_guest_order(order_id, placed.body["order_token"]).status == 200
    return order_id


def deliver_new(queue: HeldMails, seen: set[str]) -> None:
    """As the relay does."""
    events = [event for event in published_events() if event.type in MAILED]
    new = [event for event in events if event.id not in seen]
    seen |= {event.id for event in new}
    queue.deliver(*sorted(new, key=lambda event: event.occurred_at))


def stored_mailboxes() -> list[Mailbox]:
    return [mailbox for mailbox in Mailbox.scan() if mailbox.id.startswith("mbx_")]


def mailbox_ids() -> set[str]:
    return {mailbox.id for mailbox in stored_mailboxes()}


# The attack


@pytest.mark.parametrize("variants", [(VICTIM,), VARIANTS, GOOGLE_VARIANTS])
def test_six_cancelled_guest_orders_are_four_mails_an_hour(queue, variants):
    tea, seen, order_ids = shop.product("TEA", available=100), set(), []
    for number in range(6):
        placed = place_guest_order(tea, f"key-{number}", email=variants[number % len(variants)])
        deliver_new(queue, seen)
        order_ids.append(placed.body["id"])
        assert cancel_guest_order(order_ids[-1], placed.body["order_token"]).status == 200
        deliver_new(queue, seen)
    queue.advance(minutes=59)
    assert len(sent_emails()) == LIMIT

    queue.drain()

    assert queue.most_in_an_hour() <= LIMIT
    assert queue.dead == []
    cancelled = {
        order_id
        for order_id in order_ids
        for mail in sent_emails()
        if f"our order <strong>{order_id}</strong> is cancelled" in text_of(mail)
    }
    assert cancelled == set(order_ids)  # no fact is lost


def test_a_flood_ends_in_few_joined_mails(queue, monkeypatch):
    monkeypatch.setattr(repository, "HELD_MAX", 4)
    numbers = range(14)

    queue.deliver(*(guest_event(number) for number in numbers))
    queue.drain()

    assert len(sent_emails()) <= 2 * LIMIT + 1
    assert queue.most_in_an_hour() <= LIMIT
    order_ids = [f"ord_{number}" for number in numbers]
    assert told(*order_ids) == dict.fromkeys(order_ids, 1)
    assert queue.longest_delay == 900  # SQS allows no more


def test_a_mail_tells_as_many_events_as_can_be_held(queue):
    fill_and_hold(queue, held=repository.HELD_MAX + 2)

    queue.deliver(queue.waiting.pop().detail)

    (mail,) = sent_emails()[LIMIT:]
    assert mail.body.count("Thank you for your order") == repository.HELD_MAX + 1


def test_what_is_held_of_an_event_stays_short(queue):
    fill_and_hold(queue, held=1)

    (stored,) = stored_mailboxes()
    (text,) = stored.held
    assert json.loads(text)["data"] == {
        "order_id": f"ord_{LIMIT}",
        "buyer_id": "gst_of_before",
        "total": email_fixtures.EUROS,
        "lines": [],
    }


def test_an_event_that_two_releases_held_is_told_once(queue):
    """Each release holds it as its own text."""
    fill_and_hold(queue, held=2)
    (stored,) = stored_mailboxes()
    held = [json.loads(text) for text in stored.held]
    (other,) = [event for event in held if event["data"]["order_id"] == f"ord_{LIMIT}"]
    repository.keep_held_event(stored.id, json.dumps(other | {"by": "another release"}))

    queue.deliver(queue.waiting.pop().detail)

    (mail,) = sent_emails()[LIMIT:]
    assert mail.body.count("Thank you for your order") == 2


@pytest.mark.parametrize("event", ABOUT_ACCOUNTS, ids=lambda event: event.type)
def test_account_mails_to_an_unconfirmed_mailbox_are_spaced(queue, event):
    """Each of ten accounts names the victim in the attribute that the mail goes to."""
    for number in range(6):
        address = f"victim+{number}@example.com"
        names = dict.fromkeys(("email", "new_email", "previous_email"), address)
        shop.user(f"usr_{number}", second_factor=True, **names)
        changes = {"user_id": f"usr_{number}"}
        repeated = build_event(event.type, **changes).model_copy(update={"id": f"evt_{number}"})
        queue.deliver(repeated.model_copy(update={"occurred_at": clock.utc_now()}))
    queue.advance(minutes=59)

    assert len(sent_emails()) == LIMIT
    queue.drain()
    assert len(sent_emails()) == 6
    assert queue.most_in_an_hour() <= LIMIT


def test_a_confirmed_owner_is_not_flooded_by_takeover_attempts(queue):
    """Ten strangers ask to change their address to the owner's."""
    shop.user("usr_ada", email=VICTIM, email_verified=True)
    event = build_event("user.duplicate_registration_attempted")
    for number in range(10):
        queue.deliver(
            event.model_copy(update={"id": f"evt_{number}", "occurred_at": clock.utc_now()})
        )
    queue.advance(minutes=59)

    assert len(sent_emails()) == LIMIT


def test_a_guests_order_with_a_confirmed_address_is_counted(queue):
    """The order was linked to the account, and nobody knows who placed it."""
    shop.user("usr_ada", email=VICTIM, email_verified=True)
    placed = OrderStep(status="pending_payment", at=clock.utc_now(), by="gst_one")
    for number in range(8):
        order_id = f"ord_{number}"
        email_fixtures.sample_order(order_id=order_id, history=[placed]).save()
        event = build_event("order.placed", order_id=order_id)
        queue.deliver(event.model_copy(update={"id": f"evt_{number}"}))

    assert len(sent_emails()) == LIMIT


# Who is not held back


def test_a_confirmed_address_gets_each_mail_at_once(queue):
    shop.user("usr_ada", email=VICTIM, email_verified=True)
    for number in range(10):
        email_fixtures.sample_order(order_id=f"ord_{number}").save()
        event = build_event("order.placed", order_id=f"ord_{number}")
        queue.deliver(event.model_copy(update={"id": f"evt_{number}"}))

    assert len(sent_emails()) == 10
    assert stored_mailboxes() == []


def test_an_unconfirmed_account_is_held_back_like_a_guest(queue):
    shop.user("usr_ada", email=VICTIM)
    for number in range(10):
        email_fixtures.sample_order(order_id=f"ord_{number}").save()
        event = build_event("order.placed", order_id=f"ord_{number}")
        queue.deliver(event.model_copy(update={"id": f"evt_{number}"}))

    assert len(sent_emails()) == LIMIT


def test_other_mailboxes_keep_their_turns(queue):
    queue.deliver(*(guest_event(number) for number in range(6)))
    for number, email in enumerate(OTHERS, start=6):
        queue.deliver(guest_event(number, email=email))

    assert Counter(addresses()) == {VICTIM: LIMIT} | dict.fromkeys(OTHERS, 1)


def test_a_flood_of_orders_holds_back_no_account_mail(queue):
    queue.deliver(*(guest_event(number) for number in range(9)))
    shop.user("usr_ada", email=VICTIM)

    queue.deliver(build_event("user.password_reset_requested"))

    assert "password" in sent_emails()[-1].subject


# What a held mail says


def test_a_held_mail_is_true_when_it_is_sent(queue):
    for number in range(LIMIT):
        queue.deliver(guest_event(number))
    changed = guest_event(8)
    unchanged = guest_event(9)
    queue.deliver(changed, unchanged)
    update_order(
        "ord_8", lambda order: decisions.cancel(order, by="gst_one", is_staff=False, reason=None)
    )
    (cancelled,) = [event for event in published_events() if event.type == "order.cancelled"]
    queue.deliver(cancelled)

    queue.drain()

    (mail,) = sent_emails()[LIMIT:]
    assert mail.subject == "Your orders at Souk (ord_9, ord_8)"
    assert "Thank you for your order <strong>ord_9</strong>" in text_of(mail)
    assert "Your order <strong>ord_8</strong> is cancelled" in text_of(mail)
    assert "Thank you for your order <strong>ord_8</strong>" not in text_of(mail)
    order = Order.find("ord_8", consistent=True)
    part = text_of(mail).partition("ord_8")[2].partition("<p>")[0]
    assert false_claims(f"your order {part}", order, clock.utc_now()) == []
    assert mail.body.count("token=") == 4  # a button and the address as text, for each order


def test_a_joined_mail_escapes_what_it_tells(queue):
    shipped = build_event("order.shipped", order_id="ord_9", carrier=email_fixtures.MARKUP)
    queue.deliver(*(guest_event(number) for number in range(LIMIT + 1)))
    guest_event(9, status="shipped", awaits=None, expires_at=None)
    queue.deliver(shipped)

    queue.drain()

    (mail,) = sent_emails()[LIMIT:]
    page = email_fixtures.Page(mail.body)
    assert email_fixtures.MARKUP in page.text
    assert "img" not in page.tags
    assert page.opened == []


def test_no_address_gets_the_link_of_another_one(queue):
    """Both probably reach one mailbox, and nobody knows."""
    queue.deliver(*(guest_event(number) for number in range(LIMIT)))
    queue.deliver(guest_event(8), guest_event(9, email="victim+other@example.com"))

    queue.drain()

    mails = {mail.destinations["ToAddresses"][0]: mail.body for mail in sent_emails()[LIMIT:]}
    assert mails.keys() == {VICTIM, "victim+other@example.com"}
    assert "ord_9" not in mails[VICTIM]
    assert "ord_8" not in mails["victim+other@example.com"]


def test_an_outdated_request_is_given_up(queue, time):
    """Whoever still wants the link asks again. A flood of them would go on for days."""
    for number in range(LIMIT + 2):
        shop.user(f"usr_{number}", email=f"victim+{number}@example.com")
        event = build_event("user.registered", user_id=f"usr_{number}")
        now = clock.utc_now()
        queue.deliver(event.model_copy(update={"id": f"evt_{number}", "occurred_at": now}))
    (first, second), queue.waiting = queue.waiting, []
    time.advance(hours=22)
    queue.deliver(first.detail)
    time.advance(hours=1.5)
    for number in range(10, 10 + LIMIT):  # the flood goes on
        shop.user(f"usr_{number}", email=f"victim+{number}@example.com")
        event = build_event("user.registered", user_id=f"usr_{number}")
        queue.deliver(event.model_copy(update={"id": f"evt_{number}"}))
    time.advance(minutes=35)

    with captured() as lines:
        queue.deliver(second.detail)

    (line,) = lines.saying("mail given up")
    assert line["event_id"] == f"evt_{LIMIT + 1}"
    assert (len(sent_emails()), queue.waiting) == (LIMIT + 1 + LIMIT, [])


# Repeats and crashes


def test_a_repeated_delivery_takes_no_turn(queue):
    event = guest_event(1)

    queue.deliver(*[event] * 9, guest_event(2))
    queue.deliver(event, guest_event(3), guest_event(4))

    assert told("ord_1", "ord_2", "ord_3", "ord_4") == dict.fromkeys(
        ("ord_1", "ord_2", "ord_3", "ord_4"), 1
    )


def test_a_held_event_that_comes_twice_is_told_once(queue):
    queue.deliver(*(guest_event(number) for number in range(LIMIT)))
    late = guest_event(9)
    queue.deliver(late, late, late)

    queue.drain()

    assert told("ord_9") == {"ord_9": 1}


def test_a_refusal_gives_the_turn_back(queue):
    throttled = faults.error_reply("TooManyRequestsException", status=429)
    with faults.inject_faults(client("sesv2"), "SendEmail", *[throttled] * 9):
        for _ in range(9):
            deliver(guest_event(1).model_dump(mode="json"))

    queue.deliver(*(guest_event(number) for number in range(LIMIT)))

    assert len(sent_emails()) == LIMIT


def test_each_doubtful_try_takes_a_turn(queue):
    """Each may have sent a mail."""
    with ses_does("lost", "lost", "lost", "lost"):
        queue.deliver(guest_event(1), guest_event(2))
        queue.advance(minutes=7)
    queue.deliver(guest_event(3))

    assert len(sent_emails()) == LIMIT


def fill_and_hold(queue: HeldMails, held: int) -> None:
    """Use up the turns, hold so many events, and wait until there is a turn."""
    queue.deliver(*(guest_event(number) for number in range(LIMIT)))
    queue.deliver(*(guest_event(number) for number in range(LIMIT, LIMIT + held)))
    queue.time.advance(hours=2)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("call", range(1, 19))
def test_a_stop_at_any_call_of_a_joined_mail_loses_nothing(queue, call, before):
    fill_and_hold(queue, held=3)
    first = queue.waiting.pop(0)

    with stopped_at(call, before=before):
        deliver_until_stopped(first.detail)
    queue.calls.sent.clear()
    queue.waiting.append(first)  # its message was not deleted
    queue.drain()

    order_ids = [f"ord_{number}" for number in range(LIMIT, LIMIT + 3)]
    times = told(*order_ids)
    assert all(1 <= times[order_id] <= 2 for order_id in order_ids), times
    assert queue.dead == []


@pytest.mark.parametrize("call", range(1, 8))
@pytest.mark.parametrize("before", [True, False])
def test_a_stop_while_a_mail_is_held_loses_nothing(queue, call, before):
    queue.deliver(*(guest_event(number) for number in range(LIMIT)))
    event = guest_event(9).model_dump(mode="json")

    with stopped_at(call, before=before):
        deliver_until_stopped(event)
    queue.calls.sent.clear()
    queue.deliver(event)  # the message was not deleted
    queue.drain()

    assert told("ord_9") == {"ord_9": 1}


@pytest.mark.parametrize("outcome", ["lost", "killed", "silent"])
def test_a_joined_mail_in_doubt_is_told_twice_at_most(queue, outcome):
    fill_and_hold(queue, held=3)
    order_ids = [f"ord_{number}" for number in range(LIMIT, LIMIT + 3)]

    with ses_does(outcome, outcome, *["lost"] * 9), captured() as lines:
        for waiting in queue.waiting:
            deliver_until_stopped(waiting.detail)
        queue.time.advance(minutes=6)
        queue.drain()

    assert all(told(*order_ids)[order_id] <= 2 for order_id in order_ids)
    done = [record.outcome for record in MailRecord.scan() if record.id not in mailbox_ids()]
    assert done.count("unknown") == len(lines.saying("mail may have been sent"))
    assert done.count("unknown") == 3
    assert queue.waiting == []


def test_concurrent_mails_to_one_mailbox_keep_the_limit(queue):
    """Each takes a turn in the transaction that claims it."""
    events = [guest_event(number).model_dump(mode="json") for number in range(8)]
    barrier = threading.Barrier(8)

    def run(detail: dict) -> None:
        barrier.wait()
        deliver(detail)

    threads = [threading.Thread(target=run, args=(detail,)) for detail in events]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(sent_emails()) <= LIMIT
    queue.calls.sent.clear()
    queue.deliver(*events)
    queue.drain()
    assert told(*(f"ord_{number}" for number in range(8))).total() == 8


def test_a_mail_is_not_lost_when_the_queue_refuses_it(queue):
    queue.deliver(*(guest_event(number) for number in range(LIMIT)))
    event = guest_event(9).model_dump(mode="json")
    refused = faults.error_reply("ServiceUnavailable", status=503)

    with faults.inject_faults(client("sqs"), "SendMessage", refused):
        assert deliver(event) == ["message-0"]


def test_a_lost_reply_to_the_claim_takes_no_turn(queue):
    lost = iter([True])

    def lose_reply(**_: object) -> None:
        if next(lost, False):
            raise faults.read_timeout()

    events = connection().client.meta.events
    events.register("after-call.dynamodb.TransactWriteItems", lose_reply)
    try:
        assert deliver(guest_event(1).model_dump(mode="json")) == ["message-0"]
    finally:
        events.unregister("after-call.dynamodb.TransactWriteItems", lose_reply)
    queue.deliver(*(guest_event(number) for number in range(1, LIMIT + 1)))

    assert len(sent_emails()) == LIMIT


def test_what_is_stored_of_a_mailbox_names_nobody(queue):
    queue.deliver(*(guest_event(number) for number in range(LIMIT + 2)))

    (stored,) = stored_mailboxes()
    assert "victim" not in str(stored.attribute_values).lower()
    assert stored.expiration - clock.utc_now().timestamp() <= 7_200
    assert len(stored.held) == 2


def test_a_turn_is_free_an_hour_after_the_oldest_mail():
    now = clock.utc_now()
    at = [int((now - timedelta(minutes=minutes)).timestamp() * 1000) for minutes in (59, 30, 2, 1)]
    mailbox = Mailbox("att_one", sent_at=set(at))

    assert mail_limits.find_turn(mailbox, now, limit=5).earlier == frozenset(at)
    wait = mail_limits.find_turn(mailbox, now, limit=4)
    assert timedelta(seconds=119) <= wait <= timedelta(seconds=121)
    assert mail_limits.find_turn(mailbox, now, limit=2) - wait == timedelta(minutes=57)
