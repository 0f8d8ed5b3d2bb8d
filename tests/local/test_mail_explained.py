"""The real mail worker's lines are explained: a text that changes there fails here."""

from datetime import timedelta

import pytest

from local.activity.mail_status import MailStatus, explain_mail
from local.activity.records import events_of_row, line_from_log
from local.targets import TIME_FORMAT
from shared import clock
from shared.events.base import DomainEvent
from shared.storage.models.orders import Order
from tests.local.activity_stack import message
from tests.support import shop
from tests.support.email_fixtures import ada, build_event
from tests.support.events import published_events
from tests.support.fake_clock import FakeClock
from tests.support.held_mails import HeldMails, held_mails
from tests.support.logs import Lines, captured
from tests.support.mail_worker import deliver, ses_does
from tests.support.order_requests import cancel_guest_order, place_guest_order

LIMIT = 4  # of UnconfirmedMailsPerHour
NOW_MS = 1_800_000_000_000  # when the log received the lines


@pytest.fixture(autouse=True)
def time(monkeypatch, aws) -> FakeClock:  # noqa: ARG001 (the tables must exist first)
    ahead = FakeClock()
    monkeypatch.setattr(clock, "utc_now", ahead)
    return ahead


@pytest.fixture
def queue(time):
    with held_mails(time) as held:
        yield held


def explain(event: DomainEvent, lines: Lines, *messages, order_id: str | None = None) -> MailStatus:
    document = event.model_dump(mode="json")
    row = {"event_id": event.id, "type": event.type, "payload": event.model_dump_json()}
    row |= {"occurred_at": document["occurred_at"], "correlation_id": event.correlation_id}
    [shown] = events_of_row(row | {"relayed_at": clock.utc_now().strftime(TIME_FORMAT)})
    read = [
        line_from_log("MailFunction", {"message": text, "timestamp": NOW_MS})
        for text in lines.text.splitlines()
    ]
    order = Order.get(order_id).serialize() if order_id else None
    history = [
        {"status": step["M"]["status"]["S"], "at": step["M"]["at"]["S"]}
        for step in (order["history"]["L"] if order else ())
    ]
    return explain_mail(
        shown,
        mailed_types={event.type},
        lines=[line for line in read if line is not None],
        messages=messages,
        history=history,
    )


def place(number: int = 0) -> tuple[DomainEvent, str, str]:
    """The event of a guest's new order, its id and its token."""
    tea = shop.product(f"TEA-{number}", available=100)
    placed = place_guest_order(tea, f"key-{number}")
    events = [event for event in published_events() if event.type == "order.placed"]
    [event] = [event for event in events if event.data.order_id == placed.body["id"]]
    return event, placed.body["id"], placed.body["order_token"]


def test_a_mail_that_the_worker_sent_is_sent():
    event, *_ = place()
    with captured() as lines:
        assert deliver(event.model_dump(mode="json")) == []

    status = explain(event, lines)

    assert status.state == "sent"
    assert status.mail_id


def test_a_mail_of_a_cancelled_order_is_explained():
    event, order_id, token = place()
    assert cancel_guest_order(order_id, token).status == 200
    with captured() as lines:
        deliver(event.model_dump(mode="json"))

    status = explain(event, lines, order_id=order_id)

    assert status.state == "not sent"
    assert "cancelled" in status.reason


def test_a_link_that_nobody_needs_is_explained():
    ada(email_verified=True).save()
    event = build_event("user.verification_requested")
    with captured() as lines:
        deliver(event.model_dump(mode="json"))

    assert "account" in explain(event, lines).reason


def test_a_mail_that_ses_refuses_is_failing():
    event, *_ = place()
    with captured() as lines, ses_does("silent"):
        [message_id] = deliver(event.model_dump(mode="json"))

    status = explain(event, lines, message(id=message_id, event_id=event.id, receive_count=1))

    assert status.state == "failing"
    assert "once with ReadTimeoutError" in status.reason


def test_a_mail_in_doubt_is_explained():
    event, *_ = place()
    with captured() as lines, ses_does("silent", "silent"):
        for count in (1, 2):
            deliver(event.model_dump(mode="json"), receive_count=count)

    assert explain(event, lines).state == "in doubt"


def test_a_mail_over_the_hourly_limit_is_held_back(queue: HeldMails):
    with captured() as lines:
        for number in range(LIMIT + 1):
            event, *_ = place(number)
            queue.deliver(event)

    held = message(queue="HeldMailQueue", event_id=event.id)

    assert explain(event, lines, held).state == "held back"


def test_a_request_of_yesterday_is_given_up(queue: HeldMails, time: FakeClock):
    ada().save()
    events = [
        build_event("user.password_reset_requested").model_copy(update={"id": f"evt_{number}"})
        for number in range(LIMIT + 1)
    ]
    with captured() as lines:
        queue.deliver(*events)
        late = events[-1].model_copy(update={"occurred_at": time() - timedelta(days=2)})
        queue.deliver(late)

    assert "UnconfirmedMailsPerHour" in explain(late, lines).reason
