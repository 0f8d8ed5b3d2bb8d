"""The queue of an import's steps. A message names an upload, a step and the number of a chunk."""

import json
from collections.abc import Iterable
from typing import Any, Literal

from shared import aws
from shared.config import ImportSettings, settings
from shared.records import Record

MESSAGES_PER_CALL = 10  # SQS allows no more

Step = Literal["chunk", "finish"]


class ImportMessage(Record):
    upload_id: str
    phase: str  # in which the step belongs: a message that comes late finds nothing to do
    step: Step
    chunk: int = 0


def send(messages: Iterable[ImportMessage]) -> None:
    """Raises botocore's errors. The schedule sends what is lost again."""
    for some in _batched(messages):
        entries = [
            {"Id": str(number), "MessageBody": json.dumps(_to_dict(message))}
            for number, message in enumerate(some)
        ]
        answer = aws.client("sqs").send_message_batch(
            QueueUrl=settings(ImportSettings).import_queue_url, Entries=entries
        )
        if answer.get("Failed"):
            raise MessagesNotSent(len(answer["Failed"]))


class MessagesNotSent(Exception):
    """SQS refused some messages of a batch."""


def read_message(body: str) -> ImportMessage:
    """Raises ValueError, KeyError and TypeError for a message that is none of an import."""
    found: dict[str, Any] = json.loads(body)
    return ImportMessage(
        found["upload_id"], found["phase"], found["step"], int(found.get("chunk", 0))
    )


def _to_dict(message: ImportMessage) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__match_args__}


def _batched(messages: Iterable[ImportMessage]) -> Iterable[list[ImportMessage]]:
    batch: list[ImportMessage] = []
    for message in messages:
        batch.append(message)
        if len(batch) == MESSAGES_PER_CALL:
            yield batch
            batch = []
    if batch:
        yield batch
