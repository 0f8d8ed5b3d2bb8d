"""The transactional outbox: an event is stored by the very transaction that makes it true.

The table's stream carries it to the bus (`notifications.workers.relay_events`): a change and its event are
written together or not at all.
"""

from collections.abc import Sequence
from datetime import timedelta

from shared.events.all_events import AnyEvent
from shared.storage.models.outbox import OutboxRow
from shared.storage.transactions import Transaction

SEVERAL = "several"  # the type of a row whose payload is a list of events
KEPT = timedelta(days=7)  # long enough to send a lost week again by hand


def stage_event(transaction: Transaction, event: AnyEvent) -> None:
    """Put the event's row into the caller's transaction."""
    transaction.put(_row(event, event.type, event.model_dump_json()))


def stage_events(transaction: Transaction, happened: Sequence[AnyEvent]) -> None:
    """Many events in one row: one action of the 100 that a transaction may have."""
    if len(happened) > 1:
        payload = f"[{','.join(event.model_dump_json() for event in happened)}]"
        transaction.put(_row(happened[0], SEVERAL, payload))
    elif happened:
        stage_event(transaction, happened[0])


def _row(first: AnyEvent, type_: str, payload: str) -> OutboxRow:
    return OutboxRow(
        event_id=first.id,
        type=type_,
        payload=payload,
        occurred_at=first.occurred_at,
        correlation_id=first.correlation_id,
        expires_at=first.occurred_at + KEPT,
    )
