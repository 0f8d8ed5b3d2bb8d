"""Why a row was not written, as the author of the file reads it. Pure."""

from collections.abc import Mapping
from typing import Any

from files.formats.source_rows import Problem
from products.importing.service import Refusal
from shared.errors.requests import ConcurrentModification
from shared.storage.models.uploads import RowError
from shared.storage.stock import StockChanged
from shared.storage.transactions import Contended, Unwritable

# Stored bytes: an upload keeps 100 problems in one item.
MESSAGE_MAX = 400
COLUMN_MAX = 200
VALUE_MAX = 200
_NO_COLUMN = "The file has no such column, so what the shop has counts."
_SOURCES = {"category": "category_names", "options": "attributes", "currency": "price"}
PROBLEMS_PER_ROW_MAX = 5  # one item keeps those of 32 rows


class TooManyActions(Exception):
    """The rows take more actions than one transaction has: write fewer at once."""


CONFLICTS = (ConcurrentModification, StockChanged, Contended)
# What a stored product can cause in our code if it breaks the code's assumptions.
_DEFECTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
# Errors that one row of a batch causes, and that do not keep the others from being written. Every
# other error says nothing about the rows: the run ends, and another one continues it.
ROW_ERRORS = (*CONFLICTS, Unwritable, TooManyActions, *_DEFECTS)


def describe_row_error(number: int, error: Exception) -> Problem:
    """The problem of the row with this number, from one of ROW_ERRORS."""
    if isinstance(error, CONFLICTS):
        message = "Others changed this product or its stock at each attempt. Import the row again."
        return Problem(number, None, ConcurrentModification.code, message)
    if isinstance(error, Unwritable | TooManyActions):
        message = "The product is too large to be stored. Shorten its texts."
        return Problem(number, None, "product_too_large", message)
    message = "The shop failed to write this row. Report the upload's id and the number of the row."
    return Problem(number, None, "row_failed", message)


def describe_refusal(
    number: int, refusal: Refusal, columns: Mapping[str, str], cells: Mapping[str, str]
) -> list[Problem]:
    """The problems of a row with the columns of its file. `columns`: the column of each field.

    `cells`: what the row has in each column.
    """
    found: list[Problem] = []
    for each in refusal.problems:
        field = _field_in_file(each.field, columns)
        column = columns.get(field, field) if field else None
        value = cells.get(column) if column else None
        has_column = not field or field in columns or field == "sku"
        message = each.message if has_column else f"{_NO_COLUMN} {each.message}"
        found.append(Problem(number, column, each.code, message, value))
    return found[:PROBLEMS_PER_ROW_MAX]


def _field_in_file(field: str | None, columns: Mapping[str, str]) -> str | None:
    """The field whose column has the value.

    Names of categories become a category, attributes become options, and a price in JSON can have
    the currency.
    """
    if field is None or field in columns:
        return field
    source = _SOURCES.get(field)
    return source if source in columns else field


def to_list(problem: Problem) -> list[Any]:
    """As it is stored with its chunk."""
    error = to_row_error(problem)
    return [problem.row, error.field, problem.code, error.message, error.value]


def to_row_error(problem: Problem) -> RowError:
    return RowError(
        row=problem.row,
        field=_fit(problem.field, COLUMN_MAX),
        code=problem.code,
        message=_fit(problem.message, MESSAGE_MAX),
        value=_fit(problem.value, VALUE_MAX),
    )


def _fit(text: str | None, bytes_max: int) -> str | None:
    """The start of the text, if it has more bytes. Nothing can store half of a surrogate pair."""
    if text is None:
        return None
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= bytes_max:
        return encoded.decode()
    return encoded[: bytes_max - 3].decode("utf-8", "ignore") + "…"
