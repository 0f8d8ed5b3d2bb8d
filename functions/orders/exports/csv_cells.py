"""CSV that a person opens in a spreadsheet: no cell of it is a formula. Pure.

The file is RFC 4180 with commas. A spreadsheet may read it with semicolons or tabs instead, and
then a text becomes several cells. So each place in a text where such a cell could begin counts as
the start of a cell. An apostrophe there makes Excel, LibreOffice and Google Sheets show a text.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

Cell = str | int | None

GUARD = "'"
# What begins a formula: = + - @, and what looks or is normalised like them (full width, small,
# superscript, subscript, the minus sign).
_SIGN = re.compile(
    "[=+\\-@"
    "\uff1d\uff0b\uff0d\uff20"
    "\ufe66\ufe62\ufe63\ufe6b"
    "\u207c\u207a\u207b\u208c\u208a\u208b"
    "\u2212\u2a75\u2a76\ufb29]"
)
_LINE_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_SEPARATORS = frozenset(f";\t{_LINE_BREAKS}")
# ASVS 5.0 (1.2.10) guards these too: a spreadsheet may drop them, and read what follows.
_DROPPED_FIRST = frozenset("\t\r\n\0")
_QUOTED = re.compile(f'[,;"\t{_LINE_BREAKS}]|^\\s|\\s$')
# Letters and symbols without an image: the Hangul fillers, and the empty pattern of Braille.
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def to_csv(rows: Iterable[Iterable[Cell]]) -> str:
    """RFC 4180. No text is a formula, a number stays a number, and None is an empty cell."""
    return "".join(",".join(_render_cell(cell) for cell in row) + "\r\n" for row in rows)


def escape_formulas(text: str) -> str:
    """Put an apostrophe before each possible formula: spreadsheets then show the text."""
    starts = {0} if text[:1] in _DROPPED_FIRST else set()
    for sign in _SIGN.finditer(text):
        start = _skip_back(text, sign.start())
        if start == 0 or text[start - 1] in _SEPARATORS:
            starts.add(start)
    if not starts:
        return text
    edges = [0, *sorted(starts), len(text)]
    return GUARD.join(text[start:end] for start, end in pairwise(edges))


def _skip_back(text: str, end: int) -> int:
    """Where what a spreadsheet ignores before `end` begins, within one cell."""
    while end and text[end - 1] not in _SEPARATORS and _is_ignored(text[end - 1]):
        end -= 1
    return end


def _is_ignored(character: str) -> bool:
    """Whether a spreadsheet may ignore it at the start of a cell: a quote, or nothing visible."""
    return (
        character == '"'
        or character in _BLANKS
        or unicodedata.category(character)[0] in "CZM"  # controls, formats, spaces, marks
    )


def _render_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, int):
        return str(cell)
    text = escape_formulas(cell)
    return '"{}"'.format(text.replace('"', '""')) if _QUOTED.search(text) else text
