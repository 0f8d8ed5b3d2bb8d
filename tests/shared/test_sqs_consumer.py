"""On moto, with a real queue: what fails for a while waits longer each time; poison goes aside."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from shared import clock, sqs_consumer
from shared.aws import client
from shared.events.orders import ExportData, ExportRequested
from shared.sqs_consumer import RETRY_DELAYS, SETTLING_TIME, NotVisibleYet, consume
from tests.support.events import queue_event
from tests.support.faults import inject_faults, read_timeout
from tests.support.http import CONTEXT
from tests.support.logs import captured
from tests.support.sqs_queue import Queue

pytestmark = pytest.mark.usefixtures("aws")


class Busy(Exception):
    """Goes away by itself."""


def requested(number: int = 0, **changes: Any) -> ExportRequested:
    return ExportRequested(id=f"evt_{number}", data=ExportData(export_id="exp_one"), **changes)


def run(invocation: dict[str, Any], error: Exception | None) -> list[str]:
    def handle(*_: Any) -> None:
        if error:
            raise error

    answer = consume(
        invocation,
        CONTEXT,
        handle,
        failure_message="failed",
        is_transient=lambda error: isinstance(error, Busy),
    )
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_each_redelivery_of_a_passing_failure_waits_longer():
    queue = Queue("souk-export", receives_max=5)
    queue.send(requested())

    waits = []
    for _ in range(5):
        with inject_faults(client("sqs"), "ChangeMessageVisibility") as calls:
            assert len(run(queue.receive(), Busy())) == 1
        waits += [json.loads(call["body"])["VisibilityTimeout"] for call in calls.sent]
        queue.let_time_pass()

    assert waits == [60, 600, 6_000, 39_600]
    assert queue.receive()["Records"] == []  # after the fifth failure, it goes to the dead letters
    assert len(queue.dead_letters()) == 1


def test_sqs_allows_the_longest_wait():
    assert max(RETRY_DELAYS) + 60 < timedelta(hours=12).total_seconds()
    assert list(RETRY_DELAYS) == sorted(RETRY_DELAYS)


@pytest.mark.parametrize("error", [ValueError("poison"), None])
def test_nothing_else_changes_the_wait(error):
    queue = Queue("souk-export", receives_max=5)
    queue.send(requested())

    with inject_faults(client("sqs"), "ChangeMessageVisibility") as calls:
        run(queue.receive(), error)

    assert len(calls) == 0


def test_a_message_that_cannot_be_postponed_fails_as_usual():
    invocation = queue_event("notifications.send_emails", requested())

    with (
        inject_faults(client("sqs"), "ChangeMessageVisibility", read_timeout()),
        captured() as lines,
    ):
        assert run(invocation, Busy()) == ["message-0"]

    assert [line["reason"] for line in lines.saying("message not postponed")] == [
        "ReadTimeoutError"
    ]


@pytest.mark.parametrize("age", [timedelta(seconds=-5), timedelta(), timedelta(seconds=59)])
def test_a_young_event_does_not_prove_that_an_item_is_gone(age, monkeypatch):
    now = clock.utc_now()
    monkeypatch.setattr(clock, "utc_now", lambda: now)

    with pytest.raises(NotVisibleYet):
        sqs_consumer.require_settled(requested(occurred_at=now - age))


def test_an_event_that_is_a_minute_old_proves_it(monkeypatch):
    now = clock.utc_now()
    monkeypatch.setattr(clock, "utc_now", lambda: now)

    sqs_consumer.require_settled(requested(occurred_at=now - SETTLING_TIME))


@pytest.mark.parametrize("removed", [{"id"}, {"type"}, {"data"}])
def test_a_message_without_an_event_fails(removed):
    detail = requested().model_dump(mode="json")
    broken = {name: value for name, value in detail.items() if name not in removed}
    without_id = detail | {"id": None}

    for each in (broken, without_id):
        assert run(queue_event("notifications.send_emails", each), None) == ["message-0"]


@pytest.mark.parametrize("newer", [{"type": "export.archived"}, {"version": 2}])
def test_only_newer_code_takes_an_event_of_newer_code(newer):
    """It stays in the queue; what this code knows goes on, whatever new fields it has."""
    known = requested().model_dump(mode="json")
    with_new_fields = known | {"tenant": "one", "data": known["data"] | {"priority": 1}}
    invocation = queue_event("notifications.send_emails", known | newer, with_new_fields)

    assert run(invocation, None) == ["message-0"]


def test_the_last_words_of_a_function_are_its_progress():
    nearly_over = SimpleNamespace(get_remaining_time_in_millis=lambda: 999)
    delivery = sqs_consumer.Delivery(1, nearly_over, SQSRecord({}))  # type: ignore[arg-type]

    delivery.require_time(999, progress="done")
    with pytest.raises(sqs_consumer.OutOfTime, match="half"):
        delivery.require_time(1_000, progress="half")


def test_a_message_can_be_sent_later_to_another_queue():
    """SQS refuses a delay of more than 15 minutes."""
    queue = Queue("souk-tests", receives_max=5)
    later = Queue("souk-later", receives_max=5)
    queue.send(requested())

    with inject_faults(client("sqs"), "SendMessage") as calls:
        for seconds in (1, 900, 5_000):
            queue.poll(
                lambda batch, seconds=seconds: consume(
                    batch,
                    CONTEXT,
                    lambda _, delivery: fail_after(delivery.send_later("souk-later", seconds)),
                    failure_message="not done",
                )
            )
            queue.let_time_pass()

    sent = [json.loads(call["body"]) for call in calls.sent]
    assert [message["DelaySeconds"] for message in sent] == [1, 900, 900]
    assert {message["QueueUrl"] for message in sent} == {later.url}
    assert {json.loads(message["MessageBody"])["detail"]["id"] for message in sent} == {"evt_0"}


def fail_after(_: None) -> None:
    raise Busy
