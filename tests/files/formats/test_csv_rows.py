"""CSV: one bad row costs no other row."""

import io

import pytest

from files.formats.readers import BrokenFile, open_table
from files.formats.source_rows import SourceRow

HEADER = b"sku,name,price_minor,currency,available,description\n"
GOOD = b"TEA,Green tea,1250,EUR,7,\n"
GOOD_CELLS = ["TEA", "Green tea", "1250", "EUR", "7", ""]


def read(content: bytes, filename: str = "spring.csv") -> list[SourceRow]:
    return list(open_table(io.BytesIO(content), filename=filename))


def codes(row: SourceRow) -> list[str]:
    return [problem.code for problem in row.problems]


@pytest.mark.parametrize(
    ("lines", "code", "cells"),
    [
        (b'POT,"Pot" and cups,4900,EUR,1,\n', "broken_quote", ["POT", "Pot and cups"]),
        (b'POT,"Pot,4900,EUR,1,\n', "broken_quote", ["POT", '"Pot']),
        (b'"POT,Pot,4900,EUR,1,\n', "broken_quote", ['"POT', "Pot"]),
        (b'POT,Pot,4900,EUR,1,"\n', "broken_quote", ["POT", "Pot"]),
        (b"POT,P\0t,4900,EUR,1,\n", "nul_byte", ["POT", "Pt"]),
        (b"POT,Pot,49,00,EUR,1,\n", "wrong_column_count", ["POT", "Pot"]),
        (b"POT,Pot," + b"x" * 200_000 + b",EUR,1,\n", "cell_too_long", ["POT", "Pot"]),
        (HEADER, "repeated_header", ["sku", "name"]),
    ],
    ids=[
        "text behind a quoted cell",
        "an open quote",
        "an open quote at the start",
        "an open quote at the end",
        "a NUL byte",
        "an unquoted comma",
        "a cell of 200 KB",
        "the header again",
    ],
)
@pytest.mark.parametrize("after", [1, 5000])
def test_a_bad_row_costs_no_other_row(lines, code, cells, after):
    rows = read(HEADER + GOOD * 2 + b"\n" + lines + GOOD * after)

    assert [row.number for row in rows] == [2, 3, *range(5, 6 + after)]
    assert codes(rows[2]) == [code]
    assert rows[2].problems[0].row == 5
    assert rows[2].cells[:2] == cells
    assert len(rows[2].cells) == 6
    assert all(row.cells == GOOD_CELLS and not row.problems for row in [*rows[:2], *rows[3:]])


def test_a_line_of_5_mb_breaks_the_file_at_its_row():
    with pytest.raises(BrokenFile) as broken:
        read(HEADER + GOOD * 3 + b"POT," + b"x" * 5_000_000 + b"\n" + GOOD)

    assert (broken.value.code, broken.value.row) == ("row_too_long", 5)
