"""Rows of the outbox on their way to the bus: marks, sizes, and rows that can never go."""

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from notifications.publishing import CALL_BYTES_MAX, ENTRIES_MAX, PUT_ATTEMPTS
from notifications.workers.relay_events import EventsNotRelayed, handler
from shared import clock, retries
from shared.aws import client
from shared.events.accounts import UserRegistered
from shared.storage import outbox
from shared.storage.dynamo import BATCH_ATTEMPTS, connection
from shared.storage.models.outbox import OutboxRow
from shared.storage.transactions import Transaction
from tests.support import faults, logs, outbox_stream
from tests.support.http import CONTEXT
from tests.support.outbox_stream import (
    raw_rows,
    received_ids,
    relayed_ids,
    stage,
    store_row,
    streamed,
    to_record,
)

pytestmark = pytest.mark.usefixtures("aws")

ENVELOPE_BYTES = len("souk") + len("order.placed")


@pytest.fixture
def queue(aws) -> str:  # noqa: ARG001 (the bus must exist first)
    return outbox_stream.subscribe()


@pytest.fixture(autouse=True)
def pauses(monkeypatch) -> list[float]:
    """The waits before new attempts. They take no time."""
    waited: list[float] = []
    monkeypatch.setattr(retries, "pause", waited.append)
    return waited


def registered() -> UserRegistered:
    return UserRegistered(data={"user_id": "usr_ada", "access_epoch": 1})


def stage_some(count: int) -> list[OutboxRow]:
    return stage(*(registered() for _ in range(count)))


def detail(event_id: str, *, size: int = 0) -> str:
    """An event as JSON, filled up to this many bytes."""
    event = {"id": event_id, "type": "order.placed", "filler": ""}
    missing = size - len(json.dumps(event))
    return json.dumps(event | {"filler": "x" * max(missing, 0)})


def refused_reply(*codes: str | None) -> faults.Fault:
    """PutEvents succeeds, and refuses the entries with a code."""
    entries = [{"ErrorCode": code} if code else {"EventId": "x"} for code in codes]
    return faults.success_reply({"FailedEntryCount": len(codes), "Entries": entries})


# Marks


def test_a_relayed_row_is_marked_and_expires(queue, pauses):
    (row,) = stage_some(1)

    handler(streamed(row), CONTEXT)

    assert pauses == []
    marked = OutboxRow.get(row.event_id)
    assert marked.relayed_at is not None
    assert timedelta(days=6) < marked.expires_at - clock.utc_now() < timedelta(days=8)
    assert received_ids(queue) == [row.event_id]


def test_a_batch_of_ten_takes_one_put_and_one_mark():
    rows = stage_some(10)

    with (
        faults.inject_faults(client("events"), "PutEvents") as puts,
        faults.inject_faults(connection().client, "BatchWriteItem") as marks,
    ):
        handler(streamed(*rows), CONTEXT)

    assert (len(puts), len(marks)) == (1, 1)
    assert len(relayed_ids()) == 10


def test_a_mark_keeps_attributes_of_a_later_release():
    (row,) = stage_some(1)
    event = streamed(row)
    image = event["Records"][0]["dynamodb"]["NewImage"]
    image["parts"] = {"L": [{"M": {"digest": {"B": "AP8="}, "all": {"BS": ["AP8="]}}}]}

    handler(event, CONTEXT)

    (stored,) = raw_rows().values()
    parts = {"digest": {"B": b"\x00\xff"}, "all": {"BS": [b"\x00\xff"]}}
    assert stored["parts"] == {"L": [{"M": parts}]}


def test_a_row_of_the_previous_release_is_relayed_and_marked(queue):
    """It expires seven days after the event, relayed or not."""
    (row,) = stage_some(1)
    row.expires_at = row.occurred_at + timedelta(days=7)
    row.save()

    handler(streamed(row), CONTEXT)

    assert received_ids(queue) == [row.event_id]
    assert relayed_ids() == {row.event_id}


@pytest.mark.parametrize(
    "fault",
    [
        faults.error_reply("ProvisionedThroughputExceededException"),
        faults.error_reply("AccessDeniedException"),
        faults.error_reply("ValidationException"),
        faults.read_timeout(),
    ],
    ids=["throttled", "denied", "invalid", "silent"],
)
def test_a_row_without_its_mark_is_not_relayed_again(queue, fault):
    rows = stage_some(2)

    with (
        logs.captured() as lines,
        faults.inject_faults(connection().client, "BatchWriteItem", fault),
    ):
        handler(streamed(*rows), CONTEXT)  # does not raise: Lambda goes on

    (line,) = lines.saying("relayed rows not marked")
    assert (line["level"], line["rows"]) == ("ERROR", 2)
    assert len(received_ids(queue)) == 2
    assert relayed_ids() == set()


