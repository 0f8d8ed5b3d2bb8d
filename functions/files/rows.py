"""A CSV file of products as rows: each a product, or errors with row, field and reason. Pure.

The file is read as a stream, one bounded line at a time, and is never in memory as a whole. A file
that breaks the rules of CSV (RFC 4180) is a BrokenFile. An invalid row has its own problems. The
rules of each field are those of the API (products/fields.py).
"""

import csv
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import IO, Any

from pydantic import ValidationError

from files.lines import Lines, UnreadableLine
from products.importing.service import ImportedProduct
from shared.http.field_problems import to_field_problem
from shared.records import Record
from shared.storage.models.catalog import TRACKED, UNTRACKED

TAG_SEPARATOR = "|"
STANDARD_TAX = "standard"  # the value of an empty cell
NAME_SHOWN_MAX = 50  # characters of an unknown column that its error repeats


class BrokenFile(Exception):
    """The file is not a CSV of products. Nothing is imported from it.

    `row` counts from the header, which is row 1. The author of the file reads `code` and message.
    """

    def __init__(self, code: str, message: str, *, row: int, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.row = row
        self.field = field


class Problem(Record):
    row: int
    field: str | None
    code: str
    message: str


class Row(Record):
    """One row of the file: a product and its stock, or the row's problems."""

    number: int
    product: ImportedProduct | None
    problems: tuple[Problem, ...] = ()


def _parse_text(cell: str) -> str:
    return cell.strip()


def _parse_optional_text(cell: str) -> str | None:
    return cell.strip() or None


def _parse_whole_number(cell: str) -> int | str:
    """The number, or the text, which the schema then refuses: 19.99 is not read as 1999."""
    text = cell.strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text


def _parse_optional_number(cell: str) -> int | str | None:
    return _parse_whole_number(cell) if cell.strip() else None


def _parse_tags(cell: str) -> list[str]:
    tags = cell.strip()
    return [tag.strip() for tag in tags.split(TAG_SEPARATOR)] if tags else []


# The columns of a file, and how a cell becomes the value of the field with this name. An empty cell
# of an optional column removes the value. `price_minor` and `currency` are the price, and
# `compare_at_price_minor` has that currency too.
_REQUIRED_COLUMNS: dict[str, Callable[[str], Any]] = {
    "sku": _parse_text,
    "name": _parse_text,
    "price_minor": _parse_whole_number,
    "currency": _parse_text,
    "available": _parse_whole_number,
}
_OPTIONAL_COLUMNS: dict[str, Callable[[str], Any]] = {
    "description": str,
    "category": _parse_optional_text,
    "tags": _parse_tags,
    "tax_class": lambda cell: cell.strip() or STANDARD_TAX,
    "stock_policy": lambda cell: cell.strip() or TRACKED,
    "backorder_limit": _parse_optional_number,
    "order_quantity_max": _parse_optional_number,
    "compare_at_price_minor": _parse_optional_number,
    "weight_grams": _parse_optional_number,
    "barcode": _parse_optional_text,
}
_COLUMNS = _REQUIRED_COLUMNS | _OPTIONAL_COLUMNS
_PRICE_COLUMNS = {"price_minor": "price", "compare_at_price_minor": "compare_at_price"}


def check_file(file: IO[bytes]) -> None:
    """Check the form of the whole file. Raises BrokenFile."""
    for _ in _records(file):
        pass


def read_rows(file: IO[bytes], *, skip: int = 0) -> Iterator[Row]:
    """Each row in turn, without blank ones and without the first `skip` of the others.

    Skipped rows are not validated: a run that continues a large file reaches its place in seconds.
    Raises BrokenFile where the file is broken.
    """
    records = _records(file)
    _, columns = next(records)
    for number, cells in islice(records, skip, None):
        yield _parse_row(number, columns, cells)


def _records(file: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """The header, which is checked, then each record. Each with its number: the header is 1."""
    number = 0
    lines = Lines(file)
    try:
        for number, cells in enumerate(csv.reader(lines, strict=True), start=1):
            lines.start_row()
            if number == 1:
                yield number, _parse_header(cells)
            elif any(cell.strip() for cell in cells):
                yield number, cells
    except UnreadableLine as error:
        raise BrokenFile(error.code, str(error), row=number + 1) from error
    except csv.Error as error:
        message = (
            f"The quotes of this row are wrong ({error}). Close each, and put no text after it."
        )
        raise BrokenFile("broken_quote", message, row=number + 1) from error
    if number == 0:
        raise BrokenFile("empty_file", "The file is empty. Start it with a header.", row=1)


def _parse_header(cells: list[str]) -> list[str]:
    columns = [cell.strip().lower() for cell in cells]
    missing = [column for column in _REQUIRED_COLUMNS if column not in columns]
    unknown = [column for column in columns if column not in _COLUMNS]
    if missing:
        hint = " Separate columns with commas." if len(cells) == 1 and ";" in cells[0] else ""
        message = f"Columns are missing: {', '.join(missing)}. Add them to the header.{hint}"
        raise _broken_header("missing_column", message, missing[0])
    if unknown:
        name = unknown[0][:NAME_SHOWN_MAX]
        message = f"Column {name!r} is unknown. Use {', '.join(_COLUMNS)}."
        raise _broken_header("unknown_column", message, name)
    if len(set(columns)) < len(columns):
        message = "The header has a column twice. Remove one of them."
        raise _broken_header("duplicate_column", message, None)
    return columns


def _broken_header(code: str, message: str, field: str | None) -> BrokenFile:
    return BrokenFile(code, message, row=1, field=field)


def _parse_row(number: int, columns: list[str], cells: list[str]) -> Row:
    if len(cells) != len(columns):
        message = (
            f"The row has {len(cells)} cells, but the header has {len(columns)} columns. Check the "
            "commas and quotes of the row."
        )
        return Row(number, None, (Problem(number, None, "wrong_column_count", message),))
    try:
        fields = _to_request(dict(zip(columns, cells, strict=True)))
        product = ImportedProduct.model_validate(fields)
    except ValidationError as error:
        problems = [
            Problem(number, _column(problem["loc"]), **to_field_problem(problem))
            for problem in error.errors(include_url=False)
        ]
        return Row(number, None, tuple(dict.fromkeys(problems)))  # two prices, one currency
    return Row(number, product)


def _to_request(cells: dict[str, str]) -> dict[str, Any]:
    """The row as a request of the API. A column that the file lacks is an omitted field."""
    fields = {column: _COLUMNS[column](cell) for column, cell in cells.items()}
    currency = fields.pop("currency")
    for column in _PRICE_COLUMNS.keys() & fields.keys():
        amount = fields.pop(column)
        fields[_PRICE_COLUMNS[column]] = None if amount is None else _price(amount, currency)
    if fields.get("stock_policy") == UNTRACKED and not fields["available"]:
        fields["available"] = None  # an empty cell: there is nothing to count
    return fields


def _price(amount: Any, currency: str) -> dict[str, Any]:
    """A price of 0 is a price; an empty cell is none."""
    return (
        {"currency": currency} if amount == "" else {"amount_minor": amount, "currency": currency}
    )


def _column(location: tuple[int | str, ...]) -> str:
    if location[1:] == ("currency",):
        return "currency"
    columns = {field: column for column, field in _PRICE_COLUMNS.items()}
    return columns.get(str(location[0]), str(location[0]))
