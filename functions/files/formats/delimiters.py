"""The delimiter of a CSV file, from its header and first rows. Pure."""

import csv
import re
from collections.abc import Iterator
from itertools import islice

from files.formats.source_rows import ROW_CHARACTERS_MAX

DELIMITERS = ",;\t|"
_SAMPLE_LINES = 50
_SAMPLE_CHARACTERS = 65_536
# Excel reads this first line, does not show it, and does not count it as a row.
_EXCEL_HINT = re.compile('"?sep=([,;\t|])"?[\r\n]*', re.IGNORECASE)


def take_sample(lines: Iterator[str]) -> list[str]:
    sample: list[str] = []
    size = 0
    for line in islice(lines, _SAMPLE_LINES):
        sample.append(line)
        size += len(line)
        if size > min(_SAMPLE_CHARACTERS, ROW_CHARACTERS_MAX):
            break
    return sample


def take_hint(sample: list[str]) -> str | None:
    """The delimiter that the first line names. The line is then removed from the sample."""
    hint = _EXCEL_HINT.fullmatch(sample[0]) if sample else None
    if hint is None:
        return None
    del sample[0]
    return hint[1]


def find_delimiter(sample: list[str], *, is_tsv: bool) -> str:
    """The delimiter that gives the header several columns and the rows the same number of cells."""
    candidates = "\t" + DELIMITERS if is_tsv else DELIMITERS
    found = max(candidates, key=lambda delimiter: _score(sample, delimiter))  # the first of equals
    if _score(sample, found)[0] or not sample:
        return found
    # The header is one column, or has a wrong quote, which is then the error.
    return max(candidates, key=sample[0].count)


def _score(sample: list[str], delimiter: str) -> tuple[bool, float, int]:
    widths = [len(cells) for cells in _records(sample, delimiter) if any(map(str.strip, cells))]
    if not widths:
        return (False, 0, 0)
    width, *others = widths
    fitting = sum(1.0 if other == width else 0.5 * (other < width) for other in others)
    return (width > 1, fitting / len(others) if others else 1, width)


def _records(sample: list[str], delimiter: str) -> Iterator[list[str]]:
    """The records of the sample up to a broken one. The sample may end within the last."""
    try:
        yield from csv.reader(sample, delimiter=delimiter, strict=True)
    except csv.Error:
        return
