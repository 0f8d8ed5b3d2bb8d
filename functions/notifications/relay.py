"""Outbox stream -> event bus.

A record that could not be put on the bus is never dropped: the function raises, the whole batch
comes again, and consumers drop the repeats by event id. What fails for good ends, after the
mapping has bisected its batch, in the relay's dead letters.
"""

import json
from collections.abc import Iterator
from typing import Any

from shared import aws, observability, started
from shared.config import RelaySettings, settings

SOURCE = "souk"
ENTRIES_MAX = 10  # EventBridge's limit on one PutEvents

_bus_name = settings(RelaySettings).event_bus_name
started()


class EventsNotRelayed(Exception):
    """Some entries were refused; they are all in the batch that comes again."""


def handler(event: dict[str, Any], context: Any) -> None:
    """Raises EventsNotRelayed when the bus did not take every event of the batch."""
    observability.correlate(context.aws_request_id)
    entries = [
        entry for record in event["Records"] for entry in _entries(record["dynamodb"]["NewImage"])
    ]
    refused = 0
    for start in range(0, len(entries), ENTRIES_MAX):
        answer = aws.client("events").put_events(Entries=entries[start : start + ENTRIES_MAX])
        refused += answer["FailedEntryCount"]  # the call as a whole succeeds all the same
    observability.logger.info("relayed", events=len(entries) - refused, refused=refused)
    if refused:
        raise EventsNotRelayed(f"{refused} of {len(entries)} events")


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
