"""The transactional outbox: the transaction that changes state also stores the event.

So both are written or neither is. The table's stream carries the event to the bus
(`notifications.workers.relay_events`). A row is marked once the bus has accepted its events, and
only a marked row expires: an operator can publish every other row, however old it is.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from shared import clock
from shared.events.base import DomainEvent
from shared.storage.dynamo import batch_put
from shared.storage.models.outbox import OutboxRow
from shared.storage.transactions import Transaction

SEVERAL = "several"  # the type of a row whose payload is a list of events
RETENTION = timedelta(days=7)  # of a relayed row: longer than a queue keeps its message

RawRow = Mapping[str, Any]  # a row's attributes with DynamoDB's types


def stage_event(transaction: Transaction, event: DomainEvent) -> None:
    """Add the event's row to the transaction."""
    transaction.put(_row(event, event.type, event.model_dump_json()))


def stage_events(transaction: Transaction, events: Sequence[DomainEvent]) -> None:
    """Add all events as one row, which is one of the 100 actions of a transaction."""
    if len(events) > 1:
        payload = f"[{','.join(event.model_dump_json() for event in events)}]"
        transaction.put(_row(events[0], SEVERAL, payload))
    elif events:
        stage_event(transaction, events[0])


def mark_relayed(rows: Sequence[RawRow]) -> None:
    """Mark these rows as relayed, and let them expire. One call for each 25 rows.

    Puts whole rows, so that one call can write many: each row must have all its attributes. Nobody
    else changes a row, and attributes that this code does not know stay.
    Raises Unavailable when DynamoDB leaves rows unmarked.
    """
    now = clock.utc_now()
    mark = {
        "relayed_at": {"S": OutboxRow.relayed_at.serialize(now)},
        "expires_at": {"N": OutboxRow.expires_at.serialize(now + RETENTION)},
    }
    by_id = {row["event_id"]["S"]: {**row, **mark} for row in rows}  # a call names a row once
    batch_put(OutboxRow, list(by_id.values()))


def _row(first: DomainEvent, type_: str, payload: str) -> OutboxRow:
    return OutboxRow(
        event_id=first.id,
        type=type_,
        payload=payload,
        occurred_at=first.occurred_at,
        correlation_id=first.correlation_id,
    )
