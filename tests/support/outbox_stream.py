"""The rows of the outbox, their records as Lambda hands them to the relay, and a subscriber."""

import json
from datetime import datetime
from typing import Any

from shared import clock
from shared.aws import client
from shared.events.all_events import AnyEvent
from shared.storage import outbox
from shared.storage.models.outbox import OutboxRow
from shared.storage.transactions import Transaction
from tests.support.http import sample

Record = dict[str, Any]


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
