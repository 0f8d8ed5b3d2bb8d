"""Reads rows through a layout, as the planner and the workers of an import do."""

from collections.abc import Sequence
from typing import Any

from files.formats.source_rows import SourceRow
from files.layouts.import_rows import ImportDefaults, ImportRow
from files.layouts.mappings import FileMapping
from files.layouts.recognition import recognise

EUROS = ImportDefaults(currency="EUR")


def read_all(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    mapping: dict[str, Any] | None = None,
    defaults: ImportDefaults = EUROS,
) -> list[ImportRow]:
    """Each row with the parent that it needs, wherever that stands."""
    layout = recognise(columns, FileMapping.model_validate(mapping) if mapping else None, defaults)
    sources = [SourceRow(number, list(cells)) for number, cells in enumerate(rows, start=2)]
    sources = sorted(layout.join_rows(sources), key=lambda source: source.number)
    parents: dict[str, SourceRow] = {}
    for source in sources:
        parents = dict.fromkeys(layout.parent_keys(source), source) | parents
    needed = [layout.needs_parent(source) for source in sources]
    return [
        layout.read(source, parents.get(key) if key else None)
        for source, key in zip(sources, needed, strict=True)
    ]


def read_row(
    row: dict[str, str],
    mapping: dict[str, Any] | None = None,
    defaults: ImportDefaults = EUROS,
) -> ImportRow:
    (found,) = read_all(list(row), [list(row.values())], mapping, defaults)
    return found


def read_object(members: dict[str, Any], mapping: dict[str, Any] | None = None) -> ImportRow:
    """A member of a JSON file."""
    layout = recognise((), FileMapping.model_validate(mapping) if mapping else None, EUROS)
    return layout.read(SourceRow(1, members), None)


def problems(row: ImportRow) -> list[tuple[str | None, str]]:
    """The column and the code of each problem."""
    return [(problem.field, problem.code) for problem in row.problems]
