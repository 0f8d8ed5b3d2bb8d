"""The file of the rejected rows: in the format and with the columns of the original.

Its author corrects it and uploads it again. Four more columns say what is wrong with each row. An
import ignores them, but for rows that are not rejected: those that rejected rows take fields from.
They change no product that the shop has.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from files import stored_files
from files.chunks.contents import read_chunk
from files.chunks.repository import list_problems
from files.formats.source_rows import FileFormat, Problem, SourceRow
from files.formats.writers import open_writer
from files.layouts.own_targets import ERROR_COLUMNS, NOT_REJECTED
from files.stored_files import chunk_name
from shared.records import Record
from shared.storage import multipart
from shared.storage.models.uploads import Upload

KEY_PREFIX = "errors/"
_EXTENSIONS = {"csv": "csv", "json_lines": "jsonl", "json": "json", "xlsx": "xlsx"}
_CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json_lines": "application/jsonl; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_NOT_REJECTED_MESSAGE = (
    "Rows below take values from this row. Leave it here. It changes no product that the shop has."
)


class ErrorFile(Record):
    key: str  # in the bucket
    problems: list[Problem]  # the first ones


def write(upload: Upload, phase: str, *, errors_max: int) -> ErrorFile:
    """Write the rejected rows of the phase. Raises botocore's errors."""
    format_ = FileFormat.from_dict(upload.format_json).replace(compression=None)
    names = [name for name in upload.columns_json["names"] if name not in ERROR_COLUMNS]
    key = f"{KEY_PREFIX}{upload.upload_id}/{file_name(upload)}"
    problems: list[Problem] = []
    with (
        multipart.open_file(key, content_type=_CONTENT_TYPES[format_.kind]) as file,
        open_writer(file, format_, [*names, *ERROR_COLUMNS] if names else ()) as writer,
    ):
        for row, found in _list_rows(upload, phase):
            problems += found[: errors_max - len(problems)]
            writer.write(_add_problems(row, found, upload.columns_json["names"]))
    return ErrorFile(key, problems)


def file_name(upload: Upload) -> str:
    """Such as `errors-of-spring.csv`."""
    stem = upload.filename.rpartition("/")[2].partition(".")[0][:80] or "import"
    safe = "".join(each if each.isascii() and each.isalnum() else "-" for each in stem)
    return f"errors-of-{safe}.{_EXTENSIONS[upload.format_json['kind']]}"


class _RowNumbers:
    """A set of row numbers that takes one bit for each row of the file."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def __contains__(self, number: int) -> bool:
        at, bit = divmod(number, 8)
        return at < len(self._bits) and bool(self._bits[at] >> bit & 1)

    def add(self, number: int) -> None:
        at, bit = divmod(number, 8)
        self._bits.extend(bytes(max(0, at + 1 - len(self._bits))))
        self._bits[at] |= 1 << bit


def _list_rows(upload: Upload, phase: str) -> Iterator[tuple[SourceRow, list[Problem]]]:
    """Each rejected row with its problems, in the order of the file.

    Before it stands the row that it takes fields from, once, if that is not rejected itself.
    """
    listed: _RowNumbers | None = None
    for chunk, found in groupby(list_problems(upload, phase), key=lambda each: each[0]):
        content = stored_files.read_part(upload.upload_id, chunk_name(chunk))
        rows = {each.row.number: each for each in read_chunk(content)}
        problems = (Problem(*problem) for _, problem in found)
        for number, of_row in groupby(problems, key=lambda problem: problem.row):
            row, parent = rows[number].row, rows[number].parent
            if parent:
                listed = _find_rejected(upload, phase) if listed is None else listed
                if parent.number not in listed:
                    listed.add(parent.number)
                    yield parent, list(parent.problems)
            yield row, list(of_row)


def _find_rejected(upload: Upload, phase: str) -> _RowNumbers:
    numbers = _RowNumbers()
    for _, problem in list_problems(upload, phase):
        numbers.add(problem[0])
    return numbers


def _add_problems(
    row: SourceRow, problems: list[Problem], names: list[str]
) -> list[str] | dict[str, Any]:
    told = {
        "error_row": str(row.number),
        "error_column": ", ".join(dict.fromkeys(each.field for each in problems if each.field)),
        "error_code": ", ".join(dict.fromkeys(each.code for each in problems)),
        "error_message": " ".join(f"{each.message.rstrip('.')}." for each in problems),
    }
    if not problems:
        told |= {"error_code": NOT_REJECTED, "error_message": _NOT_REJECTED_MESSAGE}
    if isinstance(row.cells, dict):
        return {**row.cells, **told}
    cells = zip(names, row.cells, strict=False)
    return [*(cell for name, cell in cells if name not in ERROR_COLUMNS), *told.values()]
