"""The lines of a file, read as a stream: each is UTF-8 and bounded. Pure."""

import io
import re
from collections.abc import Iterator
from typing import IO

ROW_CHARACTERS_MAX = 65_536  # the longest valid row is far shorter

_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # the characters that surrogateescape puts in


class UnreadableLine(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Lines:
    """The lines of a file. Bounds the length of a row, as an open quote would read the whole file.

    Raises UnreadableLine.
    """

    def __init__(self, file: IO[bytes]) -> None:
        # The decoder is far ahead of the reader. surrogateescape lets a byte that is no UTF-8 fail
        # at its own line.
        self._text = io.TextIOWrapper(
            file, encoding="utf-8-sig", errors="surrogateescape", newline=""
        )
        self._row_length = 0

    def start_row(self) -> None:
        self._row_length = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(ROW_CHARACTERS_MAX + 1)
        if not line:
            raise StopIteration
        self._row_length += len(line)
        _refuse_unreadable(line)
        if self._row_length > ROW_CHARACTERS_MAX:
            raise UnreadableLine(
                "row_too_long",
                f"A row has more than {ROW_CHARACTERS_MAX} characters. Check for an open quote.",
            )
        return line


def _refuse_unreadable(line: str) -> None:
    if not line.isascii() and _NOT_UTF8.search(line):
        raise UnreadableLine("not_utf8", "This line is not UTF-8. Save the file as UTF-8.")
    if len(line) > ROW_CHARACTERS_MAX:
        raise UnreadableLine(
            "line_too_long",
            f"A line has more than {ROW_CHARACTERS_MAX} characters. Put one product on a line.",
        )
    if "\0" in line:
        raise UnreadableLine("nul_byte", "A line has a NUL byte. Check that this is a CSV file.")
