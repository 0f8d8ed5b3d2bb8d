"""What the local stack's activity consists of: events, queued messages, log lines. No I/O."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local.dead_letter_messages import Message
from local.targets import TIME_FORMAT

PLATFORM_LINES = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START")
# Powertools puts these on every line.
COMMON_FIELDS = {"level", "location", "message", "timestamp", "service", "correlation_id"}
METRIC_FIELD = "_aws"  # describes the metrics of a line to CloudWatch


def read_time(stored: str) -> datetime:
    """A time as the shop stores it."""
    return datetime.strptime(stored, TIME_FORMAT).astimezone(UTC)


@dataclass(frozen=True)
class BusEvent:
    """An event of the outbox. `relayed_at` is None until the bus has accepted it."""

    id: str
    type: str
    occurred_at: str
    correlation_id: str
    relayed_at: str | None
    data: Mapping[str, Any]

    @property
    def order_id(self) -> str | None:
        found = self.data.get("order_id")
        return found if isinstance(found, str) else None

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "data": dict(self.data)}


def events_of_row(row: Mapping[str, Any]) -> Iterator[BusEvent]:
    """`row` is a row of the outbox with plain values. A row may have several events."""
    try:
        payload = json.loads(row["payload"])
    except ValueError:
        payload = {}
    for document in payload if isinstance(payload, list) else [payload]:
        content = document if isinstance(document, dict) else {}
        yield BusEvent(
            id=content.get("id", row["event_id"]),
            type=content.get("type", row["type"]),
            occurred_at=content.get("occurred_at", row["occurred_at"]),
            correlation_id=content.get("correlation_id", row["correlation_id"]),
            relayed_at=read_time(row["relayed_at"]).isoformat() if "relayed_at" in row else None,
            data=content.get("data", {}),
        )


@dataclass(frozen=True)
class LogLine:
    at: datetime
    function: str  # its logical id
    level: str
    message: str
    correlation_id: str | None
    fields: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return vars(self) | {"at": self.at.isoformat(), "fields": dict(self.fields)}


def line_from_log(function: str, logged: Mapping[str, Any]) -> LogLine | None:
    """`logged` is a log event of CloudWatch. None for what Lambda itself says of each call."""
    text = str(logged["message"]).strip()
    at = datetime.fromtimestamp(logged["timestamp"] / 1000, UTC)
    if not text or text.startswith(PLATFORM_LINES):
        return None
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):  # a crash at the import, a time limit
        return LogLine(at, function, "ERROR" if "Error" in text else "INFO", text, None)
    return LogLine(
        at=at,
        function=function,
        level=str(content.get("level", "INFO")),
        message=str(content.get("message", "")),
        correlation_id=content.get("correlation_id"),
        fields={
            name: value
            for name, value in content.items()
            if name not in COMMON_FIELDS | {METRIC_FIELD}
        },
    )


@dataclass(frozen=True)
class QueuedMessage:
    id: str
    queue: str  # its logical id
    label: str
    sent_at: datetime
    visible_at: datetime
    receive_count: int
    event_id: str | None

    def to_json(self) -> dict[str, Any]:
        times = {"sent_at": self.sent_at.isoformat(), "visible_at": self.visible_at.isoformat()}
        return vars(self) | times


def message_from_peek(queue: str, peeked: Mapping[str, Any]) -> QueuedMessage:
    """`peeked` is MiniStack's description of a message, which receives nothing."""
    sent_at = datetime.fromtimestamp(peeked["SentTimestamp"], UTC)
    read = Message(peeked["MessageId"], "", peeked["Body"], sent_at, peeked["ReceiveCount"], {})
    return QueuedMessage(
        id=read.message_id,
        queue=queue,
        label=read.label(),
        sent_at=sent_at,
        visible_at=datetime.fromtimestamp(peeked["VisibleAt"], UTC),
        receive_count=read.receive_count,
        event_id=_find_event_id(peeked["Body"]),
    )


def _find_event_id(body: str) -> str | None:
    try:
        found = json.loads(body)["detail"]["id"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None
