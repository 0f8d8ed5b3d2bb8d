"""S3 event -> products and stock.

The file is read twice, as a stream: first for its form alone, so that a broken file changes
nothing; then row by row into transactions that hold the rows, their stock and the upload's
checkpoint together. A run that is cut off goes on at the checkpoint, and a second delivery of the
event finds nothing to do: no row counts twice, and no stock that has sold since is set back.
"""

import io
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO
from urllib.parse import unquote_plus

from files import repository
from files.repository import ImportedElsewhere, Progress
from files.rows import BrokenFile, Problem, Row, check, rows
from files.service import KEY_PREFIX
from products.importing import service as catalog
from shared import aws, freeze_gc, observability
from shared.errors.base import AppError
from shared.errors.requests import ConcurrentModification
from shared.retries import pause
from shared.storage.models.uploads import RowError
from shared.storage.stock import StockChanged
from shared.storage.transactions import ACTIONS_MAX, Contended, Transaction

TRIES = 6  # at rows that staff edit, or customers buy, at the same time
PATIENCE = 4  # doublings of the pause that a customer would not wait for: 25 s in all at the most
_CHECKPOINT = 1
ROWS_A_WRITE = (ACTIONS_MAX - _CHECKPOINT - catalog.ACTIONS_PER_WRITE) // catalog.ACTIONS_PER_ROW
READ_BYTES = 65_536

freeze_gc()


def handler(event: dict[str, Any], context: Any) -> None:
    """Raises what went wrong unexpectedly: Lambda tries again, then dead-letters the event."""
    observability.set_log_context(context.aws_request_id)
    for record in event["Records"]:
        entity = record["s3"]
        key = unquote_plus(entity["object"]["key"])
        upload_id = key.removeprefix(KEY_PREFIX)
        try:
            _import(upload_id, _File(entity, key))
        except ImportedElsewhere as reason:
            observability.logger.info("skipped", upload_id=upload_id, reason=str(reason))


class _File:
    """The object as it was when the event was sent; a later one under its key is another file."""

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


def _import(upload_id: str, file: _File) -> None:
    """Raises ImportedElsewhere."""
    progress = repository.begin(upload_id, file.etag)
    try:
        check(file.open())
    except BrokenFile as broken:
        problem = Problem(broken.row, broken.field, broken.code, str(broken))
        repository.finish(upload_id, "failed", (_stored(problem),))
        observability.logger.info("import failed", upload_id=upload_id, code=broken.code)
        return
    for batch in _batches(islice(rows(file.open()), progress.rows, None)):
        progress = _write(upload_id, progress, batch)
    repository.finish(upload_id, "completed", progress.errors)
    observability.logger.info(
        "imported", upload_id=upload_id, written=progress.written, rejected=progress.rejected
    )


def _batches(remaining: Iterator[Row]) -> Iterator[list[Row]]:
    """As many rows as a transaction takes, no SKU twice among them: the later row must win."""
    batch: list[Row] = []
    skus: set[str] = set()
    for row in remaining:
        sku = row.product.sku if row.product else None
        if len(batch) == ROWS_A_WRITE or sku in skus:
            yield batch
            batch, skus = [], set()
        batch.append(row)
        if sku:
            skus.add(sku)
    if batch:
        yield batch


def _write(upload_id: str, before: Progress, batch: list[Row]) -> Progress:
    """Raises ImportedElsewhere, and ConcurrentModification when others were faster each time."""
    for retry in range(TRIES):
        if retry:
            pause(retry + PATIENCE)
        transaction = Transaction()
        after = _stage(transaction, upload_id, before, batch)
        if len(transaction) > ACTIONS_MAX:  # stock that is split into buckets takes more of them
            middle = len(batch) // 2
            halfway = _write(upload_id, before, batch[:middle])
            return _write(upload_id, halfway, batch[middle:])
        try:
            transaction.commit()
        except (ConcurrentModification, StockChanged, Contended):
            continue
        return after
    raise ConcurrentModification(
        "These products are being edited. The import is tried again later."
    )


def _stage(
    transaction: Transaction, upload_id: str, before: Progress, batch: list[Row]
) -> Progress:
    read = [(row.number, row.product) for row in batch if row.product]
    refused = catalog.stage(
        transaction, [product for _, product in read], by=before.owner_id, reason=upload_id
    )
    problems = [problem for row in batch for problem in row.problems]
    problems += [_problem(read[row.at][0], row.refusal) for row in refused]
    problems.sort(key=lambda problem: problem.row)
    after = before.plus(
        written=len(read) - len(refused), errors=[_stored(problem) for problem in problems]
    )
    repository.stage_progress(transaction, upload_id, before, after)
    return after


def _problem(number: int, refusal: AppError) -> Problem:
    return Problem(number, None, refusal.code, refusal.message)


def _stored(problem: Problem) -> RowError:
    return RowError(
        row=problem.row, field=problem.field, code=problem.code, message=problem.message
    )
