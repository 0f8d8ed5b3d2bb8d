"""The cells of one sheet of an XLSX file, row by row, as texts. Pure."""

import re
from collections.abc import Iterator

from files.formats.source_rows import CELL_CHARACTERS_MAX
from files.formats.xlsx_numbers import NotANumber, Show, read_styles, show_number
from files.formats.xlsx_package import Sheet, Workbook, parse
from files.formats.xlsx_texts import SharedTexts, TextParts
from shared.records import Record

_SHEET_ROWS_MAX, _SHEET_COLUMNS_MAX = 1_048_576, 16_384  # of Excel
_REFERENCE = re.compile("([A-Z]{1,3})[0-9]{1,7}")
_BOOLEANS = {"0": "FALSE", "1": "TRUE", "false": "FALSE", "true": "TRUE"}


class CellProblem(Record):
    column: int  # from 0
    code: str
    value: str


class SheetRow(Record, frozen=False):
    number: int
    cells: list[str]
    problems: list[CellProblem]
    numbers: list[int]  # the columns with numbers and dates


class SheetReader:
    """Iterate over a sheet's rows with text. Raises BrokenFile."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._texts = SharedTexts(workbook)
        self._styles = read_styles(workbook)

    def read(self, sheet: Sheet) -> Iterator[SheetRow]:
        cells = _Cells(self._texts, self._styles)
        parts = parse(self._workbook.archive, sheet.path, cells.start, cells.end, cells.add_text)
        for _ in parts:
            yield from cells.rows
            cells.rows.clear()


class _Cells:
    """Collects the rows of what was parsed."""

    def __init__(self, texts: SharedTexts, styles: list[Show]) -> None:
        self.rows: list[SheetRow] = []
        self._texts, self._styles = texts, styles
        self._row = SheetRow(0, [], [], [])
        self._column = -1
        self._attributes: dict[str, str] = {}
        self._parts = TextParts()
        self._is_text = self._is_reading_aid = self._has_formula = False
        self._columns: dict[str, int] = {}

    def start(self, element: str, attributes: dict[str, str]) -> None:
        if element == "c":
            self._column = self._place(attributes.get("r"))
            self._attributes = attributes
            self._has_formula = False
        elif element in ("v", "t"):
            self._is_text = not self._is_reading_aid
        elif element == "f":
            self._has_formula = True
        elif element == "rPh":
            self._is_reading_aid = True
        elif element == "row":
            number = attributes.get("r", "")
            before = self._row.number
            is_next = number.isdecimal() and before < int(number) <= _SHEET_ROWS_MAX
            self._row = SheetRow(int(number) if is_next else before + 1, [], [], [])
            self._column = -1

    def end(self, element: str) -> None:
        if element in ("v", "t"):
            self._is_text = False
        elif element == "c":
            self._end_cell()
        elif element == "rPh":
            self._is_reading_aid = False
        elif element == "row" and (self._row.problems or any(map(str.strip, self._row.cells))):
            self.rows.append(self._row)

    def add_text(self, text: str) -> None:
        if self._is_text:
            self._parts.add(text)

    def _place(self, reference: str | None) -> int:
        """The column of a cell. A program may leave it out: then it is the next one."""
        found = _REFERENCE.fullmatch(reference or "")
        if found is None:
            return self._column + 1
        letters = found[1]
        place = self._columns.get(letters)
        if place is None:
            place = -1
            for letter in letters:
                place = (place + 1) * 26 + ord(letter) - ord("A")
            self._columns[letters] = place
        return place

    def _end_cell(self) -> None:
        value = self._show(self._parts.take())
        cells = self._row.cells
        if value and len(cells) <= self._column < _SHEET_COLUMNS_MAX:
            cells.extend([""] * (self._column - len(cells)))
            cells.append(value)

    def _show(self, value: str) -> str:
        kind = self._attributes.get("t", "n")
        if len(value) > CELL_CHARACTERS_MAX:
            self._reject("cell_too_long", value)
            return value[:CELL_CHARACTERS_MAX]
        if kind == "s":
            return self._find_text(value)
        if kind == "n":
            return self._show_number(value.strip())
        if kind == "b":
            return _BOOLEANS.get(value.strip(), value)
        if kind == "e":
            self._reject("formula_error", value)
        return value

    def _find_text(self, reference: str) -> str:
        text = self._texts.find(reference)
        if text is None:
            self._reject("missing_text", reference)
            return ""
        if len(text) > CELL_CHARACTERS_MAX:
            self._reject("cell_too_long", text)
            return text[:CELL_CHARACTERS_MAX]
        return text

    def _show_number(self, digits: str) -> str:
        if not digits:
            if self._has_formula:
                self._reject("formula_without_value", "")
            return ""
        style = self._attributes.get("s", "0")
        known = style.isdecimal() and int(style) < len(self._styles)
        self._row.numbers.append(self._column)
        try:
            return (self._styles[int(style)] if known else show_number)(digits)
        except NotANumber:
            self._reject("invalid_number", digits)
            return digits

    def _reject(self, code: str, value: str) -> None:
        self._row.problems.append(CellProblem(self._column, code, value))
