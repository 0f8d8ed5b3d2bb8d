"""Outbox stream -> event bus.

A record that could not be put on the bus is never dropped: the function raises, the whole batch
comes again, and consumers drop the repeats by event id. What fails for good ends, after the
mapping has bisected its batch, in the relay's dead letters.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

from shared import aws, freeze_gc, observability
from shared.config import RelaySettings, settings

SOURCE = "souk"
ENTRIES_MAX = 10  # EventBridge's limit on one PutEvents
TRIES = 3  # at entries that were refused, before the whole batch comes again
PAUSE_SECONDS = 0.2

_bus_name = settings(RelaySettings).event_bus_name
freeze_gc()


class EventsNotRelayed(Exception):
    """Some entries were refused; they are all in the batch that comes again."""


def handler(event: dict[str, Any], context: Any) -> None:
    """Raises EventsNotRelayed when the bus did not take every event of the batch."""
    observability.set_log_context(context.aws_request_id)
    entries = [
        entry for record in event["Records"] for entry in _entries(record["dynamodb"]["NewImage"])
    ]
    refused = entries
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE_SECONDS)
        refused = _put(refused)
        if not refused:
            break
    observability.logger.info("relayed", events=len(entries) - len(refused), refused=len(refused))
    if refused:
        raise EventsNotRelayed(f"{len(refused)} of {len(entries)} events")


def _put(entries: list[dict[str, str]]) -> list[dict[str, str]]:
    """Those that the bus did not take: the call as a whole succeeds all the same."""
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
    if not payload.startswith("["):  # `outbox.stage_together` writes lists
        yield _entry(detail_type, payload)
        return
    for happened in json.loads(payload):
        yield _entry(happened["type"], json.dumps(happened))


def _entry(detail_type: str, detail: str) -> dict[str, str]:
    return {
        "EventBusName": _bus_name,
        "Source": SOURCE,
        "DetailType": detail_type,
        "Detail": detail,
    }
