"""The rows of a chunk as the catalog imports them, each with what its errors name. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from files.chunks.contents import ChunkRow
from files.chunks.named_pictures import BySku, name_pictures
from files.formats.source_rows import Problem
from files.import_rows import cells_by_column, to_imported_row
from files.layouts.layout import Layout
from files.refusals import PROBLEMS_PER_ROW_MAX
from products.importing.service import ImportedRow
from shared.records import Record


class PlannedRow(Record):
    """One row of the file. `imported` is None for a rejected row, and for one without a product."""

    number: int
    imported: ImportedRow | None
    problems: tuple[Problem, ...]
    columns: Mapping[str, str]  # of each field
    source: ChunkRow
    names: Sequence[str]  # of the columns
    warnings: tuple[Problem, ...] = ()
    pictures: BySku = field(default_factory=dict)
    sku: str | None = None

    @property
    def cells(self) -> Mapping[str, str]:
        return cells_by_column(self.names, self.source.row)


Batch = tuple[PlannedRow, ...]


def plan_rows(
    layout: Layout, columns: Sequence[str], rows: Iterable[ChunkRow]
) -> Iterator[PlannedRow]:
    for each in rows:
        if each.row.problems:
            yield PlannedRow(each.row.number, None, each.row.problems, {}, each, columns)
            continue
        if each.parent and each.parent.problems:
            problem = _parent_rejected(each.row.number, each.parent.number)
            yield PlannedRow(each.row.number, None, (problem,), {}, each, columns)
            continue
        read = layout.read(each.row, each.parent)
        is_imported = read.is_product and not read.problems
        only_if_new = layout.is_beside_rejected(each.row)
        imported = to_imported_row(read, only_if_new=only_if_new) if is_imported else None
        yield PlannedRow(
            read.number,
            imported,
            read.problems[:PROBLEMS_PER_ROW_MAX],
            read.columns,
            each,
            columns,
            warnings=read.warnings,
            pictures={} if read.problems else name_pictures(read),
            sku=read.fields.get("sku"),
        )


def _parent_rejected(row: int, parent: int) -> Problem:
    """Its cells may be in the wrong columns."""
    message = f"Row {parent} is its product, and is rejected. Correct that row, and send both."
    return Problem(row, None, "parent_rejected", message)
