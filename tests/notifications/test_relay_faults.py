"""Faults of the stream and the bus: repeats, failures in the middle, poison rows, refused entries.

Each test stages rows, reads them as Lambda reads a stream, and compares what subscribers got and
what the mail worker sent once everything is quiet.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from notifications.publishing import PUT_ATTEMPTS
from notifications.workers import send_emails
from notifications.workers.relay_events import handler
from shared import clock, retries
from shared.aws import client
from shared.events.orders import OrderPlaced
from shared.storage.models.outbox import OutboxRow
from tests.histories import deployed
from tests.histories.streams import StreamMapping
from tests.support import email_fixtures, faults, logs, outbox_stream, shop
from tests.support.email_fixtures import sent_emails
from tests.support.http import CONTEXT
from tests.support.outbox_stream import (
    received,
    received_ids,
    relayed_ids,
    stage,
    store_row,
    streamed,
    to_record,
)

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def queue(aws) -> str:  # noqa: ARG001 (the bus must exist first)
    return outbox_stream.subscribe()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(retries, "pause", lambda _: None)


class RelayStream:
    """The outbox's stream and its mapping, with the limits of the template."""

    def __init__(self) -> None:
        (source,) = [
            source for source in deployed.event_sources() if source.function == "RelayFunction"
        ]
        self.began = self.now = clock.utc_now()
        self.calls: list[list[str]] = []  # the event ids of each batch
        self.outage = timedelta()  # during which the bus does not answer
        self._mapping = StreamMapping(source, self._call_relay, lambda _: None)

    @property
    def elapsed(self) -> timedelta:
        return self.now - self.began

    def read(self, rows: Iterable[OutboxRow]) -> None:
        """Until the stream has no record any more, whatever became of them."""
        for row in rows:
            self._mapping.add(to_record(row), self.now)
        while (due := self._mapping.due) is not None:
            self.now = max(due, self.now)
            self._mapping.run(self.now)

    def _call_relay(self, event: dict[str, Any]) -> Any:
        keys = [record["dynamodb"]["Keys"] for record in event["Records"]]
        self.calls.append([key["event_id"]["S"] for key in keys])
        is_down = self.elapsed < self.outage
        fault = [faults.error_reply("ServiceUnavailable", status=503)] if is_down else []
        with faults.inject_faults(client("events"), "PutEvents", *fault):
            return handler(event, CONTEXT)


def stage_orders(count: int) -> list[OutboxRow]:
    """Stored orders, each with the row of its event."""
    placed = []
    for n in range(count):
        order = email_fixtures.sample_order(order_id=f"ord_{n}", buyer_id="usr_ada")
        order.save()
        detail = email_fixtures.order_placed_detail()
        data = detail["data"] | {"order_id": order.order_id}
        placed.append(OrderPlaced.model_validate(detail | {"id": f"evt_{n}", "data": data}))
    return stage(*placed)


def ids_of(rows: list[OutboxRow]) -> list[str]:
    return [row.event_id for row in rows]


@dataclass
class RefusingBus:
    """The bus refuses these events with a code for a number of calls, and takes the others.

    A request goes on without the refused entries, and the answer has them again.
    """

    code: str
    event_ids: set[str]
    calls_left: float = float("inf")
    put: list[list[str]] = field(default_factory=list)  # the event ids of each call
    _refused: list[bool] = field(default_factory=list)  # of the call that is under way

    def withhold(self, params: dict[str, Any], **_: Any) -> None:
        ids = [json.loads(entry["Detail"])["id"] for entry in params["Entries"]]
        self.put.append(ids)
        self._refused = [event_id in self.event_ids and self.calls_left > 0 for event_id in ids]
        self.calls_left -= any(self._refused)
        entries = zip(params["Entries"], self._refused, strict=True)
        taken = [entry for entry, is_refused in entries if not is_refused]
        # A call needs an entry. Nobody subscribes to this one.
        params["Entries"] = taken or [params["Entries"][0] | {"Source": "nobody"}]

    def add_refusals(self, parsed: dict[str, Any], **_: Any) -> None:
        taken, refusal = iter(parsed["Entries"]), {"ErrorCode": self.code}
        parsed["Entries"] = [refusal if is_refused else next(taken) for is_refused in self._refused]
        parsed["FailedEntryCount"] = sum(self._refused)


@contextmanager
def refusing(code: str, *event_ids: str, calls: float = float("inf")) -> Iterator[RefusingBus]:
    bus, events = RefusingBus(code, set(event_ids), calls), client("events").meta.events
    hooks = {
        "provide-client-params.eventbridge.PutEvents": bus.withhold,
        "after-call.eventbridge.PutEvents": bus.add_refusals,
    }
    for name, hook in hooks.items():
        events.register(name, hook)
    try:
        yield bus
    finally:
        for name, hook in hooks.items():
            events.unregister(name, hook)


