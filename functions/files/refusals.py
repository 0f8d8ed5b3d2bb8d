"""Why a row was not written, as the author of the file reads it. Pure."""

from collections.abc import Mapping
from typing import Any

from files.formats.source_rows import Problem
from products.importing.rows import Refusal
from shared.errors.requests import ConcurrentModification
from shared.storage.models.uploads import RowError
from shared.storage.stock import StockChanged
from shared.storage.transactions import Contended, Unwritable

MESSAGE_MAX = 500  # stored characters of a message: an upload keeps 100 of them in one item
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
        column = columns.get(each.field, each.field) if each.field else None
        value = cells.get(column) if column else None
        found.append(Problem(number, column, each.code, each.message, value))
    return found[:PROBLEMS_PER_ROW_MAX]


def to_list(problem: Problem) -> list[Any]:
    """As it is stored with its chunk."""
    message = problem.message[:MESSAGE_MAX]
    return [problem.row, problem.field, problem.code, message, problem.value]


def to_row_error(problem: Problem) -> RowError:
    return RowError(
        row=problem.row,
        field=problem.field,
        code=problem.code,
        message=problem.message[:MESSAGE_MAX],
        value=problem.value,
    )
