"""How a text file is written is found: delimiter, quotes, line ends and encoding."""

import io

import pytest

from files.formats.readers import FileFormat, SourceTable, open_table
from tests.support.imports import MEGABYTE, measure_peak_memory

HEADER = "sku,name,price"
ROWS = ["TEA,Thé vert,1250", "POT,Théière,4900"]


def open_text(text: str | bytes, filename: str = "spring.csv") -> SourceTable:
    content = text if isinstance(text, bytes) else text.encode()
    return open_table(io.BytesIO(content), filename=filename)


def cells(table: SourceTable) -> list[list[str]]:
    rows = list(table)
    assert not any(row.problems for row in rows)
    return [row.cells for row in rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter):
    table = open_text("\n".join([HEADER, *ROWS]).replace(",", delimiter))

    assert table.format == FileFormat("csv", None, "utf-8", delimiter)
    assert table.columns == ("sku", "name", "price")
    assert cells(table) == [row.split(",") for row in ROWS]


@pytest.mark.parametrize(
    ("text", "delimiter", "columns"),
    [
        ("sku;name;price\nA;Tea, green, loose;19,90\n", ";", 3),
        ('sku,"name; short",price\nA,a;b;c;d,1\n', ",", 3),
        ("sku\tname\tprice\nA\tTea, green\t1,5\n", "\t", 3),
        ("sku|tags\nA|green,loose,new\n", "|", 2),
        ('"sku","name"\n"A;1","B;2"\n', ",", 2),
        ('sku,description\nA,"one;\ntwo;\nthree"\n', ",", 2),
        ("sku;price;note\nA;1\nB;2\n", ";", 3),
        ("sku\nA\nB\n", ",", 1),
        ("sku;name\n", ";", 2),
    ],
)
def test_the_delimiter_gives_rows_of_equal_length(text, delimiter, columns):
    table = open_text(text)

    assert table.format.delimiter == delimiter
    assert len(table.columns) == columns


def test_the_name_decides_between_equal_delimiters():
    text = "a\tb,c\n1\t2,3\n"

    assert open_text(text, "a.csv").format.delimiter == ","
    assert open_text(text, "a.tsv.gz").format.delimiter == "\t"


def test_a_first_line_of_excel_names_the_delimiter():
    table = open_text("sep=;\r\nsku;a,b,c\r\nA;1,2,3\r\n")

    assert table.columns == ("sku", "a,b,c")
    assert [row.number for row in table] == [2]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("last", [True, False])
def test_any_line_end_is_read(end, last):
    text = end.join([HEADER, *ROWS]) + (end if last else "")

    assert cells(open_text(text)) == [row.split(",") for row in ROWS]


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32-le"),
        ("cp1252", "windows-1252"),
    ],
)
def test_the_encoding_is_found(encoding, found):
    table = open_text("\r\n".join([HEADER, *ROWS]).encode(encoding))

    assert table.columns == ("sku", "name", "price")
    assert cells(table) == [row.split(",") for row in ROWS]
    assert table.format.encoding == found


def test_windows_1252_is_read_with_a_warning():
    table = open_text(f"{HEADER}\nTEA,Thé – 5 €,1\n".encode("cp1252"))

    assert cells(table) == [["TEA", "Thé – 5 €", "1"]]
    assert [warning.code for warning in table.warnings] == ["encoding_windows_1252"]


def test_a_second_byte_order_mark_is_no_part_of_a_name():
    table = open_text("\ufeff\ufeffsku,name\nA,B\n")

    assert (table.columns, cells(table)) == (("sku", "name"), [["A", "B"]])


def test_the_encoding_is_found_far_into_the_file():
    rows = "TEA,Green tea,1\n" * 100_000
    table = open_text(f"{HEADER}\n{rows}POT,Théière,2\n".encode("cp1252"))

    assert cells(table)[-1] == ["POT", "Théière", "2"]
    assert table.format.encoding == "windows-1252"


def test_one_bad_byte_does_not_change_the_encoding():
    good, bad = "TEA,Thé vert,1250\n".encode(), b"POT,Th\xe9,1\n"
    table = open_text(f"{HEADER}\n".encode() + good + bad + good)

    rows = list(table)

    assert [[problem.code for problem in row.problems] for row in rows] == [[], ["not_utf8"], []]
    assert rows[1].cells == ["POT", "Thé", "1"]
    assert rows[1].problems[0].value == "Thé"
    assert table.warnings == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("block", [65_536, 65_536 + 262_144])
@pytest.mark.parametrize("before", range(-3, 2))
def test_a_character_on_the_edge_of_a_block_stays_whole(encoding, block, before):
    start = "sku,name\nTHÉ,tea\nA,xxxxx"
    unit = len("x".encode(encoding))
    filler = "\nB,xxx" * ((block - len(start.encode(encoding))) // (6 * unit))
    filler += "x" * ((block - len((start + filler).encode(encoding))) // unit + before)

    rows = list(open_text((start + filler + "é€😀\nC,é😀\n").encode(encoding)))

    assert not any(row.problems for row in rows)
    assert rows[-2].cells[1].endswith("xé€😀")
    assert rows[-1].cells == ["C", "é😀"]


def test_leading_blank_lines_count_as_rows():
    table = open_text("\n\nsku,name\n\nA,Tea\n")

    assert table.columns == ("sku", "name")
    assert [row.number for row in table] == [5]


def test_missing_last_cells_are_empty():
    assert cells(open_text("sku,name,price,tags\nA,Tea\n")) == [["A", "Tea", "", ""]]


def test_a_column_without_a_name_is_a_warning():
    table = open_text("sku,name,\nA,Tea,\nB,Pot,note\n")

    first, second = table

    assert table.columns == ("sku", "name", "")
    assert [(warning.code, warning.row) for warning in table.warnings] == [("nameless_column", 1)]
    assert (first.cells, first.problems) == (["A", "Tea", ""], ())
    assert [(each.code, each.value) for each in second.problems] == [
        ("cell_without_column", "note")
    ]


def test_a_long_file_is_read_row_by_row():
    row = b"TEA," + b"x" * 4900 + b",1\n"
    file = io.BytesIO(b"sku,name,price\n" + row * 4000)

    with measure_peak_memory() as memory:
        found = sum(1 for _ in open_table(file, filename="a.csv"))

    assert found == 4000
    assert memory.peak < 5 * MEGABYTE
