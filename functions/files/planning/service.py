"""Reads an uploaded file, and cuts it into chunks that workers import side by side.

The file is read as a stream. Its chunks are stored with the upload, and no row is written before
the whole file is read: a file that breaks in its middle changes nothing. A run that has little time
left hands over. The next one reads the file again, and continues after the chunks that are stored.

If rows can take fields from others, the file is first searched for those that stand behind them
(ADR 76).
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, BinaryIO

from aws_lambda_powertools.utilities.typing import LambdaContext

from files import repository, stored_files
from files.finishing.service import end_as_failed
from files.formats.readers import SourceTable, open_table
from files.formats.source_rows import BrokenFile, Problem, SourceRow, count_bytes
from files.import_rows import recognise_columns
from files.layouts.layout import Layout
from files.missing_products.service import IDS_PART, count_missing
from files.options import ImportOptions
from files.parents.search import ParentSearch
from files.parents.service import find_parents
from files.planning.chunk_cutting import ChunkCutter
from files.refusals import to_row_error
from files.repository import WARNINGS_KEPT
from files.seen_keys import SeenKeys
from files.stored_files import StoredFile, chunk_name
from shared import observability
from shared.records import Record
from shared.storage.models.uploads import Upload

MILLISECONDS_PER_CHUNK = 10_000  # a chunk that takes longer is stored by the next run
HEADER_BYTES_MAX = 30_000  # one item has them all
COLUMNS_SHOWN = 200
SAMPLE_ROWS = 500  # that show which columns are empty
SAMPLE_BYTES = 4_000_000


class _OpenFile(Record):
    """A file from its first row on."""

    table: SourceTable
    rows: Iterator[SourceRow]
    layout: Layout
    empty: Sequence[str]  # columns

    def describe(self, more_warnings: Sequence[Problem]) -> dict[str, Any]:
        """What was recognised, as the upload shows it."""
        table, layout = self.table, self.layout
        # The table has warned of the first columns without a name.
        of_layout = [each for each in layout.warnings if each.code != "nameless_column"]
        found = (*table.warnings, *of_layout, *more_warnings)
        uses = [[each.field, each.note] for each in layout.columns]
        return {
            "format_json": table.format.to_dict(),
            "columns_json": {
                "layout": layout.name,
                "names": list(table.columns),
                "empty": [table.columns.index(column) for column in self.empty],
                "uses": uses[:COLUMNS_SHOWN],
            },
            "warnings": [to_row_error(each) for each in found[:WARNINGS_KEPT]],
        }


def plan_import(upload: Upload, file: StoredFile, context: LambdaContext) -> Upload | None:
    """Store the chunks. Returns the upload in its first phase; None if it is not planned yet.

    Raises ImportedElsewhere, and errors after which another run must continue.
    """
    observability.logger.info("planning", upload_id=upload.upload_id)
    try:
        with file.open() as stream:
            opened = _open(upload, stream)
            if not opened.layout.has_parents:
                return _cut(upload, opened, None, context)
            layout = opened.layout
            del opened  # so that the texts of a workbook are on the disk once
            parents = find_parents(upload, layout, lambda: _open(upload, stream).rows, context)
            if parents is None:
                return None
            return _cut(upload, _open(upload, stream), parents, context)
    except BrokenFile as broken:
        problem = Problem(broken.row or 1, broken.field, broken.code, str(broken))
        warnings = [to_row_error(each) for each in broken.warnings[:WARNINGS_KEPT]]
        end_as_failed(upload, problem, {"warnings": warnings})
        return None


def _open(upload: Upload, stream: BinaryIO) -> _OpenFile:
    """Raises BrokenFile."""
    table = open_table(stream, filename=upload.filename)
    options = ImportOptions.from_stored(upload.options)
    try:
        _require_short(table.columns)
        rows = iter(table)
        first = list(_take_sample(rows))
        empty = _find_empty(table.columns, first)
        layout = recognise_columns(table.columns, options, empty)
    except BrokenFile as broken:  # such as: only the first sheet is read
        broken.warnings = table.warnings
        raise
    return _OpenFile(table, chain(first, rows), layout, empty)


def _cut(
    upload: Upload, opened: _OpenFile, parents: ParentSearch | None, context: LambdaContext
) -> Upload | None:
    """Raises BrokenFile."""
    options = ImportOptions.from_stored(upload.options)
    far = parents.found if parents else None
    cutter = ChunkCutter(opened.layout, far, collects_ids=options.missing == "archive")
    for _ in zip(range(int(upload.rows_skipped)), opened.rows, strict=False):
        pass
    stored, number = _count_stored(upload, opened.layout), 0
    for number, chunk in enumerate(cutter.cut(opened.rows), start=1):
        if number <= stored:
            continue
        if context.get_remaining_time_in_millis() < MILLISECONDS_PER_CHUNK:
            repository.hand_over(upload, chunks_done=number - 1)
            return None
        stored_files.put_part(upload.upload_id, chunk_name(number), chunk.to_bytes())
    if cutter.ids is not None:
        _require_percentage(cutter.ids, options)
        stored_files.put_part(upload.upload_id, IDS_PART, cutter.ids.to_bytes())
    plan = opened.describe(parents.warnings if parents else ())
    plan |= {"chunks": number, "chunks_done": 0}
    plan["rows_total"] = cutter.rows + int(upload.rows_skipped)
    return repository.store_plan(upload, options.first_phase, plan)


def _count_stored(upload: Upload, layout: Layout) -> int:
    """The chunks that an earlier run stored. Code that knew no search has cut them elsewhere."""
    has_searched = upload.attribute_values.get("parent_parts") is not None
    is_cut_alike = has_searched or not layout.has_parents
    return int(upload.chunks_done) if is_cut_alike else 0


def _take_sample(rows: Iterator[SourceRow]) -> Iterator[SourceRow]:
    """The first rows, as far as they are not too long for the memory."""
    size = 0
    for number, row in enumerate(rows, start=1):
        yield row
        size += count_bytes(row)
        if number == SAMPLE_ROWS or size > SAMPLE_BYTES:
            return


def _find_empty(columns: Sequence[str], rows: Sequence[SourceRow]) -> list[str]:
    """The columns without a cell in these rows."""
    used = {
        place
        for row in rows
        if isinstance(row.cells, list)
        for place, cell in enumerate(row.cells)
        if cell.strip()
    }
    return [column for place, column in enumerate(columns) if place not in used]


def _require_short(columns: Sequence[str]) -> None:
    """Raises BrokenFile."""
    if sum(len(column.encode("utf-8", "replace")) for column in columns) > HEADER_BYTES_MAX:
        message = f"The header has more than {HEADER_BYTES_MAX:,} bytes. Shorten it."
        raise BrokenFile("header_too_long", message, row=1)


def _require_percentage(in_file: SeenKeys, options: ImportOptions) -> None:
    """Raises BrokenFile if the import would archive more products than the caller allows."""
    found = count_missing(in_file)
    if found.exceed(options.archive_percent_max):
        message = (
            f"The file lacks {found.missing:,} of {found.current:,} products, more than "
            "`archive_percent_max` allows. Check that the file is complete, or raise the "
            "percentage."
        )
        raise BrokenFile("too_many_missing", message)
