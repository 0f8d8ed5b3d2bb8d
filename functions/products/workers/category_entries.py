"""Sends what is in a moved or deleted category to the index worker again, a few entries a message.

A category can have more products than one invocation can index. A repeated event sends them again,
which changes nothing.
"""

import json
from typing import Any

from products.categories.repository import list_entry_ids
from shared import aws
from shared.errors.base import Unavailable
from shared.events.catalog import CategoryEvent

ENTRIES_PER_MESSAGE = 25
MESSAGES_MAX = 10  # SQS's limit for one SendMessageBatch
_ENTRIES = "entry_ids"  # no event has it at the top


def entries_in(body: dict[str, Any]) -> set[str] | None:
    """The entries that a message names. None: it is an event."""
    return set(body[_ENTRIES]) if _ENTRIES in body else None


def queue_entries(event: CategoryEvent, queue_arn: str) -> None:
    """One Query and one SendMessageBatch for each 250 entries. Raises Unavailable."""
    after: str | None = None
    while True:
        page = list_entry_ids(event.data.path, after, limit=ENTRIES_PER_MESSAGE * MESSAGES_MAX)
        _send(page.entry_ids, queue_arn)
        if page.after is None:
            return
        after = page.after


def _send(entry_ids: list[str], queue_arn: str) -> None:
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
