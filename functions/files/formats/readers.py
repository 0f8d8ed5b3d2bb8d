"""Opens a file of any format as a table of rows. It is read as a stream, in constant memory. Pure.

The format is judged by content. The name of the file decides between equals.
"""

import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from files.formats.csv_rows import CsvRows
from files.formats.decoding import LOOK_AHEAD_BYTES, Text, find_encoding
from files.formats.delimiters import find_delimiter, take_hint, take_sample
from files.formats.json_rows import JsonLinesRows
from files.formats.lines import Lines
from files.formats.signatures import GZIP, ZIP, refuse_other_formats
from files.formats.source_rows import (
    BrokenFile,
    Compression,
    FileFormat,
    Problem,
    SourceRow,
    Warnings,
)
from files.formats.unpacking import (
    UNPACKED_BYTES_MAX,
    Readable,
    open_gzip,
    open_only_file,
    open_zip,
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
        rows: Iterable[SourceRow],
        warnings: Warnings,
        *,
        columns: Iterable[str] = (),
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
        rows = iter(self._rows)
        first = next(rows, None)
        if first is None:
            raise BrokenFile("no_rows", "The file has no rows. Add one for each product.")
        yield first
        yield from rows


def open_table(file: BinaryIO, *, filename: str) -> SourceTable:
    """`file` is seekable, and stays open while rows are read. Raises BrokenFile."""
    if file.seek(0, io.SEEK_END) > UNPACKED_BYTES_MAX:
        message = f"The file has more than {UNPACKED_BYTES_MAX} bytes. Divide it."
        raise BrokenFile("file_too_large", message)
    file.seek(0)
    head = _read_head(file)
    if head.startswith(GZIP):
        stream = open_gzip(file)
        return _open_text(stream, _read_head(stream), "gzip", filename)
    if head.startswith(ZIP):
        return _open_zip(file, filename)
    return _open_text(file, head, None, filename)


def _open_zip(file: BinaryIO, filename: str) -> SourceTable:
    archive = open_zip(file)
    if "[Content_Types].xml" not in archive.namelist():
        stream = open_only_file(archive)
        return _open_text(stream, _read_head(stream), "zip", filename)
    from files.formats.xlsx_package import open_workbook  # noqa: PLC0415 (most files are none)
    from files.formats.xlsx_rows import XlsxRows  # noqa: PLC0415

    warnings = Warnings()
    rows = XlsxRows(open_workbook(archive), warnings)
    _warn_of_nameless(rows.columns, warnings)
    return SourceTable(FileFormat("xlsx"), rows, warnings, columns=rows.columns)


def _open_text(
    stream: Readable, head: bytes, compression: Compression | None, filename: str
) -> SourceTable:
    refuse_other_formats(head, is_unpacked=compression is not None)
    encoding, head = find_encoding(head)
    is_json = head.lstrip(b" \t\r\n\0")[:1] in (b"{", b"[")
    if is_json and encoding not in (None, "utf-8"):
        raise BrokenFile("not_utf8", "JSON is UTF-8. Save the file as UTF-8.", row=1)
    warnings = Warnings()
    text = Text(stream.read, head, "utf-8" if is_json else encoding, warnings)
    if is_json:
        return _open_json(text, head, compression, warnings)
    lines = Lines(text)
    sample = take_sample(iter(lines))
    delimiter = take_hint(sample) or find_delimiter(sample, is_tsv=_is_tsv(filename))
    rows = CsvRows(lines, sample, delimiter)
    _warn_of_nameless(rows.columns, warnings)
    file_format = FileFormat("csv", compression, delimiter=delimiter)
    return SourceTable(file_format, rows, warnings, columns=rows.columns, text=text)


def _open_json(
    text: Text, head: bytes, compression: Compression | None, warnings: Warnings
) -> SourceTable:
    """One object on each line; or an array, or objects of several lines each."""
    first_line = head.lstrip(b" \t\r\n").splitlines()[0].strip()
    if first_line == b"{" or first_line.startswith(b"["):
        from files.formats.json_values import JsonValuesRows  # noqa: PLC0415 (seldom)

        return SourceTable(
            FileFormat("json", compression), JsonValuesRows(text), warnings, text=text
        )
    rows = JsonLinesRows(Lines(text))
    return SourceTable(FileFormat("json_lines", compression), rows, warnings, text=text)


def _is_tsv(filename: str) -> bool:
    return filename.lower().removesuffix(".gz").removesuffix(".zip").endswith((".tsv", ".tab"))


def _warn_of_nameless(columns: tuple[str, ...], warnings: Warnings) -> None:
    for place, column in enumerate(columns, start=1):
        if not column:
            message = f"Column {place} has no name, and is ignored while its cells are empty."
            warnings.add(Problem(1, None, "nameless_column", message))


def _read_head(stream: Readable) -> bytes:
    head = b""
    while len(head) < LOOK_AHEAD_BYTES and (more := stream.read(LOOK_AHEAD_BYTES - len(head))):
        head += more
    return head
