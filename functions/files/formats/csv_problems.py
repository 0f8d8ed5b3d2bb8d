"""What can be wrong with the form of a row of CSV, said to its author. Pure."""

from collections.abc import Sequence
from itertools import zip_longest

from files.formats.decoding import has_bad_bytes, read_bad_bytes
from files.formats.source_rows import (
    CELL_CHARACTERS_MAX,
    ROW_CHARACTERS_MAX,
    BrokenFile,
    Problem,
    shorten,
)

# An open quote reads the next rows as one cell, which then is too long or leaves others out.
MAY_BE_OPEN_QUOTE = {"cell_too_long", "row_too_long", "wrong_column_count"}
_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


class RowTooLong(Exception):
    """Lines of one record have too many characters."""


def to_broken(problem: Problem) -> BrokenFile:
    return BrokenFile(problem.code, problem.message, row=problem.row)


def describe_count(
    number: int, count: int, width: int, delimiter: str, *, ends_blank: bool = False
) -> Problem:
    sign = _NAMES[delimiter]
    message = (
        f"The row has {count} cells, but the header has {width} columns. Put a cell into quotes if "
        f"it has {sign}."
    )
    if ends_blank:
        message += f" If each row ends with {sign} too many, add one to the end of the header."
    return Problem(number, None, "wrong_column_count", message)


def describe_nameless(number: int, place: int, cell: str) -> Problem:
    message = (
        f"Cell {place} is in a column without a name. Name the column in the header, or check the "
        "separators and quotes of the row."
    )
    return Problem(number, None, "cell_without_column", message, shorten(cell))


def find_bad_bytes(number: int, cells: list[str], columns: Sequence[str] = ()) -> Problem | None:
    """The first problem with a cell's characters. It names the column if there is one."""
    for cell, column in zip_longest(cells, columns[: len(cells)]):
        if has_bad_bytes(cell):
            message = "This cell has characters that cannot be read. Save the file as UTF-8."
            value = shorten(read_bad_bytes(cell))
            return Problem(number, column or None, "not_utf8", message, value)
        if "\0" in cell:
            message = "This cell has a NUL byte. Write the cell again."
            value = shorten(cell.replace("\0", ""))
            return Problem(number, column or None, "nul_byte", message, value)
    return None


def describe_quote(number: int) -> Problem:
    message = (
        "The quotes of this row are wrong. Close each quote, put no text after a closing quote, "
        'and write a quote inside a quoted cell as "".'
    )
    return Problem(number, None, "broken_quote", message)


def to_problem(number: int, error: Exception) -> Problem:
    if isinstance(error, RowTooLong):
        message = (
            f"The row has more than {ROW_CHARACTERS_MAX} characters. Shorten it, or close an open "
            "quote."
        )
        return Problem(number, None, "row_too_long", message)
    if "field larger" in str(error):
        message = (
            f"A cell has more than {CELL_CHARACTERS_MAX} characters. Shorten it, or close an open "
            "quote."
        )
        return Problem(number, None, "cell_too_long", message)
    return describe_quote(number)
