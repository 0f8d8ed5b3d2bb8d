"""The orders that go into an export."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from pynamodb.indexes import Index

from shared.exports.repository import retry_read
from shared.storage.cursors import Position
from shared.storage.dynamo import BATCH_MAX
from shared.storage.models.exports import Export
from shared.storage.models.orders import Order
from shared.storage.transactions import Condition

KEYS_PER_QUERY = 1_000  # of some 200 bytes each: well under DynamoDB's 1 MB


def list_order_batches(export: Export) -> Iterator[list[Order]]:
    """Iterate over the export's orders by time of placement, up to BATCH_MAX at a time.

    Each order comes once and as it is when it is read: the indexes sort by the time of placement,
    which never changes. An order that has left the export's status is omitted, and so are orders
    that the index may not have yet. Raises Unavailable.
    """
    order_ids = _list_order_ids(export)
    while keys := list(islice(order_ids, BATCH_MAX)):
        found = retry_read(partial(Order.find_many, keys)).values()
        yield [order for order in found if export.of_status in (None, order.status)]


def _list_order_ids(export: Export) -> Iterator[str]:
    last = (export.complete_before or export.placed_before) - timedelta.resolution
    if last < export.placed_from:  # DynamoDB refuses such a range
        return
    placed = Order.placed_at.between(export.placed_from, last)
    if export.of_status:
        yield from _list_ids_in(Order.by_status, export.of_status, placed)
        return
    for month in _months_between(export.placed_from, last):
        yield from _list_ids_in(Order.by_month, month, placed)


def _list_ids_in(index: Index[Order], hash_key: str, placed: Condition) -> Iterator[str]:
    position = None
    while True:
        order_ids, position = retry_read(partial(_query_ids, index, hash_key, placed, position))
        yield from order_ids
        if position is None:
            return


def _query_ids(
    index: Index[Order], hash_key: str, placed: Condition, position: Position | None
) -> tuple[list[str], Position | None]:
    """Return the ids that one Query finds, and the position of the next Query."""
    found = index.query(
        hash_key,
        placed,
        limit=KEYS_PER_QUERY,
        page_size=KEYS_PER_QUERY,
        last_evaluated_key=position,
    )
    return [order.order_id for order in found], found.last_evaluated_key


def _months_between(first: datetime, last: datetime) -> Iterator[str]:
    """The values of `Order.placed_month` from the first to the last moment, both included."""
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        year, month = divmod(number, 12)
        yield f"{year:04}-{month + 1:02}"
