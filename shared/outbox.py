"""The transactional outbox: an event is stored by the very transaction that makes it true.

The table's stream carries it to the bus (`notifications.relay`): a change and its event are
written together or not at all.
"""

from datetime import timedelta

from shared.events import AnyEvent
from shared.models import OutboxRow
from shared.transactions import Transaction

KEPT = timedelta(days=7)  # long enough to send a lost week again by hand


def stage(transaction: Transaction, event: AnyEvent) -> None:
    """Put the event's row into the caller's transaction."""
    row = OutboxRow(
        event_id=event.id,
        type=event.type,
        payload=event.model_dump_json(),
        occurred_at=event.occurred_at,
        correlation_id=event.correlation_id,
        expires_at=event.occurred_at + KEPT,
    )
    transaction.put(row)
