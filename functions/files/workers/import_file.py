"""S3 event -> products and stock.

The worker reads the file twice, as a stream. It checks the form of the whole file first, so that a
broken file changes nothing. Then it writes the rows. Each transaction holds some rows, their stock
and the upload's checkpoint. An interrupted run continues at the checkpoint, and a second delivery
of the event finds nothing to do: no row counts twice, and units sold since stay sold.
"""

import io
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO
from urllib.parse import unquote_plus

from files import repository
from files.repository import ImportedElsewhere, Progress
from files.rows import BrokenFile, Problem, Row, check_file, read_rows
from files.service import KEY_PREFIX
from products.importing import service as catalog
from shared import aws, freeze_gc, observability
from shared.errors.requests import ConcurrentModification
from shared.retries import retry
from shared.storage.models.uploads import RowError
from shared.storage.stock import StockChanged
from shared.storage.transactions import ACTIONS_MAX, Contended, Transaction

WRITE_ATTEMPTS = 6  # at rows that staff edit or customers buy at the same time
BACKOFF_OFFSET = 4  # skips the shortest waits: no customer waits here. At most 25 s in all
_CHECKPOINT = 1
ROWS_PER_WRITE = (ACTIONS_MAX - _CHECKPOINT - catalog.ACTIONS_PER_WRITE) // catalog.ACTIONS_PER_ROW
READ_BYTES = 65_536

freeze_gc()


def handler(event: dict[str, Any], context: Any) -> None:
    """Raises unexpected errors: Lambda tries again, then sends the event to the dead letters."""
    observability.set_log_context(context.aws_request_id)
    for record in event["Records"]:
        entity = record["s3"]
        key = unquote_plus(entity["object"]["key"])
        upload_id = key.removeprefix(KEY_PREFIX)
        try:
            _import_file(upload_id, _File(entity, key))
        except ImportedElsewhere as reason:
            observability.logger.info("skipped", upload_id=upload_id, reason=str(reason))


class _File:
    """The version of the object that the event names. A later object with this key is another."""

    def __init__(self, entity: dict[str, Any], key: str) -> None:
        sent = entity["object"]
        self.etag: str = sent["eTag"]
        self._source = {
            "Bucket": entity["bucket"]["name"],
            "Key": key,
            "VersionId": sent["versionId"],
        }

    def open(self) -> BinaryIO:
        body = aws.client("s3").get_object(**self._source)["Body"]
        return io.BufferedReader(body, READ_BYTES)


def _import_file(upload_id: str, file: _File) -> None:
    """Raises ImportedElsewhere."""
    progress = repository.start_import(upload_id, file.etag)
    try:
        check_file(file.open())
    except BrokenFile as broken:
        problem = Problem(broken.row, broken.field, broken.code, str(broken))
        repository.finish_import(upload_id, "failed", (_to_row_error(problem),))
        observability.logger.info("import failed", upload_id=upload_id, code=broken.code)
        return
    for batch in _batches(islice(read_rows(file.open()), progress.rows, None)):
        progress = _write(upload_id, progress, batch)
    repository.finish_import(upload_id, "completed", progress.errors)
    observability.logger.info(
        "imported", upload_id=upload_id, written=progress.written, rejected=progress.rejected
    )


def _batches(remaining: Iterator[Row]) -> Iterator[list[Row]]:
    """As many rows as a transaction takes. A batch has each SKU once: the later row must win."""
    batch: list[Row] = []
    skus: set[str] = set()
    for row in remaining:
        sku = row.product.sku if row.product else None
        if len(batch) == ROWS_PER_WRITE or sku in skus:
            yield batch
            batch, skus = [], set()
        batch.append(row)
        if sku:
            skus.add(sku)
    if batch:
        yield batch


def _write(upload_id: str, before: Progress, batch: list[Row]) -> Progress:
    """Raises ImportedElsewhere, and after WRITE_ATTEMPTS what the last attempt raised."""

    def write_once() -> Progress | None:
        transaction = Transaction()
        after = _stage(transaction, upload_id, before, batch)
        if len(transaction) > ACTIONS_MAX:  # stock with several shards takes more actions
            return None
        transaction.commit()
        return after

    after = retry(
        write_once,
        on=(ConcurrentModification, StockChanged, Contended),
        attempts=WRITE_ATTEMPTS,
        backoff_offset=BACKOFF_OFFSET,
    )
    if after is None:
        middle = len(batch) // 2
        halfway = _write(upload_id, before, batch[:middle])
        return _write(upload_id, halfway, batch[middle:])
    return after


def _stage(
    transaction: Transaction, upload_id: str, before: Progress, batch: list[Row]
) -> Progress:
    valid = [(row.number, row.product) for row in batch if row.product]
    refused = catalog.stage_rows(
        transaction, [product for _, product in valid], by=before.owner_id, reason=upload_id
    )
    problems = [problem for row in batch for problem in row.problems]
    problems += [
        Problem(valid[row.index][0], None, row.refusal.code, row.refusal.message) for row in refused
    ]
    problems.sort(key=lambda problem: problem.row)
    after = before.plus(
        written=len(valid) - len(refused), errors=[_to_row_error(problem) for problem in problems]
    )
    repository.stage_progress(transaction, upload_id, before, after)
    return after


def _to_row_error(problem: Problem) -> RowError:
    return RowError(
        row=problem.row, field=problem.field, code=problem.code, message=problem.message
    )
