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
from products import service as catalog
from shared import aws, observability, started
from shared.models import RowError
from shared.transactions import ACTIONS_MAX, Transaction

ROWS_A_WRITE = (ACTIONS_MAX - 1) // catalog.ACTIONS_PER_IMPORTED_PRODUCT  # one is the checkpoint's
READ_BYTES = 65_536

started()


def handler(event: dict[str, Any], context: Any) -> None:
    """Raises what went wrong unexpectedly: Lambda tries again, then dead-letters the event."""
    observability.correlate(context.aws_request_id)
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
    """Raises ImportedElsewhere."""
    transaction = Transaction()
    accepted = [row.product for row in batch if row.product]
    for product in accepted:
        catalog.stage_import(transaction, product)
    errors = [_stored(problem) for row in batch for problem in row.problems]
    after = before.plus(written=len(accepted), errors=errors)
    repository.stage_progress(transaction, upload_id, before, after)
    transaction.commit()
    return after


def _stored(problem: Problem) -> RowError:
    return RowError(
        row=problem.row, field=problem.field, code=problem.code, message=problem.message
    )
