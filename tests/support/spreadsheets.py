"""How spreadsheets read a file of cells: an oracle that knows nothing of the writer's rules."""

import csv
import io
import unicodedata
from collections.abc import Iterator

SIGNS = frozenset("=+-@\u2212")
# Python calls these letters and symbols; no font draws them.
UNDRAWN = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def read_strictly(text: str) -> list[list[str]]:
    """RFC 4180. Raises csv.Error for any other file."""
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def cells(text: str, separators: str) -> Iterator[str]:
    """Every cell that some reader with these separators could see.

    A quote opens and closes a cell, or is a character like any other.
    """
    yield from _cells(text, separators, quotes=True)
    yield from _cells(text, separators, quotes=False)
    for separator in separators:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        yield from (cell for row in rows for cell in row)


def _cells(text: str, separators: str, *, quotes: bool) -> Iterator[str]:
    cell, is_quoted = "", False
    for character in text:
        if quotes and character == '"' and (is_quoted or not cell.strip()):
            is_quoted = not is_quoted
        elif not is_quoted and character in separators + "\r\n":
            yield cell
            cell = ""
        else:
            cell += character
    yield cell


def may_be_formula(cell: str) -> bool:
    """Whether the first character that anybody sees is a sign, in any of its shapes."""
    drawn = (character for character in cell if _is_drawn(character))
    first = unicodedata.normalize("NFKC", next(drawn, ""))
    return bool(first) and first[0] in SIGNS


def _is_drawn(character: str) -> bool:
    is_undrawn = unicodedata.combining(character) or unicodedata.category(character) == "Mn"
    return character.isprintable() and character not in UNDRAWN | {" ", '"'} and not is_undrawn
