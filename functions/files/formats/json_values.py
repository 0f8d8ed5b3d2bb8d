"""The rows of a JSON array, or of objects one behind the other. It is read as a stream. Pure."""

import re
from collections.abc import Iterator

from files.formats.decoding import Text
from files.formats.json_rows import read_object
from files.formats.source_rows import (
    NESTING_MAX,
    ROW_CHARACTERS_MAX,
    ROWS_MAX,
    BrokenFile,
    SourceRow,
)

_BLANK = re.compile(r"[ \t\r\n]*")
# A whole text, a bracket, or the quote of a text that is not whole yet.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{\]}"]', re.DOTALL)
# An object without others inside, as most are: it needs one look.
_FLAT_OBJECT = re.compile(
    r'\{[^{}\[\]"]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^{}\[\]"]*+)*+\}', re.DOTALL
)
_DEPTH_MAX = 20_000  # more levels are not even looked through
_SCALAR = re.compile(r"[^\s,\]}\[{]+")


class JsonValuesRows:
    """Iterate once. Each value is a row. A value that is whole, but wrong, costs no other one.

    Raises BrokenFile, with the row, where no value can be told from the next.
    """

    def __init__(self, text: Text) -> None:
        self._text = text
        self._buffer = ""
        self._place = 0
        self._number = 0

    def __iter__(self) -> Iterator[SourceRow]:
        try:
            is_array = self._next_character() == "["
            if is_array:
                self._place += 1
            yield from self._read_values(is_array=is_array)
        except BrokenFile as error:
            error.row = error.row or self._number + 1
            raise

    def _read_values(self, *, is_array: bool) -> Iterator[SourceRow]:
        end = "]" if is_array else ""
        while self._next_character() != end:
            value = self._take_value()
            self._number += 1
            yield read_object(self._number, value, may_be_dirty=True)
            if self._number > ROWS_MAX:
                message = f"The file has more than {ROWS_MAX} rows. Divide it."
                raise BrokenFile("too_many_rows", message, row=self._number)
            if is_array and self._next_character() != "]":
                self._take_comma()
        self._place += len(end)
        if self._next_character():
            raise _refuse("There is text behind the end of the list.")

    def _take_comma(self) -> None:
        if self._next_character() != ",":
            raise _refuse("There is no comma behind an object.")
        self._place += 1
        if self._next_character() == "]":
            raise _refuse("There is a comma, but no object behind it.")

    def _next_character(self) -> str:
        """The next one that is not blank, which stays unread. Empty at the end."""
        while True:
            blank = _BLANK.match(self._buffer, self._place)
            self._place = blank.end() if blank else self._place
            if self._place < len(self._buffer) or not self._read_more():
                return self._buffer[self._place : self._place + 1]

    def _take_value(self) -> str:
        character = self._next_character()
        if not character:
            raise _refuse("The file ends too early.")
        end = self._find_end() if character in '{["' else self._find_end_of_scalar()
        value = self._buffer[self._place : end]
        self._place = end
        return value

    def _find_end(self) -> int:
        """Behind the bracket or quote that closes the value."""
        if flat := _FLAT_OBJECT.match(self._buffer, self._place):
            return flat.end()
        scanned, depth = self._place, 0
        while True:
            for token in _TOKEN.finditer(self._buffer, scanned):
                if token[0] == '"':  # not whole yet
                    break
                scanned = token.end()
                depth += (token[0] in "{[") - (token[0] in "}]")
                if depth > _DEPTH_MAX:
                    message = f"An object has more than {NESTING_MAX} levels."
                    raise BrokenFile("nested_too_deep", message)
                if depth <= 0:
                    return scanned
            before = self._place
            self._require_more()
            scanned -= before - self._place

    def _find_end_of_scalar(self) -> int:
        while True:
            scalar = _SCALAR.match(self._buffer, self._place)
            if scalar is None:
                raise _refuse("There is a separator where an object should be.")
            if scalar.end() < len(self._buffer) or not self._read_more():
                return scalar.end()
            self._refuse_long()

    def _require_more(self) -> None:
        self._refuse_long()
        if not self._read_more():
            raise _refuse("The file ends too early, or a quote or bracket is not closed.")

    def _refuse_long(self) -> None:
        if len(self._buffer) - self._place > ROW_CHARACTERS_MAX:
            message = f"An object has more than {ROW_CHARACTERS_MAX} characters, or is not closed."
            raise BrokenFile("row_too_long", message)

    def _read_more(self) -> bool:
        more = self._text.read()
        self._buffer = self._buffer[self._place :] + more
        self._place = 0
        return bool(more)


def _refuse(message: str) -> BrokenFile:
    return BrokenFile("invalid_json", f"This is not valid JSON. {message}")
