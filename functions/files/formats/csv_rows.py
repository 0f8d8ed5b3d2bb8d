"""The rows of a CSV or TSV file (RFC 4180 with any delimiter). A bad row costs no other one. Pure.

csv.reader reads record by record. Where a record breaks the rules, reading goes on at the next line
that has exactly the header's number of cells by itself.
"""

import csv
from collections import deque
from collections.abc import Generator, Iterator
from itertools import chain, islice, takewhile

from files.formats.csv_problems import (
    MAY_BE_OPEN_QUOTE,
    RowTooLong,
    describe_count,
    describe_nameless,
    describe_quote,
    find_bad_bytes,
    to_broken,
    to_problem,
)
from files.formats.decoding import is_plain, read_bad_bytes
from files.formats.formulas import undo
from files.formats.lines import Lines
from files.formats.source_rows import (
    COLUMNS_MAX,
    ROW_CHARACTERS_MAX,
    ROWS_MAX,
    BrokenFile,
    Problem,
    SourceRow,
    drop_blank_end,
    is_blank,
    shorten,
)

RECOVERY_LINES_MAX = 1000
RECOVERY_CHARACTERS_MAX = 1_048_576
LONG_ROW_LINES_MAX = 200  # of two rows with long texts


class _WrongCount(Exception):
    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


