"""Domain events: those that the code under test has published, and those that a worker receives."""

import json
from typing import Any

from pydantic import BaseModel

from shared.events.all_events import AnyEvent, parse_event
from shared.storage.models.outbox import OutboxRow
from tests.support.http import sample


def published_events() -> list[AnyEvent]:
    """Every event in the outbox."""
    return [event for row in OutboxRow.scan() for event in events_in_row(row)]


def events_in_row(row: OutboxRow) -> list[AnyEvent]:
    """A row of the outbox holds one event or a list of events."""
    payload = json.loads(row.payload)
    return [parse_event(event) for event in (payload if isinstance(payload, list) else [payload])]


def published_event_types() -> list[str]:
    """The types of all events in the outbox, oldest row first."""
    rows = sorted(OutboxRow.scan(), key=lambda row: row.occurred_at)
    return [event.type for row in rows for event in events_in_row(row)]


def sorted_event_types() -> list[str]:
    """The types of all events in the outbox, in alphabetical order."""
    return sorted(event.type for event in published_events())


def queue_event(sample_name: str, *events: Any) -> dict[str, Any]:
    """The sample event of a queue, with one message for each domain event or JSON value."""
    invocation = sample(sample_name)
    record = invocation["Records"][0]
    envelope = json.loads(record["body"])
    details = [
        event.model_dump(mode="json") if isinstance(event, BaseModel) else event for event in events
    ]
    invocation["Records"] = [
        record
        | {"messageId": f"message-{number}", "body": json.dumps(envelope | {"detail": detail})}
        for number, detail in enumerate(details)
    ]
    return invocation
