"""The exports, how far each has come, and the orders that go into them."""

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
from shared.retries import pause
from shared.storage import cursors, outbox
from shared.storage.cursors import ItemPage, Position
from shared.storage.dynamo import BATCH_MAX
from shared.storage.models.exports import Export
from shared.storage.models.orders import Order
from shared.storage.transactions import Action, Condition, Transaction

KEPT = timedelta(days=7)  # as long as the bucket keeps the file
KEYS_A_QUERY = 1_000  # some 200 bytes each
TRIES = 5  # at reading when the database is busy
PATIENCE = 4  # doublings of the pause that a customer would not wait for: 12 s in all at the most
_OF_OWNER = "exports of an owner"
_UNFINISHED = ("requested", "running")

Found = TypeVar("Found")


class AlreadyRequested(AppError):
    """There is an export with this id."""

    status, code = 409, "already_requested"


class ExportedElsewhere(AppError):
    """It is finished, or another run of it got ahead: this one stops."""

    status, code = 409, "exported_elsewhere"


def add(export: Export, event: ExportRequested) -> None:
    """Both or neither. Raises AlreadyRequested."""
    transaction = Transaction()
    transaction.put(
        export,
        only_if=Export.export_id.does_not_exist(),
        otherwise=AlreadyRequested("This export was requested before."),
    )
    outbox.stage_event(transaction, event)
    transaction.commit()


def find(export_id: str) -> Export | None:
    return Export.find(export_id, consistent=True)


def of_owner(owner_id: str, *, limit: int, cursor: str | None) -> ItemPage[Export]:
    """Newest first. Raises InvalidCursor."""
    return cursors.query_page(
        Export.by_owner, owner_id, query=_OF_OWNER, owner=owner_id, limit=limit, cursor=cursor
    )


def unfinished(owner_id: str, *, since: datetime) -> int:
    """Of those requested since then, as far as the index knows yet."""
    return Export.by_owner.count(
        owner_id, Export.created_at > since, Export.status.is_in(*_UNFINISHED)
    )


def begin(export_id: str) -> Export:
    """The export, running from the start: of a run that was cut off, no file is left.

    Raises ExportedElsewhere when it is unknown or finished.
    """
    export = Export(export_id)
    try:
        export.update(
            [
                Export.status.set("running"),
                Export.orders.set(0),
                Export.expires_at.set(clock.utc_now() + KEPT),
            ],
            condition=Export.status.is_in(*_UNFINISHED),
        )
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        raise ExportedElsewhere("This export is not waiting to be written.") from error
    return export


def progress(export: Export, orders: int) -> None:
    """Raises ExportedElsewhere."""
    _go_on(export, [Export.orders.set(orders)])
    export.orders = orders


def complete(export: Export, orders: int, file_key: str) -> None:
    """Raises ExportedElsewhere."""
    _go_on(export, [Export.orders.set(orders), Export.file_key.set(file_key), *_end("completed")])


def fail(export: Export) -> None:
    """Raises ExportedElsewhere."""
    _go_on(export, _end("failed"))


def _end(status: str) -> list[Action]:
    return [Export.status.set(status), Export.finished_at.set(clock.utc_now())]


def _go_on(export: Export, actions: list[Action]) -> None:
    """In a transaction, which a retry after a lost reply does not find changed by itself.

    Of two runs at once one gets ahead, and the other finds a count that is not its own.
    """
    transaction = Transaction()
    transaction.update(
        Export(export.export_id),
        actions,
        only_if=(Export.status == "running") & (Export.orders == export.orders),
        otherwise=ExportedElsewhere("Another run writes this export, or has finished it."),
    )
    transaction.commit()


def pages(export: Export) -> Iterator[list[Order]]:
    """Its orders as they are when they are read, the first placed first, BATCH_MAX at a time.

    None comes twice, whatever is changed meanwhile: when it was placed, which the indexes go by,
    never changes. One that has another status by now is left out. Raises Unavailable.
    """
    order_ids = _order_ids(export)
    while keys := list(islice(order_ids, BATCH_MAX)):
        found = _patiently(partial(Order.find_many, keys)).values()
        yield [it for it in found if export.of_status in (None, it.status)]


def _order_ids(export: Export) -> Iterator[str]:
    last = export.placed_before - timedelta.resolution
    placed = Order.placed_at.between(export.placed_from, last)
    if export.of_status:
        yield from _ids_in(Order.by_status, export.of_status, placed)
        return
    for month in _months(export.placed_from, last):
        yield from _ids_in(Order.by_month, month, placed)


def _ids_in(index: Index[Order], hash_key: str, placed: Condition) -> Iterator[str]:
    position = None
    while True:
        order_ids, position = _patiently(partial(_some_ids_in, index, hash_key, placed, position))
        yield from order_ids
        if position is None:
            return


def _some_ids_in(
    index: Index[Order], hash_key: str, placed: Condition, position: Position | None
) -> tuple[list[str], Position | None]:
    """Of one Query, and where the next goes on."""
    found = index.query(
        hash_key,
        placed,
        limit=KEYS_A_QUERY,
        page_size=KEYS_A_QUERY,
        last_evaluated_key=position,
    )
    return [order.order_id for order in found], found.last_evaluated_key


def _patiently(read: Callable[[], Found]) -> Found:
    """A run reads thousands of times, and one that fails is lost whole. Raises Unavailable."""
    for retry in range(1, TRIES):
        try:
            return read()
        except Unavailable:
            pause(retry + PATIENCE)
    return read()


def _months(first: datetime, last: datetime) -> Iterator[str]:
    """As orders are filed under them, both included."""
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        year, month = divmod(number, 12)
        yield f"{year:04}-{month + 1:02}"
