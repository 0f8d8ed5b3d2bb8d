"""A CSV file as rows that are products, or errors that say which row, which field and why. Pure.

The file is read as a stream, a bounded line at a time, and is never whole in memory. What is wrong
with the file itself (RFC 4180) is a BrokenFile; what is wrong with one row is that row's RowErrors.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from pydantic import ValidationError

from products.importing.service import ImportedProduct
from shared.http.schemas import describe_problem

ROW_CHARACTERS_MAX = 65_536  # the longest valid row is far shorter
REQUIRED = ("sku", "name", "price_minor", "currency", "available")
OPTIONAL = ("description", "category", "tags", "tax_class")
TAG_SEPARATOR = "|"
STANDARD_TAX = "standard"  # what an empty cell stands for

_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # what surrogateescape makes of such bytes


class BrokenFile(Exception):
    """The file is no CSV of products; nothing of it is imported.

    `row` counts from 1, the header; `code` and the message are for whoever made the file.
    """

    def __init__(self, code: str, message: str, *, row: int, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.row = row
        self.field = field


@dataclass(frozen=True, slots=True)
class Problem:
    row: int
    field: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file: a product and its stock, or what is wrong with it."""

    number: int
    product: ImportedProduct | None
    problems: tuple[Problem, ...] = ()


def check(file: IO[bytes]) -> None:
    """Read the whole file for its form alone. Raises BrokenFile."""
    for _ in _records(file):
        pass


def rows(file: IO[bytes]) -> Iterator[Row]:
    """Each row in turn, blank ones left out. Raises BrokenFile where the file is broken."""
    records = _records(file)
    _, columns = next(records)
    for number, cells in records:
        yield _row(number, columns, cells)


def _records(file: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """The header, checked, then each record with its number; the header is number 1."""
    number = 0
    lines = _Lines(file)
    try:
        for number, cells in enumerate(csv.reader(lines, strict=True), start=1):
            lines.begin_row()
            if number == 1:
                yield number, _header(cells)
            elif any(cell.strip() for cell in cells):
                yield number, cells
    except _UnreadableLine as error:
        raise BrokenFile(error.code, str(error), row=number + 1) from error
    except csv.Error as error:
        message = f"A quote is not closed, or stands where none may ({error})."
        raise BrokenFile("broken_quote", message, row=number + 1) from error
    if number == 0:
        raise BrokenFile("empty_file", "The file is empty.", row=1)


class _UnreadableLine(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Lines:
    """The file's lines, of which one row may take only so much: an open quote takes them all.

    Raises _UnreadableLine.
    """

    def __init__(self, file: IO[bytes]) -> None:
        # Decoded far ahead of what is read: a byte that is no UTF-8 must fail at its own line.
        self._text = io.TextIOWrapper(
            file, encoding="utf-8-sig", errors="surrogateescape", newline=""
        )
        self._taken = 0

    def begin_row(self) -> None:
        self._taken = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(ROW_CHARACTERS_MAX + 1)
        if not line:
            raise StopIteration
        self._taken += len(line)
        _refuse_unreadable(line)
        if self._taken > ROW_CHARACTERS_MAX:
            raise _UnreadableLine(
                "row_too_long",
                f"A row has more than {ROW_CHARACTERS_MAX} characters; is a quote not closed?",
            )
        return line


def _refuse_unreadable(line: str) -> None:
    if not line.isascii() and _NOT_UTF8.search(line):
        raise _UnreadableLine("not_utf8", "Save the file as UTF-8.")
    if len(line) > ROW_CHARACTERS_MAX:
        raise _UnreadableLine(
            "line_too_long", f"A line has more than {ROW_CHARACTERS_MAX} characters."
        )
    if "\0" in line:
        raise _UnreadableLine("nul_byte", "A line has a NUL byte; is this really a CSV file?")


def _header(cells: list[str]) -> list[str]:
    columns = [cell.strip().lower() for cell in cells]
    missing = [column for column in REQUIRED if column not in columns]
    unknown = [column for column in columns if column not in (*REQUIRED, *OPTIONAL)]
    if missing:
        hint = " Separate columns by commas." if len(cells) == 1 and ";" in cells[0] else ""
        message = f"Missing: {', '.join(missing)}.{hint}"
        raise _broken_header("missing_column", message, missing[0])
    if unknown:
        allowed = ", ".join((*REQUIRED, *OPTIONAL))
        raise _broken_header(
            "unknown_column", f"{unknown[0][:50]!r} is none of {allowed}.", unknown[0][:50]
        )
    if len(set(columns)) < len(columns):
        raise _broken_header("duplicate_column", "A column stands in the header twice.", None)
    return columns


def _broken_header(code: str, message: str, field: str | None) -> BrokenFile:
    return BrokenFile(code, message, row=1, field=field)


def _row(number: int, columns: list[str], cells: list[str]) -> Row:
    if len(cells) != len(columns):
        message = f"{len(cells)} cells, but the header has {len(columns)} columns."
        return Row(number, None, (Problem(number, None, "wrong_column_count", message),))
    try:
        product = ImportedProduct.model_validate(_fields(dict(zip(columns, cells, strict=True))))
    except ValidationError as error:
        problems = tuple(
            Problem(number, _column(problem["loc"]), problem["type"], describe_problem(problem))
            for problem in error.errors(include_input=False, include_url=False)
        )
        return Row(number, None, problems)
    return Row(number, product)


def _fields(cells: dict[str, str]) -> dict[str, Any]:
    """The row in the shape of the API's request: an empty cell is empty, no column is unsaid."""
    fields: dict[str, Any] = {
        "sku": cells["sku"].strip(),
        "name": cells["name"].strip(),
        "price": {
            "amount_minor": _whole_number(cells["price_minor"]),
            "currency": cells["currency"].strip(),
        },
        "available": _whole_number(cells["available"]),
    }
    if "description" in cells:
        fields["description"] = cells["description"]
    if "category" in cells:
        fields["category"] = cells["category"].strip() or None
    if "tags" in cells:
        tags = cells["tags"].strip()
        fields["tags"] = [tag.strip() for tag in tags.split(TAG_SEPARATOR)] if tags else []
    if "tax_class" in cells:
        fields["tax_class"] = cells["tax_class"].strip() or STANDARD_TAX
    return fields


def _whole_number(cell: str) -> int | str:
    """The number, or the text as it is for the schema to refuse: 19.99 is not read as 1999."""
    text = cell.strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text


def _column(location: tuple[int | str, ...]) -> str:
    if location[0] == "price":
        return "price_minor" if location[1:] == ("amount_minor",) else "currency"
    return str(location[0])
