"""What the readers of all formats give: rows of a file, problems, and the file's format. Pure."""

from collections.abc import Sequence
from typing import Any, Literal

from shared.records import Record

# The bounds of a file. Each has an error code of its own.
ROWS_MAX = 5_000_000
ROW_CHARACTERS_MAX = 1_048_576
CELL_CHARACTERS_MAX = 131_072  # the limit of Python's csv module
COLUMNS_MAX = 1000
NESTING_MAX = 20  # of JSON
WARNINGS_MAX = 20
VALUE_SHOWN_MAX = 100  # characters of a cell that a problem repeats

# What CPython needs for a row. An empty text is there only once.
_ROW_BYTES = 500  # with a key to find it by
_MEMBER_BYTES = 300  # for a name of a JSON object
_REFERENCE_BYTES = 8
_TEXT_BYTES = 56
_CHARACTER_BYTES_MAX = 4  # one beyond ASCII makes all of its text wide
_VALUE_FACTOR = 32

Kind = Literal["csv", "json_lines", "json", "xlsx"]
Compression = Literal["gzip", "zip"]


class BrokenFile(Exception):
    """The file cannot be read here, or not any further.

    `row` is the number of the row, if one is known. The author of the file reads code and message.
    """

    def __init__(
        self, code: str, message: str, *, row: int | None = None, field: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.row = row
        self.field = field
        self.warnings: Sequence[Problem] = ()  # of the file, as far as it was read


class Problem(Record):
    row: int
    field: str | None  # the column, as the file names it
    code: str
    message: str
    value: str | None = None  # the cell, shortened


class SourceRow(Record):
    """One row as its author wrote it. A row with problems of form cannot be imported.

    `number` counts as the author does: the header is row 1, blank rows count, and a cell of several
    lines is in one row. In JSON, the first object is row 1.
    `cells` are as many as the header has columns, or the members of a JSON object. They are the
    best reading of a row with problems.
    """

    number: int
    cells: list[str] | dict[str, Any]
    problems: tuple[Problem, ...] = ()

    def __init__(
        self,
        number: int,
        cells: list[str] | dict[str, Any],
        problems: tuple[Problem, ...] = (),
    ) -> None:
        # A file has millions of rows: this takes half the time of the constructor of records.
        state = self.__dict__
        state["number"], state["cells"], state["problems"] = number, cells, problems


def count_bytes(row: SourceRow) -> int:
    """At least as many as the row takes in memory. Each Python counts the same."""
    if isinstance(row.cells, dict):
        count = _ROW_BYTES + _MEMBER_BYTES * len(row.cells)
        return count + sum(map(_count_value, row.cells.values()))
    count = _ROW_BYTES + _REFERENCE_BYTES * len(row.cells)
    return count + sum(map(_count_text, filter(None, row.cells)))


def _count_text(text: str) -> int:
    return _TEXT_BYTES + (len(text) if text.isascii() else _CHARACTER_BYTES_MAX * len(text))


def _count_value(value: Any) -> int:
    """A member of a JSON object. `[[],[]]` takes 20 times as many bytes as characters."""
    return _count_text(value) if isinstance(value, str) else _VALUE_FACTOR * len(repr(value))


class FileFormat(Record):
    """How a file is written. A TSV file is `csv` with the delimiter TAB."""

    kind: Kind
    compression: Compression | None = None
    encoding: str | None = None
    delimiter: str | None = None

    def to_dict(self) -> dict[str, str | None]:
        return {name: getattr(self, name) for name in self.__match_args__}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "FileFormat":
        """What newer code stored beside the fields is ignored."""
        known: dict[str, Any] = {name: stored.get(name) for name in cls.__match_args__}
        return cls(**known)


class Warnings(list[Problem]):
    """The first warnings of a file."""

    def add(self, warning: Problem) -> None:
        if len(self) < WARNINGS_MAX:
            self.append(warning)


def shorten(value: str) -> str:
    return value if len(value) <= VALUE_SHOWN_MAX else f"{value[: VALUE_SHOWN_MAX - 1]}…"


def is_blank(cells: list[str]) -> bool:
    return not any(cell and not cell.isspace() for cell in cells)


def drop_blank_end(cells: list[str]) -> list[str]:
    """The same list, without blank cells behind the last other one."""
    while cells and not cells[-1].strip():
        cells.pop()
    return cells
