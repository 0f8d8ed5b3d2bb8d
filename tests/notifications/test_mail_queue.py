"""On moto's SQS and SES: refusals, quotas, poison and short time, from the queue to the inbox."""

import json
from collections import Counter
from functools import partial

import pytest

from notifications.workers.send_emails import handler
from shared.aws import client
from shared.errors.base import Unavailable
from shared.storage.dynamo import connection
from tests.support import email_fixtures, faults, shop
from tests.support.email_fixtures import order_placed_detail, sent_emails
from tests.support.http import CONTEXT
from tests.support.mail_worker import context
from tests.support.sqs_queue import Queue

pytestmark = pytest.mark.usefixtures("aws")

handle = partial(handler, context=CONTEXT)


@pytest.fixture
def queue(aws) -> Queue:  # noqa: ARG001 (the tables must exist first)
    shop.user("usr_ada", email="ada@example.com", email_verified=True)
    return Queue("souk-mail", receives_max=5)


def order_event(number: int) -> dict:
    """The event of a stored order."""
    order_id = f"ord_{number}"
    email_fixtures.sample_order(
        order_id=order_id, status="paid", awaits=None, expires_at=None
    ).save()
    data = order_placed_detail()["data"] | {"order_id": order_id}
    return order_placed_detail() | {"id": f"evt_{number}", "data": data}


def mailed_orders() -> Counter:
    numbers = range(20)
    return Counter(
        number
        for message in sent_emails()
        for number in numbers
        if f"<strong>ord_{number}</strong>" in message.body
    )


def poll_until_empty(queue: Queue, handle=handle) -> int:
    """Return the number of deliveries."""
    deliveries = 0
    while received := queue.poll(handle):
        deliveries += received
        queue.let_time_pass()
    return deliveries


THROTTLES = ["TooManyRequestsException", "LimitExceededException", "ThrottlingException"]


@pytest.mark.parametrize("code", THROTTLES)
def test_a_throttled_mail_waits_longer_each_time(queue, code):
    queue.send(order_event(1))

    with (
        faults.inject_faults(client("sesv2"), "SendEmail", *[faults.error_reply(code)] * 4),
        faults.inject_faults(client("sqs"), "ChangeMessageVisibility") as changes,
    ):
        for _ in range(5):
            queue.poll(handle)
            sent = len(changes)
            queue.let_time_pass()
            del changes.sent[sent:]

    waits = [json.loads(call["body"])["VisibilityTimeout"] for call in changes.sent]
    assert waits == [60, 600, 6_000, 39_600]
    assert mailed_orders() == {1: 1}
    assert queue.dead_letters() == []


@pytest.mark.parametrize("code", ["MessageRejected", "AccountSuspendedException", "BadRequest"])
def test_a_permanent_refusal_ends_in_the_dead_letters(queue, code):
    queue.send(order_event(1))

    with (
        faults.inject_faults(
            client("sesv2"), "SendEmail", *[faults.error_reply(code)] * 99
        ) as mails,
        faults.inject_faults(client("sqs"), "ChangeMessageVisibility") as changes,
    ):
        for _ in range(9):
            queue.poll(handle)
            assert len(changes) == 0  # the queue's own six minutes count
            queue.let_time_pass()
            changes.sent.clear()

    assert len(mails) == 5
    assert len(queue.dead_letters()) == 1
    assert sent_emails() == []


def test_a_redrive_after_a_permanent_refusal_sends_the_mail(queue):
    queue.send(order_event(1))
    refused = faults.error_reply("SendingPausedException")
    with faults.inject_faults(client("sesv2"), "SendEmail", *[refused] * 99):
        poll_until_empty(queue)

    queue.redrive()
    poll_until_empty(queue)

    assert mailed_orders() == {1: 1}


def test_a_poison_message_keeps_no_other_from_being_sent(queue):
    for number in range(9):
        queue.send(order_event(number))
    poison = order_event(9)
    queue.send(poison | {"version": "of the future"})

    assert poll_until_empty(queue) == 9 + 5
    assert mailed_orders() == dict.fromkeys(range(9), 1)
    (dead,) = queue.dead_letters()
    assert json.loads(dead)["detail"]["id"] == "evt_9"

    queue.send(poison)  # the cause is fixed
    poll_until_empty(queue)
    assert mailed_orders() == dict.fromkeys(range(10), 1)


def test_work_stops_before_the_time_is_over_and_nothing_repeats(queue):
    """Each mail takes 3 s of 15; the batch stops when less than 8 s are left."""
    for number in range(10):
        queue.send(order_event(number))
    left = [15_000.0]

    def spend(**_: object) -> None:
        left[0] -= 3_000

    events = client("sesv2").meta.events
    events.register("after-call.sesv2.SendEmail", spend)
    try:
        for done in (3, 6, 9, 10):
            left[0] = 15_000
            queue.poll(partial(handler, context=context(lambda: left[0])))
            queue.let_time_pass()
            assert mailed_orders().total() == done
    finally:
        events.unregister("after-call.sesv2.SendEmail", spend)

    assert mailed_orders() == dict.fromkeys(range(10), 1)


def test_a_busy_database_makes_mails_wait_and_loses_none(queue):
    queue.send(order_event(1))

    with (
        faults.inject_faults(connection().client, "GetItem", *[Unavailable()] * 4),
        faults.inject_faults(client("sqs"), "ChangeMessageVisibility") as changes,
    ):
        queue.poll(handle)
        assert len(changes) == 1
    queue.let_time_pass()
    poll_until_empty(queue)

    assert mailed_orders() == {1: 1}


def test_an_event_from_two_rules_and_a_republish_is_mailed_once(queue):
    for _ in range(4):
        queue.send(order_event(1))
    poll_until_empty(queue)
    for _ in range(3):
        queue.send(order_event(1))
        poll_until_empty(queue)

    assert mailed_orders() == {1: 1}
