"""The outbox's stream: its rows, the records that Lambda hands to the relay, and Lambda itself."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared import clock
from shared.aws import client
from shared.events.all_events import AnyEvent
from shared.storage import outbox
from shared.storage.models.outbox import OutboxRow
from shared.storage.transactions import Transaction
from tests.support.http import CONTEXT, sample

Record = dict[str, Any]
Handler = Callable[[dict[str, Any], Any], Any]


def stage(*events: AnyEvent) -> list[OutboxRow]:
    """Stages each event in a row of its own, as the shop does. Returns the rows."""
    for event in events:
        transaction = Transaction()
        outbox.stage_event(transaction, event)
        transaction.commit()
    return [OutboxRow.get(event.id) for event in events]


def store_row(event_id: str, payload: str, *, occurred_at: datetime | None = None) -> OutboxRow:
    """A row that the shop would not stage."""
    row = OutboxRow(
        event_id=event_id,
        type="order.placed",
        payload=payload,
        occurred_at=occurred_at or clock.utc_now(),
        correlation_id="test",
    )
    row.save()
    return row


def raw_rows() -> dict[str, dict[str, Any]]:
    """The rows as DynamoDB stores them, by event id."""
    pages = client("dynamodb").get_paginator("scan").paginate(TableName="souk-outbox")
    return {item["event_id"]["S"]: item for page in pages for item in page["Items"]}


def relayed_ids() -> set[str]:
    """The rows that are marked."""
    return {event_id for event_id, item in raw_rows().items() if "relayed_at" in item}


def to_record(row: OutboxRow) -> Record:
    (record,) = sample("notifications.relay_events")["Records"]
    keys, image = {"event_id": {"S": row.event_id}}, row.to_dynamodb_dict()
    change = record["dynamodb"] | {"Keys": keys, "NewImage": image}
    return {**record, "dynamodb": change | {"SequenceNumber": f"{row.event_id}"}}


def streamed(*rows: OutboxRow) -> dict[str, Any]:
    """One batch with a record for each row."""
    return {"Records": [to_record(row) for row in rows]}


def subscribe(*detail_types: str) -> str:
    """A queue that receives these events of the bus, or all of them."""
    name = f"subscriber-{'-'.join(detail_types).replace('.', '-')}"
    queue = str(client("sqs").create_queue(QueueName=name)["QueueUrl"])
    attributes = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    pattern = {"source": ["souk"]} | ({"detail-type": list(detail_types)} if detail_types else {})
    client("events").put_rule(Name=name, EventBusName="souk", EventPattern=json.dumps(pattern))
    client("events").put_targets(
        Rule=name,
        EventBusName="souk",
        Targets=[{"Id": "queue", "Arn": attributes["Attributes"]["QueueArn"]}],
    )
    return queue


def received(queue: str) -> list[dict[str, Any]]:
    """The messages that the queue has received since the last call."""
    sqs, messages = client("sqs"), []
    while found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        messages += [json.loads(message["Body"]) for message in found]
    return messages


def received_ids(queue: str) -> list[str]:
    return [message["detail"]["id"] for message in received(queue)]


@dataclass
class StreamReader:
    """Reads one shard as Lambda's event source mapping does, under a clock of its own.

    A batch that raises, or that names a failed record, is retried after a pause. An exception
    halves the batch, and the second half waits for the first. A record that is older than
    `record_age_seconds` goes to the dead letters. The next batch starts when this one is done.
    """

    handler: Handler
    record_age_seconds: int
    batch_size: int = 10
    retry_seconds: int = 60
    now: float = 0  # seconds since the records were written
    dead_letters: list[Record] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)  # the event ids of each batch

    def read(self, records: Iterable[Record]) -> None:
        waiting = list(records)
        for start in range(0, len(waiting), self.batch_size):
            self._deliver(waiting[start : start + self.batch_size])

    def _deliver(self, batch: Sequence[Record]) -> None:
        while batch:
            if self.now >= self.record_age_seconds:
                self.dead_letters += batch
                return
            try:
                batch = self._call(batch)
            except Exception:  # noqa: BLE001 (Lambda does not ask which)
                self.now += self.retry_seconds
                if len(batch) > 1:
                    middle = len(batch) // 2
                    self._deliver(batch[:middle])
                    batch = batch[middle:]
                continue
            if batch:
                self.now += self.retry_seconds

    def _call(self, batch: Sequence[Record]) -> Sequence[Record]:
        """The records that are left: from the first that the answer names."""
        self.calls.append([record["dynamodb"]["Keys"]["event_id"]["S"] for record in batch])
        answer = self.handler({"Records": list(batch)}, CONTEXT) or {}
        failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [])}
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        first = next((n for n, number in enumerate(numbers) if number in failed), len(batch))
        return batch[first:]
