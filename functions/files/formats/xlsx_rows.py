"""The rows of an XLSX file: its first sheet with text, of which the first row is the header. Pure.

A formula has the value that was last computed. Of merged cells the first one has the text.
"""

import re
from collections.abc import Iterator

from files.formats.decoding import has_bad_bytes
from files.formats.formulas import undo
from files.formats.source_rows import (
    COLUMNS_MAX,
    ROW_CHARACTERS_MAX,
    BrokenFile,
    Problem,
    SourceRow,
    Warnings,
    shorten,
)
from files.formats.xlsx_cells import CellProblem, SheetReader, SheetRow
from files.formats.xlsx_package import Workbook

MESSAGES = {
    "cell_too_long": "The cell is too long. Shorten it.",
    "cell_without_column": "The cell is in a column without a name. Name it in the header.",
    "formula_error": "The formula has an error. Correct it, or write the value.",
    "formula_without_value": (
        "The formula has no value yet. Open the file in Excel or LibreOffice, and save it."
    ),
    "invalid_character": "The cell has characters that are no text. Write the cell again.",
    "invalid_number": "The cell is not a number. Write the cell again.",
    "missing_text": "The text of the cell is missing. Open the file, and save it again.",
    "nul_byte": "The cell has a NUL. Write the cell again.",
}
# Columns that name things. Excel drops leading zeros there, and makes dates and powers of ten.
_NAMING_COLUMN = re.compile(
    r"sku|barcode|\b(?:ean|gtin|upc|isbn|mpn)\d*\b|article|reference|artikel", re.IGNORECASE
)


class XlsxRows:
    """The header is read at once. Iterate once. Raises BrokenFile, with the row."""

    def __init__(self, workbook: Workbook, warnings: Warnings) -> None:
        self._warnings = warnings
        self._warned: set[int] = set()
        self._number = 0
        self._rows = self._open_first_sheet(workbook)
        self._header = [undo(cell) for cell in self._read_header()]
        self.columns = tuple(cell.strip() for cell in self._header)
        self._naming = {
            place for place, name in enumerate(self.columns) if _NAMING_COLUMN.search(name)
        }

    def __iter__(self) -> Iterator[SourceRow]:
        try:
            for row in self._rows:
                self._number = row.number
                yield self._to_source_row(row)
        except BrokenFile as error:
            error.row = error.row or self._number + 1
            raise

    def _open_first_sheet(self, workbook: Workbook) -> Iterator[SheetRow]:
        reader = SheetReader(workbook)
        for sheet in workbook.sheets:
            rows = reader.read(sheet)
            first = next(rows, None)
            if first:
                if len(workbook.sheets) > 1:
                    message = f"Only the sheet {shorten(sheet.name)!r} is read."
                    self._warnings.add(Problem(first.number, None, "other_sheets", message))
                return _put_first(first, rows)
        raise BrokenFile("empty_file", "The workbook is empty. Start it with a header.", row=1)

    def _read_header(self) -> list[str]:
        row = next(self._rows)
        self._number = row.number
        if row.problems:
            problem = self._describe(row.problems[0], row.number, None)
            raise BrokenFile(problem.code, problem.message, row=row.number)
        if len(row.cells) > COLUMNS_MAX:
            message = f"The header has more than {COLUMNS_MAX} columns."
            raise BrokenFile("too_many_columns", message, row=row.number)
        return row.cells

    def _to_source_row(self, row: SheetRow) -> SourceRow:
        width, number = len(self.columns), row.number
        cells = [undo(cell) for cell in row.cells[:width]]
        cells += [""] * (width - len(cells))
        found = [*row.problems, *self._find_problems(row.cells)]
        problems = [self._describe(each, number, self._column(each.column)) for each in found]
        if cells == self._header:
            message = "This row repeats the header. Remove it."
            problems.append(Problem(number, None, "repeated_header", message))
        if sum(map(len, cells)) > ROW_CHARACTERS_MAX:
            message = f"The row has more than {ROW_CHARACTERS_MAX} characters. Shorten it."
            return SourceRow(
                number,
                [shorten(cell) for cell in cells],
                (Problem(number, None, "row_too_long", message),),
            )
        self._warn_of_numbers(row)
        return SourceRow(number, cells, tuple(problems))

    def _find_problems(self, cells: list[str]) -> Iterator[CellProblem]:
        for place, cell in enumerate(cells):
            if not cell.isascii() and has_bad_bytes(cell):
                yield CellProblem(place, "invalid_character", "")
            if "\0" in cell:
                yield CellProblem(place, "nul_byte", cell.replace("\0", ""))
            if (place >= len(self.columns) or not self.columns[place]) and cell.strip():
                yield CellProblem(place, "cell_without_column", cell)

    def _warn_of_numbers(self, row: SheetRow) -> None:
        for place in self._naming.intersection(row.numbers) - self._warned:
            if row.cells[place].startswith("0"):
                continue  # a format has kept the zeros
            self._warned.add(place)
            message = (
                "Excel has changed these cells to numbers or dates. Check that none has lost "
                "leading zeros or letters, and format the column as text."
            )
            cell = shorten(row.cells[place])
            self._warnings.add(
                Problem(row.number, self.columns[place], "number_as_name", message, cell)
            )

    def _column(self, place: int) -> str | None:
        return self.columns[place] or None if place < len(self.columns) else None

    @staticmethod
    def _describe(problem: CellProblem, row: int, column: str | None) -> Problem:
        message = MESSAGES[problem.code]
        return Problem(row, column, problem.code, message, shorten(problem.value))


def _put_first(first: SheetRow, rows: Iterator[SheetRow]) -> Iterator[SheetRow]:
    yield first
    yield from rows
