"""Uploads and the progress of their import."""

from dataclasses import dataclass

from pynamodb.exceptions import UpdateError

from shared import clock
from shared.errors.base import AppError
from shared.storage.models.uploads import RowError, Upload
from shared.storage.transactions import Transaction

ERRORS_KEPT = 100  # of an upload, which is one item of at most 400 KB


class ImportedElsewhere(AppError):
    """Another run of the same file was faster. It continues, this one stops."""

    status, code = 409, "imported_elsewhere"
    default_message = "Another run imports this file, or the file is not announced."


@dataclass(frozen=True, slots=True)
class Progress:
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


def create_upload(upload: Upload) -> None:
    upload.save()


def find_upload(upload_id: str) -> Upload | None:
    return Upload.find(upload_id, "upload", consistent=True)


def start_import(upload_id: str, etag: str) -> Progress:
    """Claim the file for import, or continue where an interrupted run of the same file stopped.

    Raises ImportedElsewhere when the upload is unknown or finished, or belongs to another object.
    """
    upload = Upload(upload_id, "upload")
    is_new = Upload.status == "awaiting_file"
    is_interrupted = (Upload.status == "running") & (Upload.etag == etag)
    try:
        upload.update(
            [Upload.status.set("running"), Upload.etag.set(etag)],
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
    ]
    if after.errors != before.errors:
        actions.append(Upload.errors.set(list(after.errors)))
    transaction.update(
        Upload(upload_id, "upload"),
        actions,
        only_if=(Upload.status == "running") & (Upload.rows_done == before.rows),
        otherwise=ImportedElsewhere("Another run has imported these rows."),
    )


def finish_import(upload_id: str, status: str, errors: tuple[RowError, ...]) -> None:
    """Raises ImportedElsewhere when another run has finished it."""
    transaction = Transaction()
    transaction.update(
        Upload(upload_id, "upload"),
        [
            Upload.status.set(status),
            Upload.errors.set(list(errors)),
            Upload.finished_at.set(clock.utc_now()),
        ],
        only_if=Upload.status == "running",
        otherwise=ImportedElsewhere("Another run has finished this import."),
    )
    transaction.commit()
