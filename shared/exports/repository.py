"""Exports and their progress, and the retries of what a run reads for its file."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from pynamodb.exceptions import UpdateError

from shared import clock
from shared.errors.base import AppError, Unavailable
from shared.events.orders import ExportRequested
from shared.retries import retry
from shared.storage import cursors, outbox
from shared.storage.cursors import ItemPage
from shared.storage.models.exports import (
    ORDERS,
    TIME_TO_FINISH,
    UNFINISHED,
    Export,
    ExportKind,
    list_key,
)
from shared.storage.transactions import Action, Transaction

RUN_MAX = timedelta(minutes=15)  # Lambda ends a run then
RETENTION = timedelta(days=7)  # the bucket keeps the file as long (template.yaml)
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


def list_exports(
    kind: ExportKind, user_id: str, *, limit: int, cursor: str | None
) -> ItemPage[Export]:
    """Newest first. Raises InvalidCursor."""
    return cursors.query_page(
        Export.by_owner,
        list_key(kind, user_id),
        query=_EXPORTS_OF_OWNER if kind == ORDERS else f"{kind}: {_EXPORTS_OF_OWNER}",
        owner=user_id,
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
                Export.written.set(0),
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


def record_progress(export: Export, written: int) -> None:
    """Raises ExportConflict."""
    _update_running(export, [Export.written.set(written)])
    export.written = written


def complete_export(export: Export, written: int, file_key: str) -> None:
    """Raises ExportConflict."""
    result = [Export.written.set(written), Export.file_key.set(file_key)]
    _update_running(export, [*result, *_finish("completed")])


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
        only_if=(Export.status == "running") & (Export.written == export.written),
        otherwise=ExportConflict("another run has written to the export"),
    )
    transaction.commit()


def retry_read(read: Callable[[], Result]) -> Result:
    """Retry the read: a run reads thousands of times, and one failure would lose all its work.

    Raises Unavailable.
    """
    return retry(read, on=(Unavailable,), attempts=READ_ATTEMPTS, backoff_offset=BACKOFF_OFFSET)
