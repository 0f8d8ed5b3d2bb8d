"""Publishes events of the outbox again: those that were not relayed, or all of a time window.

Events keep their ids, so consumers drop repeats. So it is safe to run again, and beside the relay.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from local.targets import TIME_FORMAT, OperationFailed, Target, assume_environment, scan_items
from shared import clock

if TYPE_CHECKING:
    from shared.storage.outbox import RawRow

LEFT_TO_RELAY = timedelta(minutes=1)  # the relay may be about to publish a row that is younger
OVERDUE = timedelta(minutes=15)  # the relay takes about a second
ROWS_AT_ONCE = 25  # one call marks as many
MINUTE = "%Y-%m-%dT%H:%MZ"


@dataclass(frozen=True)
class Window:
    """The events that occurred from `since` until before `until`."""

    since: datetime
    until: datetime


@dataclass
class Republication:
    """What was found and, unless it is a dry run, published."""

    applied: bool
    rows: int = 0
    events: Counter[str] = field(default_factory=Counter)  # by type
    refused: int = 0  # events; also in `events`
    set_aside: int = 0  # events, or rows that hold no event

    @property
    def is_ok(self) -> bool:
        return not self.refused and not self.set_aside

    def to_text(self) -> str:
        verb = "were sent to the bus" if self.applied else "would be published"
        lines = [f"{self.events.total()} events of {self.rows} rows {verb}"]
        lines += [f"  {count:>7} {name}" for name, count in sorted(self.events.items())]
        if self.refused:
            lines.append(f"The bus refused {self.refused} of them for now. Run this again.")
        if self.set_aside:
            lines.append(
                f"{self.set_aside} can never be published. The log lines of APPLY=1 name them."
            )
        if self.rows and not self.applied:
            lines.append("Nothing is published yet. Add APPLY=1 to publish them.")
        return "\n".join(lines)


def parse_window(since: str, until: str) -> Window:
    """Raises OperationFailed. Without `until`, the window ends now."""
    if not since:
        raise OperationFailed("Name the start: `make republish SINCE=2026-11-26T00:00Z`.")
    window = Window(
        parse_time("SINCE", since), parse_time("UNTIL", until) if until else clock.utc_now()
    )
    if window.since >= window.until:
        raise OperationFailed("SINCE must be before UNTIL and before now.")
    return window


def republish(
    shop: Target, window: Window, *, includes_relayed: bool, applies: bool
) -> Republication:
    """Publishes the rows of the window that are not marked as relayed, or all, and marks them.

    Leaves rows of the last minute to the relay.
    """
    assume_environment(shop, "RelayFunction")
    from notifications import publishing  # noqa: PLC0415 (it reads the environment)

    result = Republication(applied=applies)
    rows = _list_rows(shop, window, includes_relayed=includes_relayed)
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        result.rows += len(batch)
        for row in batch:
            entries, faults = publishing.read_row(row)
            result.events.update(entry.detail_type for entry in entries)
            result.set_aside += 0 if applies else len(faults)  # publish_rows counts them too
        if applies:
            outcome = publishing.publish_rows(batch)
            result.refused += outcome.refused
            result.set_aside += outcome.set_aside
    return result


def describe_overdue(shop: Target) -> str | None:
    """How many rows have waited too long for the relay, and what to do. None if no row has.

    A row of the release before marks has an expiry from the start. Nobody knows whether it was
    relayed, so it does not count.
    """
    limit = clock.utc_now() - OVERDUE
    occurred = [
        datetime.fromisoformat(item["occurred_at"]["S"])
        for item in scan_items(shop, "OutboxTable", "occurred_at", "relayed_at", "expires_at")
        if "relayed_at" not in item and "expires_at" not in item
    ]
    overdue = [moment for moment in occurred if moment < limit]
    if not overdue:
        return None
    oldest = min(overdue)
    return (
        f"{len(overdue)} rows were not relayed within {OVERDUE.seconds // 60} minutes, the oldest "
        f"of {oldest:%Y-%m-%dT%H:%M:%SZ}. Run `make republish SINCE={oldest:{MINUTE}}`"
    )


def parse_time(name: str, text: str) -> datetime:
    """Without an offset it is UTC, as in logs and events. Raises OperationFailed."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise OperationFailed(f"{name} must be a time such as 2026-11-26T00:00Z.") from error


def _list_rows(shop: Target, window: Window, *, includes_relayed: bool) -> Iterator["RawRow"]:
    until = min(window.until, clock.utc_now() - LEFT_TO_RELAY)
    conditions = ["occurred_at >= :since", "occurred_at < :until"]
    if not includes_relayed:
        conditions.append("attribute_not_exists(relayed_at)")
    request: dict[str, Any] = {
        "TableName": shop.physical_id("OutboxTable"),
        "ConsistentRead": True,
        "FilterExpression": " AND ".join(conditions),
        "ExpressionAttributeValues": {
            ":since": {"S": window.since.strftime(TIME_FORMAT)},
            ":until": {"S": until.strftime(TIME_FORMAT)},
        },
    }
    for page in shop.client("dynamodb").get_paginator("scan").paginate(**request):
        yield from page["Items"]
