"""Opens a file of any format as a table of rows. It is read as a stream, in constant memory. Pure.

The format is judged by content. The name of the file decides between equals.
"""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from files.formats.csv_rows import CsvRows
from files.formats.decoding import Text
from files.formats.delimiters import find_delimiter, take_hint, take_sample
from files.formats.json_rows import JsonLinesRows
from files.formats.lines import Lines
from files.formats.source_rows import (
    BrokenFile,
    FileFormat,
    Problem,
    SourceRow,
    Warnings,
)

__all__ = ["BrokenFile", "FileFormat", "SourceTable", "open_table"]


class SourceTable:
    """An open file. Iterate once.

    `columns` are those of the header, trimmed, and "" for a column without a name. JSON has none:
    the members of its objects name themselves. `warnings` grow while rows are read.
    """

    def __init__(
        self,
        file_format: FileFormat,
        columns: Iterable[str],
        rows: Iterable[SourceRow],
        warnings: Warnings,
        text: Text | None = None,
    ) -> None:
        self._format = file_format
        self._text = text
        self._rows = rows
        self.columns = tuple(columns)
        self.warnings: list[Problem] = warnings

    @property
    def format(self) -> FileFormat:
        """Its encoding is UTF-8 as long as nothing but ASCII was read."""
        if self._text is None:
            return self._format
        return self._format.replace(encoding=self._text.encoding or "utf-8")

    def __iter__(self) -> Iterator[SourceRow]:
        """Raises BrokenFile, with the row, where the file cannot be read any further."""
        return iter(self._rows)


def open_table(file: BinaryIO, *, filename: str) -> SourceTable:
    """`file` is seekable. Raises BrokenFile."""
    warnings = Warnings()
    name = filename.lower()
    text = Text(file.read, warnings)
    lines = Lines(text)
    sample = take_sample(iter(lines))
    if _is_json(sample):
        return SourceTable(
            FileFormat("json_lines"), (), JsonLinesRows(lines, sample), warnings, text
        )
    delimiter = take_hint(sample) or find_delimiter(sample, is_tsv=".tsv" in name)
    rows = CsvRows(lines, sample, delimiter)
    for place, column in enumerate(rows.columns, start=1):
        if not column:
            message = f"Column {place} has no name, and is ignored while its cells are empty."
            warnings.add(Problem(1, None, "nameless_column", message))
    return SourceTable(FileFormat("csv", delimiter=delimiter), rows.columns, rows, warnings, text)


def _is_json(sample: list[str]) -> bool:
    first = next((line for line in sample if line.strip()), "")
    return first.lstrip().startswith("{")
