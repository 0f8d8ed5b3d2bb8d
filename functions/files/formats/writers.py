"""Writes rows in any format that can be read: error files and exports. Pure.

The same rows give the same bytes. Text is UTF-8, in CSV with a byte order mark, as Excel needs one.
"""

import csv
import gzip
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import Any, Protocol

from files.formats.formulas import defuse
from files.formats.source_rows import FileFormat
from files.formats.xlsx_writing import ENTRY_TIME, SheetWriter, write_package

Cells = Sequence[str] | Mapping[str, Any]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SUFFIXES = {"csv": "csv", "json_lines": "jsonl", "json": "json", "xlsx": "xlsx"}
_SUFFIX_BY_COMPRESSION = {None: "", "gzip": ".gz", "zip": ".zip"}


class WriteOnly(Protocol):
    def write(self, data: bytes, /) -> object: ...


class RowWriter(Protocol):
    def write(self, cells: Cells, /) -> None:
        """The cells in the order of the columns, or by column. A missing one is empty."""


def suffix_of(file_format: FileFormat) -> str:
    """What the name of such a file ends with: `.csv`, `.tsv.gz`."""
    kind = "tsv" if file_format.delimiter == "\t" else _SUFFIXES[file_format.kind]
    return f".{kind}{_SUFFIX_BY_COMPRESSION[file_format.compression]}"


@contextmanager
def open_writer(
    file: WriteOnly, file_format: FileFormat, columns: Sequence[str]
) -> Iterator[RowWriter]:
    """After an error inside the block, the file is not whole: drop it."""
    if file_format.kind == "xlsx":
        with write_package(_Output(file)) as sheet:
            yield _XlsxWriter(sheet, columns)
        return
    with _pack(file, file_format) as output:
        if file_format.kind == "csv":
            yield _CsvWriter(output.write, columns, file_format.delimiter or ",")
        elif file_format.kind == "json_lines":
            yield _JsonLinesWriter(output.write, columns)
        else:
            writer = _JsonWriter(output.write, columns)
            yield writer
            writer.finish()


@contextmanager
def _pack(file: WriteOnly, file_format: FileFormat) -> Iterator[WriteOnly]:
    if file_format.compression == "gzip":
        with gzip.GzipFile(filename="", mode="wb", fileobj=_Output(file), mtime=0) as packed:
            yield packed
    elif file_format.compression == "zip":
        name = "rows" + suffix_of(file_format.replace(compression=None))
        with zipfile.ZipFile(_Output(file), "w", zipfile.ZIP_DEFLATED) as archive:
            entry = zipfile.ZipInfo(name, ENTRY_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as packed_entry:
                yield packed_entry
    else:
        yield file


class _Output:
    """What zipfile and gzip need of a file that can only be written."""

    def __init__(self, file: WriteOnly) -> None:
        self._file = file

    def write(self, data: bytes, /) -> int:
        self._file.write(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Whoever opened the file closes it."""


class _CsvWriter:
    def __init__(
        self, write: Callable[[bytes], object], columns: Sequence[str], delimiter: str
    ) -> None:
        self._write, self._columns = write, columns
        self._buffer = StringIO(newline="")
        self._writer = csv.writer(self._buffer, delimiter=delimiter, lineterminator="\r\n")
        write(_BYTE_ORDER_MARK)
        self.write(columns)

    def write(self, cells: Cells, /) -> None:
        self._writer.writerow([defuse(text) for text in to_texts(self._columns, cells)])
        self._write(self._buffer.getvalue().encode("utf-8", "replace"))
        self._buffer.seek(0)
        self._buffer.truncate()


class _XlsxWriter:
    def __init__(self, sheet: SheetWriter, columns: Sequence[str]) -> None:
        self._sheet, self._columns = sheet, columns
        self.write(columns)

    def write(self, cells: Cells, /) -> None:
        self._sheet.write_row([defuse(text) for text in to_texts(self._columns, cells)])


class _JsonLinesWriter:
    def __init__(self, write: Callable[[bytes], object], columns: Sequence[str]) -> None:
        self._write, self._columns = write, columns

    def write(self, cells: Cells, /) -> None:
        self._write(to_json(self._columns, cells) + b"\n")


class _JsonWriter:
    def __init__(self, write: Callable[[bytes], object], columns: Sequence[str]) -> None:
        self._write, self._columns = write, columns
        self._before = b"[\n"

    def write(self, cells: Cells, /) -> None:
        self._write(self._before + to_json(self._columns, cells))
        self._before = b",\n"

    def finish(self) -> None:
        self._write(b"[]\n" if self._before == b"[\n" else b"\n]\n")


def to_json(columns: Sequence[str], cells: Cells) -> bytes:
    members = cells if isinstance(cells, Mapping) else dict(zip(columns, cells, strict=False))
    # JSON has an escape for half a character, which UTF-8 has not.
    return json.dumps(dict(members), ensure_ascii=False).encode("utf-8", "backslashreplace")


def to_texts(columns: Sequence[str], cells: Cells) -> list[str]:
    if isinstance(cells, Mapping):
        return [_to_text(cells.get(column)) for column in columns]
    return list(cells)


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
