"""From the columns of a file to rows of the catalog's import. Pure, except for the shop's settings.

A worker reads the rows of its chunk exactly as the planner understood the file: the same columns,
with the same mapping, give the same layout.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from files.formats.source_rows import SourceRow, shorten
from files.layouts.import_rows import ImportDefaults, ImportRow
from files.layouts.layout import Layout
from files.layouts.mappings import FileMapping
from files.layouts.recognition import recognise
from files.options import ImportOptions
from products.importing.service import ImportedRow
from shared.config import CatalogSettings, settings


def recognise_columns(
    columns: Sequence[str], options: ImportOptions, empty: Sequence[str] = ()
) -> Layout:
    """`empty`: columns that have no cell in the rows that the planner saw. Raises BrokenFile."""
    mapping = options.mapping and FileMapping.model_validate(options.mapping)
    currency = options.currency or settings(CatalogSettings).shop_currency
    defaults = ImportDefaults(currency, is_currency_chosen=options.currency is not None)
    return recognise(columns, mapping or None, defaults, empty=empty)


def to_imported_row(row: ImportRow, *, only_if_new: bool) -> ImportedRow:
    return ImportedRow(
        row.fields,
        currency_is_assumed=row.currency_is_assumed,
        adds_attributes=row.adds_attributes,
        only_if_new=only_if_new,
        oversold=row.oversold,
    )


def cells_by_column(columns: Sequence[str], row: SourceRow) -> Mapping[str, str]:
    """What an error repeats: the start of each cell."""
    cells: Mapping[str, Any] = (
        row.cells if isinstance(row.cells, dict) else dict(zip(columns, row.cells, strict=False))
    )
    return {name: shorten(str(value)) for name, value in cells.items() if value not in (None, "")}
