"""CSV: one bad row costs no other row."""

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.formats.formulas import undo
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


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        (b"POT,P\0t,4900,EUR,1,\n", "name", "Pt"),
        (b"POT,Pot,4900,EUR,1,Th\xe9\n", "description", "Thé"),
        (b"POT,Pot,4900,EUR,1," + b"x" * 200_000 + b"\n", "description", "x" * 99 + "…"),
        (b'POT,"Pot" and cups,4900,EUR,1,\n', None, None),
    ],
)
def test_a_problem_names_its_column_if_it_is_known(line, field, value):
    rows = read(HEADER + "TEA,Thé vert,1,EUR,7,\n".encode() + line + GOOD)

    (problem,) = rows[1].problems
    assert (problem.field, problem.value) == (field, value)


def test_each_of_many_bad_rows_is_handed_back():
    lines = [b'A%d,"x" y,1,EUR,7,\n' % n for n in range(50)]
    lines += [b'B%d,"x,1,EUR,7,\n' % n for n in range(50)]

    rows = read(HEADER + b"".join(lines) + GOOD)

    assert [row.number for row in rows] == list(range(2, 103))
    assert [row.cells[0] for row in rows[:-1]] == [
        *(f"A{n}" for n in range(50)),
        *(f"B{n}" for n in range(50)),
    ]
    assert all(codes(row) == ["broken_quote"] for row in rows[:-1])
    assert rows[-1].cells == GOOD_CELLS


@pytest.mark.parametrize("count", [1, 3, 500])
def test_a_bad_row_costs_no_row_of_several_lines(count):
    bad = b'POT,"A "large" pot\nof clay",4900,EUR,1,\n'
    long = b'TEA,Tea,1,EUR,7,"<p>Fresh,\ngreen</p>\n\n<p>Loose</p>"\n'

    rows = read(HEADER + (bad + long) * count)

    assert [codes(row) for row in rows] == [["broken_quote"], []] * count
    assert [row.number for row in rows] == list(range(2, 2 * count + 2))
    assert rows[1].cells[5] == "<p>Fresh,\ngreen</p>\n\n<p>Loose</p>"


def test_an_open_quote_that_a_later_row_closes_costs_one_row():
    rows = read(HEADER + b'POT,"Pot,1,EUR,7,\n' + GOOD * 3 + b'CUP,Cup,1,EUR,7,"\n' + GOOD)

    assert [codes(row) for row in rows][:4] == [["broken_quote"], [], [], []]
    assert rows[-1].cells == GOOD_CELLS
    assert rows[-2].cells[:2] == ["CUP", "Cup"]


def test_quotes_within_a_plain_cell_are_text():
    rows = read(HEADER + b'TEST3/4",5" pipe,1250,EUR,7,\n' + GOOD)

    assert rows[0].cells[:2] == ['TEST3/4"', '5" pipe']
    assert not any(row.problems for row in rows)


def test_quoted_cells_can_have_anything():
    rows = read(HEADER + b'TEA,"Tea, ""green""",1250,EUR,7,"Fresh\r\nand\rgrassy\n"\n' + GOOD)

    assert rows[0].cells == ["TEA", 'Tea, "green"', "1250", "EUR", "7", "Fresh\r\nand\rgrassy\n"]
    assert rows[1].number == 3


@pytest.mark.parametrize("line", [b"", b"  ", b",,,,,", b" , ,,,,"])
def test_a_row_of_blank_cells_is_a_blank_line(line):
    rows = read(HEADER + GOOD + line + b"\n" + GOOD)

    assert [row.number for row in rows] == [2, 4]


def test_a_guarded_formula_is_read_as_it_was():
    rows = read(HEADER + b"'=1+1,'-5,'tis,''@x,'+,'\n" + GOOD)

    assert rows[0].cells == ["=1+1", "'-5", "'tis", "'@x", "+", "'"]


@pytest.mark.parametrize("before", range(5))
def test_a_guard_on_the_edge_of_a_block_is_taken_away(before):
    filler = b"TEA,Green tea,1250,EUR,7,\n" * 2600
    start = HEADER + filler[: (65_536 - len(HEADER)) // 26 * 26 - 26]
    start += b"POT," + b"x" * (65_536 - len(start) - 4 - before - len(b",1,EUR,1,")) + b",1,EUR,1,"

    rows = read(start + b"'=1+1\n" + filler)

    (found,) = (row for row in rows if row.cells[0] == "POT")
    assert found.cells[5] == "=1+1"


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
TABLE = st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8)
BAD_LINE = st.text('a",;\n\0é', max_size=30).map(str.encode) | st.binary(max_size=30)


@given(TABLE, TABLE, BAD_LINE, st.sampled_from(",;\t"))
def test_no_bad_line_costs_a_row_of_one_line(before, after, bad, delimiter):
    """Whatever the line is, the rows before it are read, and the last of those behind it."""
    sure = ["sure", "row", "1"]

    def written(rows: list[list[str]]) -> bytes:
        file = io.StringIO()
        csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
        return file.getvalue().encode()

    header = delimiter.join(["sku", "name", "price"]).encode() + b"\n"
    plain = delimiter.join(sure).encode() + b"\n"
    head, tail = written([sure, *before]), written([*after, sure, sure])

    rows = read(header + plain + head + bad + b"\n" + tail + plain)

    good = [row.cells for row in rows if not row.problems]
    expected = [
        sure,
        sure,
        *([undo(cell) for cell in cells] for cells in before if has_text(cells)),
    ]
    assert good[: len(expected)] == expected
    assert good[-1] == sure


def has_text(cells: list[str]) -> bool:
    return any(cell.strip() for cell in cells)


@given(st.one_of(st.binary(), st.text("\",\n\r\0TEA1é \u2028'=").map(str.encode)))
def test_any_bytes_are_rows_or_a_broken_file(content):
    with suppress(BrokenFile):
        for row in read(HEADER + content):
            assert row.number > 1
            assert len(row.cells) == 6
            assert all(problem.row == row.number for problem in row.problems)
    with suppress(BrokenFile):
        read(content)


def test_thousands_of_empty_columns_are_passed_over():
    blank = "," * 16_000
    content = f"sku,name{blank}\nA,Tea{blank}\nB,{blank}\nC,T,x{blank}\n".encode()
    table = open_table(io.BytesIO(content), filename="a.csv")

    found = list(table)

    assert table.columns == ("sku", "name")
    assert [row.cells for row in found] == [["A", "Tea"], ["B", ""], ["C", "T,x"]]
    assert [problem.code for row in found for problem in row.problems] == ["wrong_column_count"]


@pytest.mark.parametrize(("end", "is_explained"), [(",", True), (", green", False)])
def test_a_delimiter_too_many_at_the_end_is_explained(end, is_explained):
    (row,) = read(f"sku,name\nA,Tea{end}\n".encode())

    (problem,) = row.problems
    assert problem.code == "wrong_column_count"
    assert ("add one to the end of the header" in problem.message) is is_explained
