"""The way of an event, as template.yaml deploys it: outbox, stream, relay, bus, queues, workers.

The functions are the real ones. Streams, bus and queues are simulated under a virtual clock, with
the limits that the template gives them.
"""

import json
import os
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from shared.storage.models.orders import Order
from tests.histories import deployed, tables
from tests.histories.aws_calls import AwsCalls, Call, Reply, written_items
from tests.histories.bus import Bus
from tests.histories.sqs_queues import Queue
from tests.histories.streams import StreamMapping
from tests.histories.virtual_time import VirtualTime
from tests.support.http import CONTEXT, sample

SCHEDULE_STEP = timedelta(minutes=30)  # schedules of a minute run this often: a drill takes days
MAILER = "MailFunction"
AWS_NAMES = ("AlarmTopic",)  # targets of rules that are no queue
QUEUE_NAMES = {os.environ["HELD_MAIL_QUEUE"]: "HeldMailQueue"}  # those that functions send to


class Chain:
    def __init__(self, time: VirtualTime, calls: AwsCalls) -> None:
        self.time = time
        self.dead_letters: defaultdict[str, list[str]] = defaultdict(list)  # bodies, by queue
        self.staged: dict[str, dict[str, Any]] = {}  # every event that any outbox row had, by id
        self.delivering: list[dict[str, Any]] = []  # the events that the mailer had last
        self.statuses_before: dict[str, str] = {}  # by order, when it got them
        self.failing: dict[str, Callable[[], None]] = {}  # what an invocation does first
        self.invocations: dict[str, int] = defaultdict(int)  # by function
        self.running: list[str] = []  # the functions that are being invoked
        self.is_reordered = False  # each link hands on the latest first
        self.announced: list[dict[str, Any]] = []  # to staff, by the alarm topic
        self.bus = Bus(self._deliver, lambda name, body: self.dead_letters[name].append(body))
        self.streams: dict[str, StreamMapping] = {}
        self.queues: dict[str, Queue] = {}
        self.accepts_events: Callable[[], bool] = lambda: True  # whether PutEvents works
        self._tables = {tables.table_name(name): name for name in deployed.tables_with_streams()}
        self._asynchronous: list[tuple[datetime, int, str, dict[str, Any]]] = []
        self._sequence = 0
        for source in deployed.event_sources():
            self._connect(source)
        calls.around_write.append(self._watch_write)
        calls.answer.append(self._answer_put_events)
        calls.answer.append(self._answer_send_message)

    def _connect(self, source: deployed.EventSource) -> None:
        def invoke(event: dict[str, Any]) -> Any:
            return self.invoke(source.function, event)

        if source.source in deployed.tables_with_streams():
            letters = deployed.dead_letters_of(source.properties)
            self.streams[source.source] = StreamMapping(
                source,
                invoke,
                lambda message: self.dead_letters[letters].append(json.dumps(message)),
            )
            return
        properties = deployed.queues()[source.source]
        letters = deployed.dead_letters_of(properties)
        self.queues[source.source] = Queue(
            source.source, source, invoke, self.dead_letters[letters].append, properties
        )

    # What comes in

    def _watch_write(self, call: Call) -> Callable[[], None]:
        keys = [(table, key) for table, key in written_items(call) if table in self._tables]
        before = [tables.image(table, key) for table, key in keys]

        def record_changes() -> None:
            for (table, key), old in zip(keys, before, strict=True):
                new = tables.image(table, key)
                if new != old:
                    self._record_change(table, key, old, new)

        return record_changes

    def _record_change(self, table: str, key: Any, old: Any, new: Any) -> None:
        self._sequence += 1
        name = self._tables[table]
        if name == "OutboxTable" and old is None:
            payload = json.loads(new["payload"]["S"])
            events = payload if isinstance(payload, list) else [payload]
            self.staged |= {event["id"]: event for event in events}
        if name not in self.streams:
            return
        record = sample("notifications.relay_events")["Records"][0]
        record["eventID"] = f"change-{self._sequence}"
        record["eventName"] = "INSERT" if old is None else "MODIFY" if new else "REMOVE"
        record["dynamodb"] |= {
            "ApproximateCreationDateTime": int(self.time.now.timestamp()),
            "Keys": {attribute: key[attribute] for attribute in tables.key_names(table)},
            "SequenceNumber": f"{self._sequence:021}",
        }
        record["dynamodb"].pop("NewImage")
        if new is not None:
            record["dynamodb"]["NewImage"] = new
        self.streams[name].add(record, self.time.now)

    def _answer_put_events(self, call: Call) -> Reply | None:
        if call.operation != "PutEvents":
            return None
        if not self.accepts_events():
            return 503, {}, json.dumps({"__type": "InternalException", "message": "injected"})
        entries = call.body["Entries"]
        self.bus.put_events(entries, self.time.now)
        accepted = [{"EventId": str(number)} for number, _ in enumerate(entries)]
        return 200, {}, json.dumps({"FailedEntryCount": 0, "Entries": accepted})

    def _answer_send_message(self, call: Call) -> Reply | None:
        name = call.body.get("QueueUrl", "").rpartition("/")[2]
        if call.operation != "SendMessage" or name not in QUEUE_NAMES:
            return None
        queue = self.queues[QUEUE_NAMES[name]]
        queue.send(call.body["MessageBody"], self.time.now, call.body["DelaySeconds"])
        return 200, {}, json.dumps({"MessageId": "msg", "MD5OfMessageBody": "-"})

    def _deliver(self, target: str, body: str, now: datetime) -> None:
        if target in AWS_NAMES:
            self.announced.append(json.loads(body)["detail"])
        else:
            self.queues[target].send(body, now)

    # What goes on

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """Invoke a function as Lambda does. The inbox learns which events the mailer has."""
        self.invocations[function] += 1
        if function in self.failing:
            self.failing[function]()
        if function == MAILER:
            self.delivering = [json.loads(record["body"])["detail"] for record in event["Records"]]
            self.statuses_before = {
                order.order_id: order.status for order in tables.peek_all(Order)
            }
        self.running.append(function)
        try:
            return deployed.handler_of(function)(event, CONTEXT)
        finally:
            self.running.remove(function)

    def invoke_later(self, function: str, event: dict[str, Any]) -> None:
        """As S3 invokes a function: asynchronously."""
        self._asynchronous.append((self.time.now, 0, function, event))

    @property
    def due(self) -> datetime | None:
        parts = [*self.streams.values(), self.bus, *self.queues.values()]
        times = [part.due for part in parts] + [at for at, *_ in self._asynchronous]
        return min((moment for moment in times if moment is not None), default=None)

    def run(self) -> None:
        """Do everything that is due now, and what becomes due by that."""
        while self.due is not None and self.due <= self.time.now:
            for part in (*self.streams.values(), self.bus, *self.queues.values()):
                if self.is_reordered:
                    part.reorder()
                part.run(self.time.now)
            self._run_asynchronous()

    def run_schedules(self) -> None:
        """A run that fails is no loss: the next one repeats its work."""
        for function in deployed.scheduled_functions():
            with suppress(Exception):  # Lambda reports whatever was raised, and forgets the run
                self.invoke(function, sample("orders.expire_orders"))

    def advance(self, duration: timedelta) -> None:
        """Let time pass; do what is due at each moment of it."""
        end = self.time.now + duration
        next_schedule = self.time.now
        while True:
            self.run()
            if self.time.now >= next_schedule:
                self.run_schedules()
                next_schedule = self.time.now + SCHEDULE_STEP
                self.run()
            if self.time.now >= end:
                return
            times = [end, next_schedule, *([self.due] if self.due else [])]
            self.time.now = max(self.time.now + timedelta(milliseconds=1), min(times))

    def drain(self, longest: timedelta = timedelta(days=1)) -> None:
        """Let time pass until nothing is under way."""
        end = self.time.now + longest
        self.run()
        while self.due is not None and self.time.now < end:
            self.time.now = max(self.time.now + timedelta(milliseconds=1), self.due)
            self.run()

    @property
    def is_idle(self) -> bool:
        return self.due is None

    def _run_asynchronous(self) -> None:
        waiting, self._asynchronous = self._asynchronous, []
        for at, attempt, function, event in waiting:
            if at > self.time.now:
                self._asynchronous.append((at, attempt, function, event))
                continue
            try:
                self.invoke(function, event)
            except Exception:  # noqa: BLE001 (Lambda retries whatever was raised)
                self._retry_asynchronous(attempt + 1, function, event)

    def _retry_asynchronous(self, attempt: int, function: str, event: dict[str, Any]) -> None:
        config = deployed.invoke_config_of(function)
        if attempt > config["MaximumRetryAttempts"]:
            letters = deployed.dead_letters_of(config)
            self.dead_letters[letters].append(json.dumps({"requestPayload": event}))
            return
        at = self.time.now + timedelta(minutes=attempt)  # Lambda waits one minute, then two
        self._asynchronous.append((at, attempt, function, event))
