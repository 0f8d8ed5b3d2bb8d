"""The texts of an XLSX file, which its cells name by number. Many are on disk and not in memory."""

import os
import re
import weakref
from array import array
from contextlib import suppress

from files.formats.source_rows import CELL_CHARACTERS_MAX, BrokenFile
from files.formats.unpacking import open_unnamed_file
from files.formats.xlsx_package import Workbook, parse

_MEMORY_CHARACTERS = 2_000_000
_DISK_BYTES_MAX = 300_000_000  # Lambda has 512 MB, also for a packed workbook and for parents
_COUNT_MAX = 5_000_000
_CACHED = 20_000
_CACHED_CHARACTERS = 100  # a longer text is seldom in a second cell
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


class TextParts:
    """Joins the parts of one text. A part too many is dropped, so a text has a bounded length."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0

    def add(self, part: str) -> None:
        if self._size <= CELL_CHARACTERS_MAX:
            self._parts.append(part)
            self._size += len(part)

    def take(self) -> str:
        """The text, with the control characters that XML cannot have (ECMA-376, 22.9.2.19)."""
        text = "".join(self._parts)
        self._parts.clear()
        self._size = 0
        if "_x" in text:
            return _ESCAPED.sub(lambda escaped: chr(int(escaped[1], 16)), text)
        return text


class SharedTexts:
    """Raises BrokenFile if there are too many."""

    def __init__(self, workbook: Workbook) -> None:
        self._in_memory: list[str] = []
        self._memory_left = _MEMORY_CHARACTERS
        self._file = open_unnamed_file()
        weakref.finalize(self, os.close, self._file)
        self._unwritten: list[bytes] = []
        self._ends = array("Q", [0])
        self._cache: dict[int, str] = {}
        if workbook.texts_path in workbook.archive.namelist():
            self._read(workbook)
        self._flush()

    def _read(self, workbook: Workbook) -> None:
        parts, open_elements = TextParts(), [""]

        def start(element: str, _: dict[str, str]) -> None:
            open_elements.append(element)

        def end(element: str) -> None:
            open_elements.pop()
            if element == "si":
                self._add(parts.take())

        def text(characters: str) -> None:
            if open_elements[-1] == "t" and "rPh" not in open_elements:  # no reading aids
                parts.add(characters)

        assert workbook.texts_path  # noqa: S101 (the caller has found it)
        for _ in parse(workbook.archive, workbook.texts_path, start, end, text):
            self._flush()

    def _add(self, text: str) -> None:
        if self._memory_left > 0:
            self._in_memory.append(text)
            self._memory_left -= len(text) + 50  # what an object of Python needs
            return
        encoded = text.encode("utf-8", "surrogatepass")
        self._unwritten.append(encoded)
        self._ends.append(self._ends[-1] + len(encoded))
        if self._ends[-1] > _DISK_BYTES_MAX or len(self._ends) > _COUNT_MAX:
            message = "The workbook has too many texts. Divide it, or save it as CSV."
            raise BrokenFile("too_many_texts", message)

    def _flush(self) -> None:
        unwritten = memoryview(b"".join(self._unwritten))
        while unwritten:
            unwritten = unwritten[os.write(self._file, unwritten) :]
        self._unwritten.clear()

    def find(self, reference: str) -> str | None:
        """The text with this number, or None if there is none."""
        with suppress(ValueError, IndexError):
            number = int(reference)
            if number < 0:
                return None
            if number < len(self._in_memory):
                return self._in_memory[number]
            return self._cache.get(number) or self._read_text(number)
        return None

    def _read_text(self, number: int) -> str:
        """Raises IndexError."""
        place = number - len(self._in_memory)
        start, end = self._ends[place], self._ends[place + 1]
        text = os.pread(self._file, end - start, start).decode("utf-8", "surrogatepass")
        if len(text) <= _CACHED_CHARACTERS:
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            self._cache[number] = text
        return text
