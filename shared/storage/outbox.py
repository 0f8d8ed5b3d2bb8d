"""The transactional outbox: the transaction that changes state also stores the event.

So both are written or neither is. The table's stream carries the event to the bus
(`notifications.workers.relay_events`).
"""

from collections.abc import Sequence
from datetime import timedelta

from shared.events.all_events import AnyEvent
from shared.storage.models.outbox import OutboxRow
from shared.storage.transactions import Transaction

SEVERAL = "several"  # the type of a row whose payload is a list of events
RETENTION = timedelta(days=7)  # an operator can publish the events of a week again


def stage_event(transaction: Transaction, event: AnyEvent) -> None:
    """Add the event's row to the transaction."""
    transaction.put(_row(event, event.type, event.model_dump_json()))


def stage_events(transaction: Transaction, events: Sequence[AnyEvent]) -> None:
    """Add all events as one row, which is one of the 100 actions of a transaction."""
    if len(events) > 1:
        payload = f"[{','.join(event.model_dump_json() for event in events)}]"
        transaction.put(_row(events[0], SEVERAL, payload))
    elif events:
        stage_event(transaction, events[0])


def _row(first: AnyEvent, type_: str, payload: str) -> OutboxRow:
    return OutboxRow(
        event_id=first.id,
        type=type_,
        payload=payload,
        occurred_at=first.occurred_at,
        correlation_id=first.correlation_id,
        expires_at=first.occurred_at + RETENTION,
    )
