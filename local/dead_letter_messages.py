"""Reads a message of a dead-letter queue: what it is, and what its destination takes.

Labels name types and ids. A message may have more: an upload's has a network address.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

PLACEHOLDER = re.compile(r"<(\w+)>")  # of an input template


class MessageUnreadable(Exception):
    """The message has not the form of its queue's messages."""


@dataclass(frozen=True)
class Message:
    """A message as SQS gave it. `attributes` are the sender's, not SQS's own."""

    message_id: str
    receipt: str
    body: str
    sent_at: datetime
    receive_count: int
    attributes: Mapping[str, Any]

    def describe(self, now: datetime) -> str:
        """One line: its id, what it is, its age, and how often it was received."""
        age = format_age(now - self.sent_at)
        return f"{self.message_id}  {self.label()}  {age} old, received {self.receive_count} times"

    def label(self) -> str:
        """The type and the ids of what the message holds."""
        try:
            return _label(self.document())
        except (MessageUnreadable, KeyError, TypeError, IndexError, AttributeError):
            return "unreadable"

    def document(self) -> dict[str, Any]:
        """Raises MessageUnreadable."""
        try:
            document = json.loads(self.body)
        except ValueError as error:
            raise MessageUnreadable("the message is no JSON") from error
        if not isinstance(document, dict):
            raise MessageUnreadable("the message is no JSON object")
        return document

    def input(self) -> str:
        """The input of the asynchronous invocation that failed. Raises MessageUnreadable."""
        document = self.document()
        if "requestPayload" not in document:
            raise MessageUnreadable("the message has no requestPayload")
        return json.dumps(document["requestPayload"])

    def stream_times(self) -> tuple[datetime, datetime]:
        """When the first and the last record reached the stream. Raises MessageUnreadable."""
        batch = self.document().get("DDBStreamBatchInfo", {})
        try:
            first = datetime.fromisoformat(batch["approximateArrivalOfFirstRecord"])
            last = datetime.fromisoformat(batch["approximateArrivalOfLastRecord"])
        except (KeyError, TypeError, ValueError) as error:
            raise MessageUnreadable("the message names no records of a stream") from error
        return first.astimezone(UTC), last.astimezone(UTC)


def message_from_sqs(received: Mapping[str, Any]) -> Message:
    attributes = received["Attributes"]
    return Message(
        message_id=received["MessageId"],
        receipt=received["ReceiptHandle"],
        body=received["Body"],
        sent_at=datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC),
        receive_count=int(attributes["ApproximateReceiveCount"]),
        attributes=received.get("MessageAttributes", {}),
    )


def render_topic_message(transformer: Mapping[str, Any] | None, message: Message) -> str:
    """What the rule would have sent to its topic. Raises MessageUnreadable."""
    if transformer is None:
        return message.body
    document = message.document()
    values = {
        name: _read_path(document, path) for name, path in transformer["InputPathsMap"].items()
    }
    template = str(transformer["InputTemplate"])
    text = PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)
    return text.removeprefix('"').removesuffix('"')


def format_age(age: timedelta) -> str:
    """The two largest units: "3 d 4 h"."""
    minutes = max(int(age.total_seconds()), 0) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _label(document: Mapping[str, Any]) -> str:
    match document:
        case {"detail-type": detail_type, "detail": detail}:
            return " ".join([str(detail_type), *_list_ids(detail)])
        case {"requestPayload": {"Records": [{"s3": {"object": {"key": key}}}, *_]}}:
            return f"upload {key}"
        case {"requestPayload": payload}:
            return f"invocation: {_label(payload)}"
        case {"DDBStreamBatchInfo": batch}:
            first, last = (batch[f"approximateArrivalOf{end}Record"] for end in ("First", "Last"))
            return f"{batch['batchSize']} records of a stream, from {first} to {last}"
    return "unreadable"


def _list_ids(detail: Mapping[str, Any]) -> list[str]:
    """The event's own id, and the ids in its data."""
    ids = [str(detail["id"])] if "id" in detail else []
    data = detail.get("data", {})
    return ids + [f"{name}={value}" for name, value in data.items() if name.endswith("_id")]


def _read_path(document: Mapping[str, Any], path: str) -> str:
    value: Any = document
    for name in path.removeprefix("$.").split("."):
        if not isinstance(value, dict) or name not in value:
            raise MessageUnreadable(f"the message has no {path}")
        value = value[name]
    return str(value)
