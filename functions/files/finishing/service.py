"""Ends a phase of an import: the error file, the next phase, or the end and its event.

Each step can run twice: the upload moves on by a condition, and the event is written with its end.
"""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from files import repository
from files.error_files import service as error_file
from files.formats.source_rows import Problem
from files.missing_products.service import archive_missing, count_missing, read_ids
from files.options import ImportOptions
from files.refusals import to_row_error
from files.repository import ERRORS_KEPT
from shared import clock, observability
from shared.events.files import FailedUploadData, UploadCompleted, UploadData, UploadFailed
from shared.storage.models.uploads import RowError, Upload

CONFIRM_WITHIN = timedelta(hours=24)


def finish_phase(upload: Upload, context: LambdaContext) -> Upload | None:
    """End the phase before `finishing`. Returns the upload if another phase begins.

    Raises ImportedElsewhere, OutOfTime, and errors after which another run must continue.
    """
    options = ImportOptions.from_stored(upload.options)
    found: dict[str, Any] = {}
    errors: list[RowError] = []
    if upload.rejected:
        written = error_file.write(upload, str(upload.finished_phase), errors_max=ERRORS_KEPT)
        errors = [to_row_error(each) for each in written.problems]
        found["error_file_key"] = written.key
    found["errors"] = errors
    if upload.finished_phase == "checking":
        return _end_check(upload, options, found)
    _end_writing(upload, options, found, context)
    return None


def end_as_failed(upload: Upload, problem: Problem, found: dict[str, Any] | None = None) -> None:
    """Fail the import for this reason. Raises ImportedElsewhere."""
    error = to_row_error(problem)
    others = found.pop("errors", []) if found else list(upload.errors)
    event = UploadFailed(data=FailedUploadData(**_event_data(upload), code=problem.code))
    repository.end_import(
        upload, "failed", event=event, errors=[error, *others][:ERRORS_KEPT], found=found
    )
    observability.logger.error("import failed", upload_id=upload.upload_id, code=problem.code)


def _end_check(upload: Upload, options: ImportOptions, found: dict[str, Any]) -> Upload | None:
    if options.on_error == "all_or_nothing" and upload.rejected:
        message = (
            f"Nothing was written. Rows with errors: {int(upload.rejected)}. Correct them in your "
            "file, and send the whole file again."
        )
        end_as_failed(upload, Problem(1, None, "rows_rejected", message), found)
        return None
    if options.mode == "dry_run":
        if options.missing == "archive":
            found["archived"] = count_missing(read_ids(upload)).missing
        until = clock.utc_now() + CONFIRM_WITHIN
        repository.await_confirmation(upload, until, found)
        return None
    return repository.begin_writing(upload)


def _end_writing(
    upload: Upload, options: ImportOptions, found: dict[str, Any], context: LambdaContext
) -> None:
    if options.is_in_order and upload.rejected:
        message = (
            "The import stopped at the first row with an error. The rows before are written. "
            "Correct the row in your file, and send the whole file again."
        )
        end_as_failed(upload, Problem(1, None, "stopped_at_error", message), found)
        return
    if options.missing == "archive":
        upload.archived = archive_missing(upload, context)
    errors = found.pop("errors")
    event = UploadCompleted(data=UploadData(**_event_data(upload)))
    repository.end_import(upload, "completed", event=event, errors=errors, found=found)
    observability.logger.info(
        "imported",
        upload_id=upload.upload_id,
        written=int(upload.written),
        rejected=int(upload.rejected),
    )


def _event_data(upload: Upload) -> dict[str, Any]:
    return {
        "user_id": upload.owner_id,
        "upload_id": upload.upload_id,
        "filename": upload.filename,
        "rows": int(upload.rows_done),
        "written": int(upload.written),
        "rejected": int(upload.rejected),
        "archived": int(upload.archived),
    }