def test_rows_that_dynamodb_does_not_take_are_logged(queue):
    (row,) = stage_some(1)
    left = faults.success_reply(
        {"UnprocessedItems": {"souk-outbox": [{"PutRequest": {"Item": row.to_dynamodb_dict()}}]}}
    )

    with faults.inject_faults(
        connection().client, "BatchWriteItem", *[left] * BATCH_ATTEMPTS
    ) as calls:
        handler(streamed(row), CONTEXT)

    assert len(calls) == BATCH_ATTEMPTS
    assert (received_ids(queue), relayed_ids()) == ([row.event_id], set())


def test_a_refused_batch_marks_the_rows_that_went_out():
    first, second = stage_some(2)
    again = [refused_reply("ThrottlingException")] * (PUT_ATTEMPTS - 1)
    answers = [refused_reply(None, "ThrottlingException"), *again]

    throttled = faults.inject_faults(client("events"), "PutEvents", *answers)
    with throttled, pytest.raises(EventsNotRelayed, match="1 of 2"):
        handler(streamed(first, second), CONTEXT)

    assert relayed_ids() == {first.event_id}


def test_a_row_with_a_refused_event_is_not_marked():
    transaction = Transaction()
    outbox.stage_events(transaction, [registered(), registered()])
    transaction.commit()
    (row,) = OutboxRow.scan()

    answers = refused_reply(None, "MalformedDetail")
    with faults.inject_faults(client("events"), "PutEvents", answers):
        handler(streamed(row), CONTEXT)

    assert relayed_ids() == set()


def test_a_bus_that_does_not_answer_marks_nothing():
    rows = stage_some(2)

    silent = faults.inject_faults(client("events"), "PutEvents", faults.read_timeout())
    with silent, pytest.raises(ReadTimeoutError):
        handler(streamed(*rows), CONTEXT)

    assert relayed_ids() == set()


# Sizes


def put_sizes(calls: faults.Calls) -> list[tuple[int, int]]:
    """The entries of each call, and their bytes as AWS counts them."""
    requests = [json.loads(params["body"])["Entries"] for params in calls.sent]
    return [(len(entries), sum(map(entry_size, entries))) for entries in requests]


def entry_size(entry: dict[str, str]) -> int:
    names = ("Source", "DetailType", "Detail")
    time = 14 if "Time" in entry else 0
    return time + sum(len(entry[name].encode()) for name in names)


@pytest.mark.parametrize(
    ("count", "size", "calls"),
    [
        (10, 1_000, [10]),
        (11, 1_000, [10, 1]),
        (10, 40_000, [6, 4]),
        (10, 100_000, [2] * 5),
        (10, 200_000, [1] * 10),
        (3, CALL_BYTES_MAX - ENVELOPE_BYTES, [1] * 3),
    ],
)
def test_a_call_has_ten_entries_and_256_kb_at_most(queue, count, size, calls):
    rows = [store_row(f"evt_{n}", detail(f"evt_{n}", size=size)) for n in range(count)]

    with faults.inject_faults(client("events"), "PutEvents") as puts:
        handler(streamed(*rows), CONTEXT)

    assert [entries for entries, _ in put_sizes(puts)] == calls
    assert all(total < 256 * 1024 for _, total in put_sizes(puts))
    assert sorted(received_ids(queue)) == sorted(row.event_id for row in rows)
    assert len(relayed_ids()) == count


def test_bytes_are_counted_and_not_characters(queue):
    text = "茶" * 50_000  # 150,000 bytes
    payload = json.dumps({"id": "evt", "text": text}, ensure_ascii=False)
    rows = [store_row(f"evt_{n}", payload) for n in range(2)]

    with faults.inject_faults(client("events"), "PutEvents") as puts:
        handler(streamed(*rows), CONTEXT)

    assert [entries for entries, _ in put_sizes(puts)] == [1, 1]
    assert len(received_ids(queue)) == 2


def test_large_events_of_one_row_go_in_several_calls(queue):
    events = [json.loads(detail(f"evt_{n}", size=90_000)) for n in range(4)]
    row = store_row("evt_0", json.dumps(events))

    with faults.inject_faults(client("events"), "PutEvents") as puts:
        handler(streamed(row), CONTEXT)

    assert [entries for entries, _ in put_sizes(puts)] == [2, 2]
    assert len(received_ids(queue)) == 4
    assert relayed_ids() == {"evt_0"}


# Rows that can never go

UNPUBLISHABLE = {
    "cut off": "{",
    "empty": "",
    "no JSON": "order",
    "a number": "5",
    "null": "null",
    "a text": '"event"',
    "a list of texts": '["event"]',
    "an event without a type": '[{"id": "evt_0"}]',
    "an event with a number as type": '[{"id": "evt_0", "type": 5}]',
    "nested too deeply": "[" * 100_000,
    "too large": detail("evt_poison", size=CALL_BYTES_MAX - ENVELOPE_BYTES + 1),
    "too large in a list": f"[{detail('evt_poison', size=300_000)}]",
}


