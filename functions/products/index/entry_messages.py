"""Messages that name entries to index, a few each.

A moved category can have more entries than one invocation can index. So the worker divides them
into messages to its own queue, and many invocations index them.
"""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from products.index_queries import CONCURRENT_QUERIES_MAX, run_concurrently
from shared import aws

ENTRIES_PER_MESSAGE = 25
ENTRIES_PER_CALL = ENTRIES_PER_MESSAGE * CONCURRENT_QUERIES_MAX
_ENTRIES = "entry_ids"  # no event has it at the top


def entries_in(body: dict[str, Any]) -> set[str] | None:
    """The entries that a message names. None: it is an event."""
    return set(body[_ENTRIES]) if _ENTRIES in body else None


def send_entries(entry_ids: Sequence[str], queue_arn: str) -> None:
    """Send these to the queue, at most ENTRIES_PER_CALL, in several messages at once.

    Raises botocore's errors. Some of the messages may be sent then.
    """
    sqs, size = aws.client("sqs"), ENTRIES_PER_MESSAGE
    account, queue = queue_arn.split(":")[-2:]
    url = f"{sqs.meta.endpoint_url}/{account}/{queue}"
    bodies = [
        json.dumps({_ENTRIES: entry_ids[at : at + size]}) for at in range(0, len(entry_ids), size)
    ]
    run_concurrently([partial(sqs.send_message, QueueUrl=url, MessageBody=body) for body in bodies])
