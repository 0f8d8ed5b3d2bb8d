"""Messages that name entries to index, a few each.

A moved category can have more entries than one invocation can index. So the worker divides them
into messages to its own queue, and many invocations index them. Pure but for the queue.
"""

import json
from collections.abc import Sequence
from typing import Any

from shared import aws
from shared.errors.base import Unavailable

ENTRIES_PER_MESSAGE = 25
MESSAGES_MAX = 10  # SQS's limit for one SendMessageBatch
ENTRIES_PER_CALL = ENTRIES_PER_MESSAGE * MESSAGES_MAX
_ENTRIES = "entry_ids"  # no event has it at the top


def entries_in(body: dict[str, Any]) -> set[str] | None:
    """The entries that a message names. None: it is an event."""
    return set(body[_ENTRIES]) if _ENTRIES in body else None


def send_entries(entry_ids: Sequence[str], queue_arn: str) -> None:
    """Send these to the queue, at most ENTRIES_PER_CALL: one call. Raises Unavailable."""
    if not entry_ids:
        return
    sqs, size = aws.client("sqs"), ENTRIES_PER_MESSAGE
    account, queue = queue_arn.split(":")[-2:]
    answer = sqs.send_message_batch(
        QueueUrl=f"{sqs.meta.endpoint_url}/{account}/{queue}",
        Entries=[
            {"Id": str(at), "MessageBody": json.dumps({_ENTRIES: entry_ids[at : at + size]})}
            for at in range(0, len(entry_ids), size)
        ],
    )
    if answer.get("Failed"):
        raise Unavailable
