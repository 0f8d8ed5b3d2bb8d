"""Repeats what a stream's consumer missed.

Its dead letters hold positions in the stream, which are of no use once the stream has forgotten the
records. What a record said is still in its table.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice

from local.aliases import ALIAS
from local.dead_letter_messages import Message
from local.dead_letter_queues import DeadLetterQueue
from local.republishing import MINUTE, Window, republish
from local.targets import OperationFailed, Target, scan_items

OUTBOX, STOCK = "OutboxTable", "StockTable"
# A record reaches the stream after its event occurred, and at most a request later.
BEFORE_RECORD, AFTER_RECORD = timedelta(minutes=5), timedelta(minutes=1)
PRODUCTS_AT_ONCE = 100  # as many as the mapping hands over


def repeat_records(
    shop: Target, queue: DeadLetterQueue, messages: Sequence[Message], *, applies: bool
) -> tuple[str, bool]:
    """What was or would be done, and whether the messages are of no use afterwards.

    Raises OperationFailed and MessageUnreadable.
    """
    if queue.target == OUTBOX:
        return _republish(shop, messages, applies=applies)
    if queue.target == STOCK:
        return _check_stock(shop, queue.function, applies=applies), True
    raise OperationFailed(f"Nothing is known about the stream of {queue.target}.")


def _republish(shop: Target, messages: Sequence[Message], *, applies: bool) -> tuple[str, bool]:
    times = [time for message in messages for time in message.stream_times()]
    window = Window(min(times) - BEFORE_RECORD, max(times) + AFTER_RECORD)
    result = republish(shop, window, includes_relayed=False, applies=applies)
    since, until = (f"{time:{MINUTE}}" for time in (window.since, window.until))
    command = f"`make republish SINCE={since} UNTIL={until}`"
    return f"A redrive of them is the same as {command}:\n{result.to_text()}", result.is_ok


def _check_stock(shop: Target, function: str, *, applies: bool) -> str:
    """Lets the function compare each product's stock with the level that was last announced.

    It reads the current stock, so it announces nothing twice.
    """
    items = scan_items(shop, "ProductsTable", "product_id")
    client, name, checked = shop.client("lambda"), shop.physical_id(function), 0
    while batch := list(islice(items, PRODUCTS_AT_ONCE)):
        checked += len(batch)
        if applies:
            records = [{"dynamodb": {"Keys": item}} for item in batch]
            payload = json.dumps({"Records": records})
            answer = client.invoke(FunctionName=name, Qualifier=ALIAS, Payload=payload)
            if "FunctionError" in answer:
                raise OperationFailed(f"{function} failed. See its logs, then run this again.")
    verb = "was" if applies else "would be"
    return f"A redrive of them checks all stock: that of {checked} products {verb} checked."
