"""Texts that a spreadsheet would run as formulas get an apostrophe when they are written. Pure.

A spreadsheet runs none of them then. Reading takes the apostrophe away, so a file that was written
here is read as it was:

    =1+1     is written as   '=1+1
    '=1+1    is written as   ''=1+1
    -19,90   is a number, and stays

The exports of orders are never read again. They guard more, and in a way that cannot be undone
(orders/exports/csv_cells.py).
"""

import re

GUARD = "'"
# OWASP: = + - @ TAB CR begin a formula, or are dropped before one. Not before a plain number.
_NUMBER = r"[0-9]+(?:[.,][0-9]+)*\Z"
_FORMULA = re.compile(rf"'*(?:[=@\t\r]|[+-](?!{_NUMBER}))")
_GUARDED = re.compile(r"'[=+\-@\t\r']")


def defuse(cell: str) -> str:
    """The cell as a text that no spreadsheet runs."""
    return GUARD + cell if _FORMULA.match(cell) else cell


def undo(cell: str) -> str:
    """The cell as it was before `defuse`."""
    return cell[1:] if cell[:1] == GUARD and _FORMULA.match(cell, 1) else cell


def has_guard(text: str) -> bool:
    """Whether some cell in a text may be one that `defuse` changed."""
    return GUARD in text and _GUARDED.search(text) is not None
