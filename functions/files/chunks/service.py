"""Imports the rows of one chunk, or checks them, in transactions that store a checkpoint.

Each transaction holds some rows, their stock and the chunk's checkpoint. A run continues at the
checkpoint, and a second delivery of the message finds nothing to do: no row counts twice, and units
sold since stay sold. A row that cannot be written is rejected, and the others are written.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from files import stored_files
from files.chunks import repository
from files.chunks.batches import Batch, PlannedRow, plan_rows
from files.chunks.contents import read_chunk
from files.chunks.named_pictures import BySku, join_by_sku
from files.chunks.pictures import SentPictures, send_pictures, warn_of_too_many
from files.chunks.repository import Checkpoint, Found, Progress
from files.formats.source_rows import Problem
from files.import_rows import recognise_columns
from files.options import ImportOptions
from files.refusals import (
    CONFLICTS,
    ROW_ERRORS,
    TooManyActions,
    describe_refusal,
    describe_row_error,
    to_list,
    to_row_error,
)
from files.stored_files import chunk_name
from products.importing import service as catalog
from products.importing.service import CategoriesByName, ImportContext
from shared import observability
from shared.records import Record
from shared.retries import retry
from shared.storage.models.uploads import RowError, Upload
from shared.storage.transactions import ACTIONS_MAX, Throttled, Transaction

WRITE_ATTEMPTS = 6  # at rows that staff edit or customers buy at the same time
BACKOFF_OFFSET = 4  # skips the shortest waits: no customer waits here. At most 25 s in all
_CHECKPOINT = 2  # the chunk's counts, and its rejected rows
ROWS_PER_WRITE = (ACTIONS_MAX - _CHECKPOINT - catalog.ACTIONS_PER_WRITE) // catalog.ACTIONS_PER_ROW
MILLISECONDS_PER_WRITE = 5_000  # a write that takes longer is repeated by the next run
ERRORS_SHOWN = 20  # of a chunk, until the import ends
WARNINGS_SHOWN = 5
CHANGES_SHOWN = 20


class OutOfTime(Exception):
    """The run has no time for more rows: another one continues."""


class DoneChunk(Record):
    chunks_done: int
    chunks: int
    rejected: int

    @property
    def is_last(self) -> bool:
        return self.chunks_done >= self.chunks


class _Seen(Record, frozen=False):
    """What a run has found in its rows."""

    problems: list[Problem] = field(default_factory=list)
    changes: list[list[Any]] = field(default_factory=list)  # row, SKU, outcome, changed fields

    def add(self, other: "_Seen") -> None:
        self.problems += other.problems
        self.changes += other.changes


class _Run(Record):
    upload: Upload
    chunk: int
    is_check: bool
    context: ImportContext


def import_chunk(upload: Upload, chunk: int, context: LambdaContext) -> DoneChunk:
    """Raises ImportedElsewhere, OutOfTime, and errors after which another run must continue."""
    options = ImportOptions.from_stored(upload.options)
    phase = str(upload.phase)
    progress = repository.find_progress(upload.upload_id, phase, chunk)
    if progress.is_done:
        return DoneChunk(int(upload.chunks_done), int(upload.chunks or 0), progress.rejected)
    run = _Run(upload, chunk, phase == "checking", _context(upload, options))
    seen = _Seen()
    warnings: list[RowError] = []
    pictures = SentPictures()
    if upload.status == "running":  # otherwise the rows that are written are counted, no more
        rows = list(_read_rows(upload, chunk, options))
        for batch in _batches(rows, progress.rows_done):
            if context.get_remaining_time_in_millis() < MILLISECONDS_PER_WRITE:
                raise OutOfTime
            progress = _write(run, progress, batch, seen)
            if run.context.stops_at_refusal and progress.rejected:
                break
        by_sku = _join_pictures(run, rows[: progress.rows_done], progress)
        if not run.is_check:
            pictures = send_pictures(upload.upload_id, by_sku)
        found_in_rows = [each for row in rows for each in row.warnings]
        of_pictures = [*warn_of_too_many(by_sku), *pictures.left_out]
        warnings = [to_row_error(each) for each in (*found_in_rows, *of_pictures)]
    found = Found(
        errors=[to_row_error(each) for each in seen.problems[:ERRORS_SHOWN]],
        warnings=warnings[:WARNINGS_SHOWN],
        changes=seen.changes[:CHANGES_SHOWN],
        pictures=pictures.count,
    )
    chunks_done, chunks = repository.finish_chunk(upload, chunk, progress, found)
    return DoneChunk(chunks_done, chunks, progress.rejected)


def _join_pictures(run: _Run, rows: Iterable[PlannedRow], done: Progress) -> BySku:
    """Those of rows that are imported. A rejected row changes nothing."""
    with_pictures = [row for row in rows if row.pictures]
    if with_pictures and done.rejected:
        rejected = repository.list_rejected_rows(run.upload, run.chunk)
        with_pictures = [row for row in with_pictures if row.number not in rejected]
    return join_by_sku(row.pictures for row in with_pictures)


def _context(upload: Upload, options: ImportOptions) -> ImportContext:
    is_check = upload.phase == "checking"
    return ImportContext(
        by=upload.owner_id,
        reason=upload.upload_id,
        categories=CategoriesByName(is_dry_run=is_check),
        counts=options.stock_counts,
        stops_at_refusal=options.is_in_order,
        is_check=is_check,
    )


def _read_rows(upload: Upload, chunk: int, options: ImportOptions) -> Iterator[PlannedRow]:
    found = upload.columns_json or {}
    columns = found.get("names", [])
    empty = [columns[place] for place in found.get("empty", ())]
    layout = recognise_columns(columns, options, empty)
    content = stored_files.read_part(upload.upload_id, chunk_name(chunk))
    return plan_rows(layout, columns, read_chunk(content))


def _batches(rows: Iterable[PlannedRow], skip: int) -> Iterator[Batch]:
    """As many rows as a transaction takes, without those that are done."""
    batch: list[PlannedRow] = []
    for number, row in enumerate(rows):
        if number < skip:
            continue
        batch.append(row)
        if len(batch) == ROWS_PER_WRITE:
            yield tuple(batch)
            batch = []
    if batch:
        yield tuple(batch)


def _write(run: _Run, before: Progress, batch: Batch, seen: _Seen) -> Progress:
    """Write the rows in one transaction, or in several where one refuses them.

    A single row that is refused is rejected. `seen` gets what is found in the rows. Raises
    ImportedElsewhere and Unavailable.
    """

    def write_once() -> tuple[Progress, _Seen]:
        transaction = Transaction()
        after, found = _stage(transaction, run, before, batch)
        if len(transaction) > ACTIONS_MAX:  # stock with several shards takes more actions
            raise TooManyActions
        transaction.commit()
        return after, found

    try:
        after, found = retry(
            write_once, on=CONFLICTS, attempts=WRITE_ATTEMPTS, backoff_offset=BACKOFF_OFFSET
        )
    except Throttled:
        raise
    except ROW_ERRORS as error:
        if len(batch) == 1:
            return _reject(run, before, batch[0], error, seen)
        middle = len(batch) // 2
        halfway = _write(run, before, batch[:middle], seen)
        if run.context.stops_at_refusal and halfway.rejected:
            return halfway
        return _write(run, halfway, batch[middle:], seen)
    seen.add(found)
    return after


def _stage(
    transaction: Transaction, run: _Run, before: Progress, batch: Batch
) -> tuple[Progress, _Seen]:
    if run.context.stops_at_refusal:
        batch = _up_to_a_problem(batch)
    products = [row for row in batch if row.imported]
    staged = Transaction() if run.is_check else transaction  # a check writes nothing but counts
    results = catalog.stage_rows(staged, [r.imported for r in products if r.imported], run.context)
    seen, outcomes = _Seen(), [result.outcome or "rejected" for result in results]
    done = _rows_done(batch, products, outcomes)
    seen.problems += [problem for row in batch[:done] for problem in row.problems]
    for row, result in zip(products, results, strict=False):
        if result.refusal:
            seen.problems += describe_refusal(row.number, result.refusal, row.columns, row.cells)
        elif run.is_check and result.outcome != "unchanged":
            seen.changes.append([row.number, row.sku, result.outcome, list(result.changed)])
    seen.problems.sort(key=lambda problem: problem.row)
    counts = {name: outcomes.count(name) for name in ("created", "updated", "unchanged")}
    rejected = outcomes.count("rejected") + sum(bool(row.problems) for row in batch[:done])
    after = before.plus(rows_done=done, rejected=rejected, **counts)
    lists = [to_list(problem) for problem in seen.problems]
    repository.stage_progress(transaction, run.upload, Checkpoint(run.chunk, before, after, lists))
    return after, seen


def _up_to_a_problem(batch: Batch) -> Batch:
    """The rows up to the first one that is rejected for its form."""
    at = next((n for n, row in enumerate(batch, start=1) if row.problems), len(batch))
    return batch[:at]


def _rows_done(batch: Batch, products: Sequence[PlannedRow], outcomes: Sequence[str]) -> int:
    """All, unless the import stops at a refused row."""
    if len(outcomes) == len(products):
        return len(batch)
    return batch.index(products[len(outcomes) - 1]) + 1


def _reject(
    run: _Run, before: Progress, row: PlannedRow, error: Exception, seen: _Seen
) -> Progress:
    """Raises ImportedElsewhere and Unavailable."""
    problem = describe_row_error(row.number, error)
    after = before.plus(rows_done=1, rejected=1)
    transaction = Transaction()
    repository.stage_progress(
        transaction, run.upload, Checkpoint(run.chunk, before, after, [to_list(problem)])
    )
    transaction.commit()
    observability.logger.error(
        "row not written", upload_id=run.upload.upload_id, row=row.number, exc_info=error
    )
    seen.problems.append(problem)
    return after