# A record is delivered twice


def test_a_batch_that_is_read_twice_sends_each_mail_once(queue):
    shop.user("usr_ada", email="ada@example.com")
    rows = stage_orders(3)

    for _ in range(2):
        handler(streamed(*rows), CONTEXT)

    details = [message["detail"] for message in received(queue)]
    assert Counter(detail["id"] for detail in details) == Counter(ids_of(rows) * 2)
    for detail in details:  # the worker of the mail queue drops the repeats
        answer = send_emails.handler(email_fixtures.mail_queue_event(detail), CONTEXT)
        assert answer == {"batchItemFailures": []}
    assert len(sent_emails()) == 3


# A batch fails in the middle


@pytest.mark.parametrize("failing", [0, 5, 9])
def test_a_batch_that_fails_in_the_middle_loses_no_event(queue, failing):
    rows, stream = stage_orders(12), RelayStream()

    with refusing("ThrottlingException", rows[failing].event_id, calls=2 * PUT_ATTEMPTS):
        stream.read(rows)

    assert set(received_ids(queue)) == set(ids_of(rows))
    assert relayed_ids() == set(ids_of(rows))
    assert stream.calls[0] == ids_of(rows[:10])
    assert len(stream.calls[1]) == 5  # Lambda halves a batch that failed


def test_a_bus_that_fails_for_23_hours_loses_no_event(queue):
    rows, stream = stage_orders(25), RelayStream()
    stream.outage = timedelta(hours=23)

    stream.read(rows)

    assert timedelta(hours=23) <= stream.elapsed < timedelta(hours=24)
    assert sorted(received_ids(queue)) == sorted(ids_of(rows))
    assert relayed_ids() == set(ids_of(rows))


def test_what_the_stream_forgets_stays_in_the_outbox(queue):
    rows, stream = stage_orders(12), RelayStream()
    stream.outage = timedelta(hours=30)

    stream.read(rows)

    assert stream.elapsed >= timedelta(hours=24)
    assert (received_ids(queue), relayed_ids()) == ([], set())
    assert [row.expires_at for row in OutboxRow.scan()] == [None] * 12


# A poison record


@pytest.mark.parametrize("position", [0, 9])
@pytest.mark.parametrize("poison", ["{", "5", json.dumps({"id": "x" * 300_000})])
def test_a_poison_row_is_set_aside_at_once(queue, position, poison):
    rows, stream = stage_orders(24), RelayStream()
    rows.insert(position, store_row("evt_poison", poison))

    with logs.captured() as lines:
        stream.read(rows)

    (line,) = lines.saying("event set aside")  # an alarm counts these lines
    assert line["event_id"] == "evt_poison"
    assert stream.elapsed == timedelta()  # no retry: later rows do not wait
    assert len(stream.calls) == 3
    others = set(ids_of(rows)) - {"evt_poison"}
    assert set(received_ids(queue)) == others
    assert relayed_ids() == others


def test_an_entry_that_the_bus_never_takes_stops_no_other(queue):
    rows, stream = stage_orders(24), RelayStream()

    with refusing("MalformedDetail", rows[3].event_id), logs.captured() as lines:
        stream.read(rows)

    assert [line["event_id"] for line in lines.saying("event set aside")] == [rows[3].event_id]
    assert stream.elapsed == timedelta()
    assert relayed_ids() == set(received_ids(queue)) == set(ids_of(rows)) - {rows[3].event_id}


def test_rows_behind_an_unknown_fault_are_not_lost(queue):
    """The fault may end, so the relay waits. The stream forgets a record that is a day old."""
    rows, stream = stage_orders(24), RelayStream()

    with refusing("CodeThatNobodyKnows", rows[5].event_id):
        stream.read(rows)

    relayed = relayed_ids()
    assert relayed == set(received_ids(queue))  # each row is with the subscribers or unmarked
    assert set(ids_of(rows[:5])) <= relayed < set(ids_of(rows)) - {rows[5].event_id}
    unmarked = [row for row in OutboxRow.scan() if row.relayed_at is None]
    assert [row.expires_at for row in unmarked] == [None] * (24 - len(relayed))


# The bus refuses some entries of a call


def test_only_refused_entries_are_put_again(queue):
    rows = stage_orders(10)
    refused = [rows[2].event_id, rows[7].event_id]

    with refusing("ThrottlingException", *refused, calls=PUT_ATTEMPTS - 1) as bus:
        handler(streamed(*rows), CONTEXT)

    assert bus.put == [ids_of(rows), *[refused] * (PUT_ATTEMPTS - 1)]
    assert sorted(received_ids(queue)) == sorted(ids_of(rows))
    assert relayed_ids() == set(ids_of(rows))
