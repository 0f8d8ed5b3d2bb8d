"""Relays events from the outbox's stream to the event bus.

The relay never drops an event: if the bus refuses one, the function raises, Lambda retries the
whole batch, and consumers drop repeats by event id. If retries keep failing, the event source
mapping bisects the batch until only the failing record goes to the relay's dead letters.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from shared import aws, freeze_gc, observability
from shared.config import RelaySettings, settings
from shared.retries import retry

SOURCE = "souk"
ENTRIES_MAX = 10  # EventBridge's limit on one PutEvents
PUT_ATTEMPTS = 3  # before Lambda retries the whole batch
BACKOFF_OFFSET = 2  # pauses of up to 0.2 s and 0.4 s

_bus_name = settings(RelaySettings).event_bus_name
freeze_gc()


class EventsNotRelayed(Exception):
    """The bus refused some events. Lambda retries the batch with all of them."""


def handler(event: dict[str, Any], context: Any) -> None:
    """Raises EventsNotRelayed unless the bus accepted every event of the batch."""
    observability.set_log_context(context.aws_request_id)
    entries = [
        entry for record in event["Records"] for entry in _entries(record["dynamodb"]["NewImage"])
    ]
    refused = entries

    def put_refused() -> None:
        nonlocal refused
        refused = _put(refused)
        if refused:
            raise EventsNotRelayed

    with suppress(EventsNotRelayed):
        retry(
            put_refused,
            on=(EventsNotRelayed,),
            attempts=PUT_ATTEMPTS,
            backoff_offset=BACKOFF_OFFSET,
        )
    observability.logger.info("relayed", events=len(entries) - len(refused), refused=len(refused))
    if refused:
        raise EventsNotRelayed(f"{len(refused)} of {len(entries)} events")


def _put(entries: list[dict[str, str]]) -> list[dict[str, str]]:
    """Put the entries on the bus and return those that it refused: PutEvents itself succeeds."""
    refused = []
    for start in range(0, len(entries), ENTRIES_MAX):
        batch = entries[start : start + ENTRIES_MAX]
        answer = aws.client("events").put_events(Entries=batch)
        if answer["FailedEntryCount"]:
            results = zip(batch, answer["Entries"], strict=True)
            refused += [entry for entry, result in results if "ErrorCode" in result]
    return refused


def _entries(row: dict[str, dict[str, str]]) -> Iterator[dict[str, str]]:
    detail_type, payload = row["type"]["S"], row["payload"]["S"]
    if not payload.startswith("["):  # `outbox.stage_events` writes a list
        yield _entry(detail_type, payload)
        return
    for detail in json.loads(payload):
        yield _entry(detail["type"], json.dumps(detail))


def _entry(detail_type: str, detail: str) -> dict[str, str]:
    return {
        "EventBusName": _bus_name,
        "Source": SOURCE,
        "DetailType": detail_type,
        "Detail": detail,
    }
