"""Why a row was not written, as the author of the file reads it. Pure."""

from files.rows import Problem
from shared.errors.base import AppError
from shared.errors.requests import ConcurrentModification
from shared.storage.models.uploads import RowError
from shared.storage.stock import StockChanged
from shared.storage.transactions import Contended, Unwritable

MESSAGE_MAX = 500  # stored characters of a message: an upload keeps 100 of them in one item


class TooManyActions(Exception):
    """The rows take more actions than one transaction has: write fewer at once."""


_CONFLICTS = (ConcurrentModification, StockChanged, Contended)
# What a stored product can cause in our code if it breaks the code's assumptions.
_DEFECTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
# Errors that one row of a batch causes, and that do not keep the others from being written. Every
# other error says nothing about the rows: the run ends, and another one continues it.
ROW_ERRORS = (*_CONFLICTS, Unwritable, TooManyActions, *_DEFECTS)


def describe_row_error(number: int, error: Exception) -> Problem:
    """The problem of the row with this number, from one of ROW_ERRORS."""
    if isinstance(error, _CONFLICTS):
        message = "Others changed this product or its stock at each attempt. Import the row again."
        return Problem(number, None, ConcurrentModification.code, message)
    if isinstance(error, Unwritable | TooManyActions):
        message = "The product is too large to be stored. Shorten its texts."
        return Problem(number, None, "product_too_large", message)
    message = "The shop failed to write this row. Report the upload's id and the number of the row."
    return Problem(number, None, "row_failed", message)


def describe_refusal(number: int, refusal: AppError) -> Problem:
    return Problem(number, None, refusal.code, refusal.message)


def to_row_error(problem: Problem) -> RowError:
    return RowError(
        row=problem.row,
        field=problem.field,
        code=problem.code,
        message=problem.message[:MESSAGE_MAX],
    )