@pytest.mark.parametrize("payload", UNPUBLISHABLE.values(), ids=UNPUBLISHABLE.keys())
def test_a_row_that_can_never_go_stops_no_other(queue, payload):
    poison = store_row("evt_poison", payload)
    before, after = stage_some(2)

    with logs.captured() as lines:
        handler(streamed(before, poison, after), CONTEXT)

    (line,) = lines.saying("event set aside")
    assert (line["level"], line["event_id"]) == ("ERROR", "evt_poison")
    assert received_ids(queue) == [before.event_id, after.event_id]
    assert relayed_ids() == {before.event_id, after.event_id}
    assert raw_rows()["evt_poison"]["payload"] == {"S": payload}


@pytest.mark.parametrize("missing", ["type", "payload"])
def test_a_row_without_an_attribute_is_set_aside(queue, missing):
    poison, good = stage_some(2)
    event = streamed(poison, good)
    del event["Records"][0]["dynamodb"]["NewImage"][missing]

    with logs.captured() as lines:
        handler(event, CONTEXT)

    assert [line["event_id"] for line in lines.saying("event set aside")] == [poison.event_id]
    assert received_ids(queue) == [good.event_id]


def test_a_record_without_its_row_is_set_aside(queue):
    poison, good = stage_some(2)
    event = streamed(poison, good)
    del event["Records"][0]["dynamodb"]["NewImage"]

    with logs.captured() as lines:
        handler(event, CONTEXT)

    assert [line["event_id"] for line in lines.saying("event set aside")] == [poison.event_id]
    assert received_ids(queue) == [good.event_id]


@pytest.mark.parametrize(
    "code",
    [
        "InvalidArgument",
        "MalformedDetail",
        "NotAuthorizedForDetailTypeException",
        "RedactionFailure",
    ],
)
def test_an_entry_refused_for_good_stops_no_other(code):
    poison, good = stage_some(2)

    refused = faults.inject_faults(client("events"), "PutEvents", refused_reply(code, None))
    with refused as puts, logs.captured() as lines:
        handler(streamed(poison, good), CONTEXT)

    assert len(puts) == 1
    (line,) = lines.saying("event set aside")
    assert (line["event_id"], line["reason"]) == (poison.event_id, code)
    assert relayed_ids() == {good.event_id}


@pytest.mark.parametrize(
    "code",
    [
        "ThrottlingException",
        "InternalFailure",
        "InternalException",
        "ServiceUnavailable",
        "AccessDeniedException",  # of the role or the bus: an operator mends it for all events
        "NotAuthorizedForSourceException",
        "CodeThatNobodyKnows",
    ],
)
def test_what_may_succeed_later_comes_again(code):
    rows = stage_some(1)

    refused = [refused_reply(code)] * PUT_ATTEMPTS
    with (
        faults.inject_faults(client("events"), "PutEvents", *refused) as puts,
        logs.captured() as lines,
        pytest.raises(EventsNotRelayed),
    ):
        handler(streamed(*rows), CONTEXT)

    assert len(puts) == PUT_ATTEMPTS
    assert lines.saying("event set aside") == []
    assert relayed_ids() == set()


def test_the_entry_that_spoils_a_whole_call_is_found(queue):
    rows = stage_some(ENTRIES_MAX)
    poison = rows[3].event_id

    def refuse_call_with_poison(params: dict[str, Any], **_: Any) -> faults.Fault:
        return (
            faults.error_reply("ValidationException") if poison.encode() in params["body"] else None
        )

    events, name = client("events").meta.events, "before-call.eventbridge.PutEvents"
    events.register(name, refuse_call_with_poison)
    try:
        with logs.captured() as lines:
            handler(streamed(*rows), CONTEXT)
    finally:
        events.unregister(name, refuse_call_with_poison)

    others = [row.event_id for row in rows if row.event_id != poison]
    assert [line["event_id"] for line in lines.saying("event set aside")] == [poison]
    assert sorted(received_ids(queue)) == sorted(others)
    assert relayed_ids() == set(others)


def test_refused_for_good_and_refused_for_now_are_told_apart():
    poison, good, throttled = stage_some(3)
    again = [refused_reply("ThrottlingException")] * (PUT_ATTEMPTS - 1)
    first = refused_reply("MalformedDetail", None, "ThrottlingException")

    with (
        faults.inject_faults(client("events"), "PutEvents", first, *again) as puts,
        logs.captured() as lines,
        pytest.raises(EventsNotRelayed, match="1 of 2"),
    ):
        handler({"Records": [to_record(row) for row in (poison, good, throttled)]}, CONTEXT)

    assert [entries for entries, _ in put_sizes(puts)] == [3, 1, 1]
    assert [line["event_id"] for line in lines.saying("event set aside")] == [poison.event_id]
    assert relayed_ids() == {good.event_id}
