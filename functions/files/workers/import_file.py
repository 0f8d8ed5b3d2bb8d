"""S3 event or schedule -> products and stock.

The worker reads the file twice, as a stream. It checks the form of the whole file first, so that a
broken file changes nothing. Then it writes the rows. Each transaction holds some rows, their stock
and the upload's checkpoint. A run continues at the checkpoint, and a second delivery of the event
finds nothing to do: no row counts twice, and units sold since stay sold.

Every import ends. A row that cannot be written is rejected, and the others are written. A run
that has little time left hands over to the next one. Each minute the schedule continues what no
run works on: after a crash, an outage, a lost event, or a run that used up its time. It fails an
upload whose file did not arrive, and an import that made no progress in ATTEMPTS_MAX runs.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from files import repository, stored_files
from files.refusals import (
    ROW_ERRORS,
    TooManyActions,
    describe_refusal,
    describe_row_error,
    to_row_error,
)
from files.repository import ImportedElsewhere, Progress
from files.rows import BrokenFile, Problem, Row, check_file, read_rows
from files.stored_files import StoredFile
from products.importing import service as catalog
from shared import clock, freeze_gc, observability
from shared.errors.requests import ConcurrentModification
from shared.retries import retry
from shared.storage.models.uploads import Upload
from shared.storage.stock import StockChanged
from shared.storage.transactions import ACTIONS_MAX, Contended, Throttled, Transaction

WRITE_ATTEMPTS = 6  # at rows that staff edit or customers buy at the same time
BACKOFF_OFFSET = 4  # skips the shortest waits: no customer waits here. At most 25 s in all
_CHECKPOINT = 1
ROWS_PER_WRITE = (ACTIONS_MAX - _CHECKPOINT - catalog.ACTIONS_PER_WRITE) // catalog.ACTIONS_PER_ROW
MILLISECONDS_PER_WRITE = 5_000  # a write that takes longer is repeated by the next run
ATTEMPTS_MAX = 100  # runs without a written row: more than a day, at one in 16 minutes
FILE_EXPECTED_FOR = timedelta(hours=1)  # a slow upload may end long after its form's expiry

freeze_gc()


class ImportsNotContinued(Exception):
    """Some imports could not be continued. Raised so that the function's error alarm goes off."""


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Raises unexpected errors: Lambda tries again, and then the schedule does."""
    observability.set_log_context(context.aws_request_id)
    if "Records" not in event:
        _continue_overdue_imports(context)
        return
    for record in event["Records"]:
        file = stored_files.file_from_event(record["s3"])
        try:
            progress = repository.start_import(file.upload_id, file.etag)
            _import_file(file, progress, context)
        except ImportedElsewhere as reason:
            _log_skipped(file.upload_id, reason)


def _continue_overdue_imports(context: LambdaContext) -> None:
    """Raises ImportsNotContinued after all other imports were tried."""
    failures = 0
    for upload_id in repository.list_overdue_uploads(clock.utc_now()):
        if context.get_remaining_time_in_millis() < MILLISECONDS_PER_WRITE:
            break
        try:
            _continue_import(upload_id, context)
        except ImportedElsewhere as reason:
            _log_skipped(upload_id, reason)
        except Exception:  # noqa: BLE001 (one import must not stop the others)
            observability.logger.exception("import not continued", upload_id=upload_id)
            failures += 1
    if failures:
        raise ImportsNotContinued(f"{failures} imports")


def _continue_import(upload_id: str, context: LambdaContext) -> None:
    """Raises ImportedElsewhere."""
    upload = repository.find_upload(upload_id)
    if upload is None or upload.status not in ("awaiting_file", "running"):
        return  # the index lags
    if upload.attempts >= ATTEMPTS_MAX:
        _give_up(upload, "import_stalled", "The import made no progress for a day. Send it again.")
        return
    file = stored_files.find_file(upload_id, upload.etag)
    if file is None:
        _give_up_without_file(upload)
        return
    progress = repository.start_import(upload_id, file.etag, only_overdue=True)
    _import_file(file, progress, context)


def _give_up_without_file(upload: Upload) -> None:
    if upload.status == "running":
        _give_up(upload, "file_deleted", "The file was deleted during its import. Send it again.")
    elif clock.utc_now() - upload.created_at >= FILE_EXPECTED_FOR:
        _give_up(upload, "file_not_received", "No file arrived within an hour. Create an upload.")


def _give_up(upload: Upload, code: str, message: str) -> None:
    """Raises ImportedElsewhere."""
    repository.give_up_import(upload, to_row_error(Problem(1, None, code, message)))
    observability.logger.error("import failed", upload_id=upload.upload_id, code=code)


def _import_file(file: StoredFile, progress: Progress, context: LambdaContext) -> None:
    """Raises ImportedElsewhere, and errors after which another run must continue."""
    upload_id = file.upload_id
    observability.logger.info("importing", upload_id=upload_id, rows=progress.rows)
    if not progress.rows and not _is_well_formed(file):
        return
    for batch in _batches(read_rows(file.open(), skip=progress.rows)):
        if context.get_remaining_time_in_millis() < MILLISECONDS_PER_WRITE:
            repository.hand_over_import(upload_id, progress)
            observability.logger.info("handed over", upload_id=upload_id, rows=progress.rows)
            return
        progress = _write(upload_id, progress, batch)
    repository.finish_import(upload_id, "completed", progress.errors)
    observability.logger.info(
        "imported", upload_id=upload_id, written=progress.written, rejected=progress.rejected
    )


def _is_well_formed(file: StoredFile) -> bool:
    """Fail the import of a file that is not."""
    try:
        check_file(file.open())
    except BrokenFile as broken:
        problem = Problem(broken.row, broken.field, broken.code, str(broken))
        repository.finish_import(file.upload_id, "failed", (to_row_error(problem),))
        observability.logger.info("import failed", upload_id=file.upload_id, code=broken.code)
        return False
    return True


def _batches(remaining: Iterator[Row]) -> Iterator[list[Row]]:
    """As many rows as a transaction takes. A batch has each SKU once: the later row must win."""
    batch: list[Row] = []
    skus: set[str] = set()
    for row in remaining:
        sku = row.product.sku_key if row.product else None
        if len(batch) == ROWS_PER_WRITE or sku in skus:
            yield batch
            batch, skus = [], set()
        batch.append(row)
        if sku:
            skus.add(sku)
    if batch:
        yield batch


def _write(upload_id: str, before: Progress, batch: list[Row]) -> Progress:
    """Write the rows in one transaction, or in several where one refuses them.

    A single row that is refused is rejected. Raises ImportedElsewhere and Unavailable.
    """

    def write_once() -> Progress:
        transaction = Transaction()
        after = _stage(transaction, upload_id, before, batch)
        if len(transaction) > ACTIONS_MAX:  # stock with several shards takes more actions
            raise TooManyActions
        transaction.commit()
        return after

    try:
        return retry(
            write_once,
            on=(ConcurrentModification, StockChanged, Contended),
            attempts=WRITE_ATTEMPTS,
            backoff_offset=BACKOFF_OFFSET,
        )
    except Throttled:
        raise
    except ROW_ERRORS as error:
        if len(batch) == 1:
            return _reject(upload_id, before, batch[0], error)
    middle = len(batch) // 2
    halfway = _write(upload_id, before, batch[:middle])
    return _write(upload_id, halfway, batch[middle:])


def _stage(
    transaction: Transaction, upload_id: str, before: Progress, batch: list[Row]
) -> Progress:
    valid = [(row.number, row.product) for row in batch if row.product]
    refused = catalog.stage_rows(
        transaction, [product for _, product in valid], by=before.owner_id, reason=upload_id
    )
    problems = [problem for row in batch for problem in row.problems]
    problems += [describe_refusal(valid[row.index][0], row.refusal) for row in refused]
    problems.sort(key=lambda problem: problem.row)
    after = before.plus(
        written=len(valid) - len(refused), errors=[to_row_error(problem) for problem in problems]
    )
    repository.stage_progress(transaction, upload_id, before, after)
    return after


def _reject(upload_id: str, before: Progress, row: Row, error: Exception) -> Progress:
    """Raises ImportedElsewhere and Unavailable."""
    problem = describe_row_error(row.number, error)
    after = before.plus(written=0, errors=[to_row_error(problem)])
    repository.record_progress(upload_id, before, after)
    observability.logger.error(
        "row not written", upload_id=upload_id, row=row.number, exc_info=error
    )
    return after


def _log_skipped(upload_id: str, reason: ImportedElsewhere) -> None:
    observability.logger.info("skipped", upload_id=upload_id, reason=str(reason))
