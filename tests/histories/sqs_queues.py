"""A queue of SQS and the mapping that invokes a function with its messages."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.histories.deployed import EventSource

Invoke = Callable[[dict[str, Any]], Any]


@dataclass
class Message:
    message_id: str
    body: str
    sent_at: datetime
    visible_at: datetime
    receive_count: int = 0


@dataclass
class Queue:
    """It redelivers what was not deleted in time, moves it to the dead letters, and forgets it."""

    name: str
    source: EventSource
    invoke: Invoke
    give_up: Callable[[str], None]  # takes a message's body for the dead letters
    properties: Any
    is_enabled: bool = True  # whether the mapping invokes the function
    is_doubled: bool = False  # SQS delivers at least once: here everything twice
    slow_by: timedelta = timedelta()  # between a message's arrival and its first delivery
    lost: int = 0  # messages older than the queue keeps them
    messages: list[Message] = field(default_factory=list)
    _count: int = 0

    @property
    def due(self) -> datetime | None:
        """When something happens next, if anything does."""
        if not self.messages:
            return None
        if self.is_enabled:
            return min(message.visible_at for message in self.messages)
        return min(message.sent_at + self._retention for message in self.messages)

    @property
    def _retention(self) -> timedelta:
        return timedelta(seconds=int(self.properties["MessageRetentionPeriod"]))

    def send(self, body: str, now: datetime, delay_seconds: int | None = None) -> None:
        """A message may have a delay of its own."""
        self._count += 1
        seconds = self.properties.get("DelaySeconds", 0) if delay_seconds is None else delay_seconds
        delay = timedelta(seconds=int(seconds))
        self.messages.append(
            Message(f"{self.name}-{self._count}", body, now, now + delay + self.slow_by)
        )

    def reorder(self) -> None:
        self.messages.reverse()

    def run(self, now: datetime) -> None:
        kept = [message for message in self.messages if now - message.sent_at < self._retention]
        self.lost += len(self.messages) - len(kept)
        self.messages = kept
        while self.is_enabled and (batch := self._receive(now)):
            self._handle(batch)

    def _receive(self, now: datetime) -> list[Message]:
        """Up to a batch of visible messages; those received too often become dead letters.

        Lambda deletes those that the mapping's filters refuse.
        """
        batch: list[Message] = []
        for message in [message for message in self.messages if message.visible_at <= now]:
            if not self.source.accepts({"body": json.loads(message.body)}):
                self.messages.remove(message)
            elif message.receive_count >= int(self.properties["RedrivePolicy"]["maxReceiveCount"]):
                self.messages.remove(message)
                self.give_up(message.body)
            elif len(batch) < int(self.source.properties["BatchSize"]):
                message.receive_count += 1
                message.visible_at = now + timedelta(
                    seconds=int(self.properties["VisibilityTimeout"])
                )
                batch.append(message)
        return batch

    def _handle(self, batch: list[Message]) -> None:
        event = {"Records": [self._record(message) for message in batch]}
        failed: set[str] = set()
        for _ in range(2 if self.is_doubled else 1):
            failed |= self._failures(event, batch)
        self.messages = [
            message
            for message in self.messages
            if message not in batch or message.message_id in failed
        ]

    def _failures(self, event: dict[str, Any], batch: list[Message]) -> set[str]:
        try:
            answer = self.invoke(event) or {}
        except Exception:  # noqa: BLE001 (the messages become visible again, whatever was raised)
            return {message.message_id for message in batch}
        return {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [])}

    def _record(self, message: Message) -> dict[str, Any]:
        sent = int(message.sent_at.timestamp() * 1000)
        return {
            "messageId": message.message_id,
            "receiptHandle": f"receipt-{message.message_id}-{message.receive_count}",
            "body": message.body,
            "attributes": {
                "ApproximateReceiveCount": str(message.receive_count),
                "SentTimestamp": str(sent),
                "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                "ApproximateFirstReceiveTimestamp": str(sent),
            },
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:eu-central-1:123456789012:{self.name}",
            "awsRegion": "eu-central-1",
        }
