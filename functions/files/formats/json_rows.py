"""The rows of JSON Lines: one object on each line. A bad line costs no other one. Pure."""

import json
import re
from collections.abc import Iterator
from math import isinf
from typing import Any, NoReturn

from files.formats.decoding import has_bad_bytes, read_bad_bytes
from files.formats.lines import Lines
from files.formats.source_rows import (
    CELL_CHARACTERS_MAX,
    COLUMNS_MAX,
    NESTING_MAX,
    ROW_CHARACTERS_MAX,
    ROWS_MAX,
    BrokenFile,
    Problem,
    SourceRow,
    shorten,
)

_TOKENS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]|[\]}]', re.DOTALL)
_SURROGATES = re.compile("[\ud800-\udfff]")
UNREAD = "line"  # the member with the text of what is no object


class _Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class JsonLinesRows:
    """Iterate once. Each line is a row, and blank lines count. Raises BrokenFile, with the row."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[SourceRow]:
        number = 0
        try:
            for number, line in enumerate(self._lines, start=1):
                if len(line) > ROW_CHARACTERS_MAX:
                    message = f"The line has more than {ROW_CHARACTERS_MAX} characters. Shorten it."
                    yield reject(number, line, "row_too_long", message)
                elif line.strip():
                    yield read_object(number, line, may_be_dirty=self._lines.may_be_special)
                if number > ROWS_MAX:
                    message = f"The file has more than {ROWS_MAX} rows. Divide it."
                    raise BrokenFile("too_many_rows", message, row=number)
        except BrokenFile as error:
            error.row = error.row or number + 1
            raise


def read_object(number: int, text: str, *, may_be_dirty: bool) -> SourceRow:
    """The object as a row, or a row with the problem."""
    if may_be_dirty and has_bad_bytes(text):
        return reject(number, read_bad_bytes(text), "not_utf8", "Save the file as UTF-8.")
    try:
        return SourceRow(number, parse_object(text))
    except _Refused as refused:
        return reject(number, text, refused.code, str(refused))


def reject(number: int, text: str, code: str, message: str) -> SourceRow:
    text = text.strip()
    problem = Problem(number, None, code, message, shorten(text))
    return SourceRow(number, _read_leniently(text), (problem,))


def _read_leniently(text: str) -> dict[str, Any]:
    """The best reading: the object without what is wrong with it, or the text as one member."""
    try:
        _check_nesting(text)
        parsed = _LENIENT_DECODER.decode(text)
    except (ValueError, _Refused):
        parsed = None
    return parsed if isinstance(parsed, dict) else {UNREAD: text[:CELL_CHARACTERS_MAX]}


def parse_object(text: str) -> dict[str, Any]:
    """Raises _Refused."""
    _check_nesting(text)
    try:
        parsed = _DECODER.decode(text)
    except ValueError as error:
        place = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise _Refused("invalid_json", f"This is not valid JSON{place}.") from error
    if not isinstance(parsed, dict):
        raise _Refused("not_an_object", 'Write a product as an object: {"sku": "...", ...}.')
    if len(parsed) > COLUMNS_MAX:
        raise _Refused("too_many_columns", f"An object has at most {COLUMNS_MAX} members.")
    if "\\u" in text:
        _check_characters(parsed)
    if len(text) > CELL_CHARACTERS_MAX:
        _check_lengths(parsed)
    return parsed


def _check_nesting(text: str) -> None:
    if text.count("{") + text.count("[") <= NESTING_MAX:
        return
    depth = 0
    for token in _TOKENS.finditer(text):
        first = token[0][0]
        depth += (first in "{[") - (first in "}]")
        if depth > NESTING_MAX:
            raise _Refused("nested_too_deep", f"At most {NESTING_MAX} levels are read.")


def _check_characters(parsed: dict[str, Any]) -> None:
    characters = json.dumps(parsed, ensure_ascii=False)
    if _SURROGATES.search(characters):
        raise _Refused("invalid_character", "A \\ud800 to \\udfff stands alone. Write both halves.")
    if "\\u0000" in characters:
        raise _Refused("nul_byte", "A text has a NUL. Remove it.")


def _check_lengths(parsed: Any) -> None:
    if isinstance(parsed, str) and len(parsed) > CELL_CHARACTERS_MAX:
        raise _Refused("cell_too_long", f"A text has at most {CELL_CHARACTERS_MAX} characters.")
    if isinstance(parsed, dict):
        parsed = [*parsed, *parsed.values()]
    if isinstance(parsed, list):
        for part in parsed:
            _check_lengths(part)


def _to_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _Refused("duplicate_member", "An object has a name twice. Remove one.")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise _Refused("invalid_number", f"{name} is no number of JSON.")


def _to_float(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise _Refused("invalid_number", "A number is too large.")
    return number


_LENIENT_DECODER = json.JSONDecoder(
    parse_constant=str, parse_float=lambda digits: digits if isinf(float(digits)) else float(digits)
)
_DECODER = json.JSONDecoder(
    object_pairs_hook=_to_members, parse_constant=_refuse_constant, parse_float=_to_float
)
