"""Uploads and the progress of their import."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pynamodb.exceptions import UpdateError

from shared import clock
from shared.errors.base import AppError
from shared.records import Record
from shared.storage.models.uploads import RowError, Upload
from shared.storage.transactions import Transaction

ERRORS_KEPT = 100  # of an upload, which is one item of at most 400 KB
LEASE = timedelta(minutes=16)  # Lambda ends a run after 15
# The form is valid for five minutes, and S3 announces a file within seconds.
FILE_OVERDUE_AFTER = timedelta(minutes=10)


class ImportedElsewhere(AppError):
    """Another run of the same file was faster. It continues, this one stops."""

    status, code = 409, "imported_elsewhere"
    default_message = "Another run imports this file, or the file is not announced."


class Progress(Record):
    """The result for the rows so far. `rows` is also the checkpoint at which a retry continues."""

    owner_id: str
    rows: int
    written: int
    rejected: int
    errors: tuple[RowError, ...]

    def plus(self, *, written: int, errors: list[RowError]) -> "Progress":
        rejected = len({error.row for error in errors})
        return Progress(
            owner_id=self.owner_id,
            rows=self.rows + written + rejected,
            written=self.written + written,
            rejected=self.rejected + rejected,
            errors=(*self.errors, *errors)[:ERRORS_KEPT],
        )


def create_upload(transaction: Transaction, upload: Upload) -> None:
    """Store the upload in this transaction, and commit it."""
    transaction.put(upload)
    transaction.commit()


def find_upload(upload_id: str) -> Upload | None:
    return Upload.find(upload_id, "upload", consistent=True)


def list_overdue_uploads(now: datetime) -> Iterator[str]:
    """The ids of unfinished uploads that no run works on, the oldest first. The index may lag."""
    is_due = Upload.due_at.does_not_exist() | (Upload.due_at <= now)
    is_old = Upload.created_at <= now - FILE_OVERDUE_AFTER
    for upload in Upload.by_status.query("running", filter_condition=is_due):
        yield upload.upload_id
    for upload in Upload.by_status.query("awaiting_file", is_old):
        yield upload.upload_id


def start_import(upload_id: str, etag: str, *, only_overdue: bool = False) -> Progress:
    """Claim the file for import, or continue where an interrupted run of the same file stopped.

    If this run stops as well, another may continue after LEASE. Raises ImportedElsewhere when the
    upload is unknown or finished, or belongs to another object; and with `only_overdue`, when
    another run may still work on it.
    """
    now = clock.utc_now()
    upload = Upload(upload_id, "upload")
    is_new = Upload.status == "awaiting_file"
    is_interrupted = (Upload.status == "running") & (Upload.etag == etag)
    if only_overdue:
        is_interrupted &= Upload.due_at.does_not_exist() | (Upload.due_at <= now)
    try:
        upload.update(
            [
                Upload.status.set("running"),
                Upload.etag.set(etag),
                Upload.due_at.set(now + LEASE),
                Upload.attempts.add(1),
            ],
            condition=is_new | is_interrupted,
        )
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        raise ImportedElsewhere("This file is not waiting for an import.") from error
    return Progress(
        owner_id=upload.owner_id,
        rows=int(upload.rows_done),
        written=int(upload.written),
        rejected=int(upload.rejected),
        errors=tuple(upload.errors),
    )


def stage_progress(
    transaction: Transaction, upload_id: str, before: Progress, after: Progress
) -> None:
    """Move the checkpoint in the transaction that writes the rows, so that no row counts twice."""
    actions = [
        Upload.rows_done.set(after.rows),
        Upload.written.set(after.written),
        Upload.rejected.set(after.rejected),
        Upload.attempts.set(0),
    ]
    if after.errors != before.errors:
        actions.append(Upload.errors.set(list(after.errors)))
    transaction.update(
        Upload(upload_id, "upload"),
        actions,
        only_if=(Upload.status == "running") & (Upload.rows_done == before.rows),
        otherwise=ImportedElsewhere("Another run has imported these rows."),
    )


def record_progress(upload_id: str, before: Progress, after: Progress) -> None:
    """Move the checkpoint behind rows of which nothing is written. Raises ImportedElsewhere."""
    transaction = Transaction()
    stage_progress(transaction, upload_id, before, after)
    transaction.commit()


def hand_over_import(upload_id: str, progress: Progress) -> None:
    """Let another run continue at once. Raises ImportedElsewhere if one did already."""
    transaction = Transaction()
    transaction.update(
        Upload(upload_id, "upload"),
        [Upload.due_at.set(clock.utc_now())],
        only_if=(Upload.status == "running") & (Upload.rows_done == progress.rows),
        otherwise=ImportedElsewhere("Another run continues this import."),
    )
    transaction.commit()


def finish_import(upload_id: str, status: str, errors: tuple[RowError, ...]) -> None:
    """Raises ImportedElsewhere when another run has finished it."""
    _finish(Upload(upload_id, "upload", status="running"), status, errors)


def give_up_import(upload: Upload, reason: RowError) -> None:
    """Fail the import if it is as it was read. Raises ImportedElsewhere."""
    errors = (*upload.errors[: ERRORS_KEPT - 1], reason)
    _finish(upload, "failed", errors, rows=int(upload.rows_done))


def _finish(
    upload: Upload, status: str, errors: tuple[RowError, ...], *, rows: int | None = None
) -> None:
    """`rows`: the checkpoint that the upload must still have."""
    is_unfinished = Upload.status == upload.status
    if rows is not None:
        is_unfinished &= Upload.rows_done == rows
    transaction = Transaction()
    transaction.update(
        Upload(upload.upload_id, "upload"),
        [
            Upload.status.set(status),
            Upload.errors.set(list(errors)),
            Upload.finished_at.set(clock.utc_now()),
        ],
        only_if=is_unfinished,
        otherwise=ImportedElsewhere("Another run has finished this import."),
    )
    transaction.commit()