class CsvRows:
    """The header is read at once. Iterate once. Raises BrokenFile, with the row."""

    def __init__(self, lines: Lines, first: list[str], delimiter: str) -> None:
        self._source = lines
        self._unread: deque[str] = deque(first)
        self._lines = iter(lines)
        self._delimiter = delimiter
        self._record: list[str] = []  # the lines of the record that is read now
        self._number = 0
        self._broken_row: int | None = None  # while the row behind it is looked for
        self._is_wide = False  # blank cells beyond all columns that may be read end each row
        self._header = self._read_header()
        self.columns = tuple(cell.strip() for cell in self._header)

    def __iter__(self) -> Iterator[SourceRow]:
        try:
            while (problem := (yield from self._read_until_broken())) is not None:
                yield self._recover(problem)
        except BrokenFile as error:
            error.row = error.row or self._broken_row or self._number + 1
            raise

    def _read_header(self) -> list[str]:
        """The first row with text. Raises BrokenFile."""
        try:
            cells = next((cells for cells in self._records() if not is_blank(cells)), None)
        except (csv.Error, RowTooLong) as error:
            number = self._number + 1
            described = find_bad_bytes(number, self._record) or to_problem(number, error)
            if described.code in MAY_BE_OPEN_QUOTE and len(self._record) > 1:
                described = describe_quote(number)
            raise to_broken(described) from error
        if cells is None:
            raise BrokenFile("empty_file", "The file is empty. Start it with a header.", row=1)
        if problem := find_bad_bytes(self._number, cells):
            raise to_broken(problem)
        self._is_wide = len(cells) > COLUMNS_MAX
        if self._is_wide and len(drop_blank_end(cells)) > COLUMNS_MAX:
            message = f"The header has {len(cells)} columns, and at most {COLUMNS_MAX} are read."
            raise BrokenFile("too_many_columns", message, row=self._number)
        return [undo(cell) for cell in cells]

    def _records(self) -> Iterator[list[str]]:
        """Each record, blank ones too. Its number and its lines are valid until the next one."""
        self._record.clear()
        records = csv.reader(self._pull(), delimiter=self._delimiter, strict=True)
        for cells in map(drop_blank_end, records) if self._is_wide else records:
            self._number += 1
            yield cells
            self._record.clear()

    def _read_until_broken(self) -> Generator[SourceRow, None, Problem | None]:
        """Returns the problem of the record that breaks the rules, or None at the end."""
        try:
            yield from self._read_whole_records()
        except _WrongCount as error:
            return self._describe_count(error.count)
        except (csv.Error, RowTooLong) as error:
            self._number += 1
            return to_problem(self._number, error)
        return None

    def _read_whole_records(self) -> Iterator[SourceRow]:
        width, source = len(self.columns), self._source
        first_of_header = self._header[0]
        has_names = "" not in self.columns
        for cells in self._records():
            if (
                len(cells) == width
                and cells[0]
                and not cells[0].isspace()
                and cells[0] != first_of_header
                and has_names
                and (not source.may_be_special or is_plain("".join(self._record)))
            ):
                yield SourceRow(self._number, cells)
            elif not is_blank(cells):
                yield self._check(cells)
            if self._number > ROWS_MAX:
                message = f"The file has more than {ROWS_MAX} rows. Divide it."
                raise BrokenFile("too_many_rows", message, row=self._number)

    def _pull(self) -> Iterator[str]:
        """The lines for csv.reader, which collects those of one record."""
        record, size = self._record, 0
        for line in chain(_pop_each(self._unread), self._lines):
            size = size + len(line) if record else len(line)
            record.append(line)
            if size > ROW_CHARACTERS_MAX:
                raise RowTooLong
            yield line

    def _check(self, cells: list[str]) -> SourceRow:
        """A row that is unlike most rows: its problems are found."""
        number, width = self._number, len(self.columns)
        if self._source.may_be_special and (problem := find_bad_bytes(number, cells, self.columns)):
            cells = [read_bad_bytes(cell).replace("\0", "") for cell in cells]
            return SourceRow(number, self._fit(cells), (problem,))
        is_too_long = len(cells) > width
        if (is_too_long or len(cells) < width) and any(map(self._starts_row, self._record[1:])):
            raise _WrongCount(len(cells))  # an open quote has read the next rows into this one
        if is_too_long:
            problem = self._describe_count(len(cells), ends_blank=is_blank(cells[-1:]))
            return SourceRow(number, self._fit(cells), (problem,))
        cells = self._fit(cells)
        if cells == self._header:
            message = "This row repeats the header. Remove it."
            return SourceRow(number, cells, (Problem(number, None, "repeated_header", message),))
        return SourceRow(number, cells, tuple(self._find_nameless(cells)))

    def _find_nameless(self, cells: list[str]) -> Iterator[Problem]:
        for place, column in enumerate(self.columns):
            if not column and cells[place].strip():
                yield describe_nameless(self._number, place + 1, cells[place])

    def _recover(self, problem: Problem) -> SourceRow:
        """The bad row. Reading goes on at the next line that begins a row for certain.

        Raises BrokenFile if no such line comes soon.
        """
        self._broken_row = problem.row
        first, *others = self._record
        bad, size = [first], 0
        self._unread.extendleft(reversed(others))
        while line := self._peek(0):
            if self._starts_row(line) or ('"' in line and self._starts_long_row()):
                break
            bad.append(self._unread.popleft())
            size += len(line)
            if len(bad) > RECOVERY_LINES_MAX or size > RECOVERY_CHARACTERS_MAX:
                raise to_broken(problem)
        if problem.code in MAY_BE_OPEN_QUOTE and len(bad) <= len(others):
            problem = describe_quote(problem.row)  # it had read whole rows as one cell
        cells = self._read_leniently(bad)
        if problem.code == "cell_too_long":
            longest = max(range(len(cells)), key=lambda place: len(cells[place]))
            problem = problem.replace(
                field=self.columns[longest] or None, value=shorten(cells[longest])
            )
        self._broken_row = None
        return SourceRow(problem.row, cells, (problem,))

    def _peek(self, place: int) -> str:
        """A line that stays unread, counted from the next one. Empty behind the end."""
        while len(self._unread) <= place:
            line = next(self._lines, "")
            if not line:
                return ""
            self._unread.append(line)
        return self._unread[place]

    def _starts_row(self, line: str) -> bool:
        """Whether the line has all cells. What else is wrong with it is found when it is read."""
        width = len(self.columns)
        return len(self._split(line)) == width or line.count(self._delimiter) + 1 == width

    def _starts_long_row(self) -> bool:
        """Whether the next lines are one row with all cells, and another one or the end behind it.

        One row is not certain: lines within a long text can look like it.
        """
        lines = iter(map(self._peek, range(LONG_ROW_LINES_MAX)))
        ahead = csv.reader(takewhile(bool, lines), delimiter=self._delimiter, strict=True)
        try:
            return all(len(cells) == len(self.columns) for cells in islice(ahead, 2))
        except csv.Error:
            return False

    def _split(self, *lines: str) -> list[str]:
        reader = csv.reader(lines, delimiter=self._delimiter)
        try:
            return next(reader, [])
        except csv.Error:
            return []

    def _read_leniently(self, lines: list[str]) -> list[str]:
        """The best reading of a record that breaks the rules."""
        lines = [read_bad_bytes(line).replace("\0", "") for line in lines]
        cells = self._split(*lines)
        if len(cells) != len(self.columns):
            cells = "".join(lines).strip("\r\n").split(self._delimiter)
        return self._fit(cells)

    def _fit(self, cells: list[str]) -> list[str]:
        """As many cells as the header has. Surplus ones join the last. Guards are taken away."""
        width = len(self.columns)
        if len(cells) > width:
            cells = [*cells[: width - 1], self._delimiter.join(cells[width - 1 :])]
        return [undo(cell) for cell in cells] + [""] * (width - len(cells))

    def _describe_count(self, count: int, *, ends_blank: bool = False) -> Problem:
        width, delimiter = len(self.columns), self._delimiter
        return describe_count(self._number, count, width, delimiter, ends_blank=ends_blank)


def _pop_each(lines: deque[str]) -> Iterator[str]:
    while lines:
        yield lines.popleft()
