"""Exports, their progress, and the orders that go into them."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import TypeVar

from pynamodb.exceptions import UpdateError
from pynamodb.indexes import Index

from shared import clock
from shared.errors.base import AppError, Unavailable
from shared.events.orders import ExportRequested
from shared.retries import retry
from shared.storage import cursors, outbox
from shared.storage.cursors import ItemPage, Position
from shared.storage.dynamo import BATCH_MAX
from shared.storage.models.exports import TIME_TO_FINISH, UNFINISHED, Export
from shared.storage.models.orders import Order
from shared.storage.transactions import Action, Condition, Transaction

RUN_MAX = timedelta(minutes=15)  # Lambda ends a run then
RETENTION = timedelta(days=7)  # the bucket keeps the file as long (template.yaml)
KEYS_PER_QUERY = 1_000  # of some 200 bytes each: well under DynamoDB's 1 MB
READ_ATTEMPTS = 5  # when the database is busy
# Nobody waits for a worker, so its pauses are longer than a request's: 12 s in all at most.
BACKOFF_OFFSET = 4
_EXPORTS_OF_OWNER = "exports of an owner"  # binds a cursor to this query

Result = TypeVar("Result")


class ExportAlreadyExists(AppError):
    """The caller returns the existing export instead."""

    status, code = 409, "export_already_exists"
    default_message = "An export with this id exists already."


class ExportConflict(Exception):
    """The export is finished, or another run has written to it: this run must stop."""


def create_export(transaction: Transaction, export: Export, event: ExportRequested) -> None:
    """Store the export with its event in this transaction. Raises ExportAlreadyExists."""
    transaction.put(
        export, only_if=Export.export_id.does_not_exist(), otherwise=ExportAlreadyExists()
    )
    outbox.stage_event(transaction, event)
    transaction.commit()


def find_export(export_id: str) -> Export | None:
    return Export.find(export_id, consistent=True)


def list_exports(owner_id: str, *, limit: int, cursor: str | None) -> ItemPage[Export]:
    """Newest first. Raises InvalidCursor."""
    return cursors.query_page(
        Export.by_owner,
        owner_id,
        query=_EXPORTS_OF_OWNER,
        owner=owner_id,
        limit=limit,
        cursor=cursor,
    )


def start_export(export_id: str) -> Export:
    """Set the export to running, and its progress to 0: an interrupted run leaves no file.

    Raises ExportConflict if the export is finished or overdue, or does not exist.
    """
    export = Export(export_id)
    now = clock.utc_now()
    has_time = Export.created_at > now - TIME_TO_FINISH + RUN_MAX
    try:
        export.update(
            [
                Export.status.set("running"),
                Export.orders.set(0),
                Export.started_at.set(now),
                Export.expires_at.set(now + RETENTION),
            ],
            condition=Export.status.is_in(*UNFINISHED) & has_time,
        )
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        raise ExportConflict("the export is finished or overdue, or does not exist") from error
    return export


def record_progress(export: Export, orders: int) -> None:
    """Raises ExportConflict."""
    _update_running(export, [Export.orders.set(orders)])
    export.orders = orders


def complete_export(export: Export, orders: int, file_key: str) -> None:
    """Raises ExportConflict."""
    written = [Export.orders.set(orders), Export.file_key.set(file_key)]
    _update_running(export, [*written, *_finish("completed")])


def fail_export(export: Export) -> None:
    """Raises ExportConflict."""
    _update_running(export, _finish("failed"))


def _finish(status: str) -> list[Action]:
    return [Export.status.set(status), Export.finished_at.set(clock.utc_now())]


def _update_running(export: Export, actions: list[Action]) -> None:
    """Update the export if its progress is what this run recorded last.

    If two runs write the same export, the slower one finds a count that it did not write, and
    stops. In a transaction, because its client token makes a retry after a lost reply succeed
    instead of finding the changed count.
    """
    transaction = Transaction()
    transaction.update(
        Export(export.export_id),
        actions,
        only_if=(Export.status == "running") & (Export.orders == export.orders),
        otherwise=ExportConflict("another run has written to the export"),
    )
    transaction.commit()


def list_order_batches(export: Export) -> Iterator[list[Order]]:
    """Iterate over the export's orders by time of placement, up to BATCH_MAX at a time.

    Each order comes once and as it is when it is read: the indexes sort by the time of placement,
    which never changes. An order that has left the export's status is omitted, and so are orders
    that the index may not have yet. Raises Unavailable.
    """
    order_ids = _list_order_ids(export)
    while keys := list(islice(order_ids, BATCH_MAX)):
        found = _read(partial(Order.find_many, keys)).values()
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
        order_ids, position = _read(partial(_query_ids, index, hash_key, placed, position))
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


def _read(read: Callable[[], Result]) -> Result:
    """Retry the read: a run reads thousands of times, and one failure would lose all its work."""
    return retry(read, on=(Unavailable,), attempts=READ_ATTEMPTS, backoff_offset=BACKOFF_OFFSET)


def _months_between(first: datetime, last: datetime) -> Iterator[str]:
    """The values of `Order.placed_month` from the first to the last moment, both included."""
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        year, month = divmod(number, 12)
        yield f"{year:04}-{month + 1:02}"
