"""XLSX: what a person sees in a spreadsheet is what is read."""

import datetime as dt
import io
import zipfile

import openpyxl
import pytest

from files.formats.readers import FileFormat, SourceTable, open_table
from tests.support.imports import MEGABYTE, measure_peak_memory
from tests.support.workbooks import good_row, inline, row, sheet, styles, workbook

HEADER = ["sku", "name", "price"]
DAY = dt.date(2026, 11, 28)


def open_bytes(content: bytes) -> SourceTable:
    return open_table(io.BytesIO(content), filename="spring.xlsx")


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def one_cell(value: object, number_format: str | None = None) -> str:
    """The first cell below the header, as it is read."""
    book = openpyxl.Workbook()
    book.active.append(["sku"])
    book.active.append([value])
    if number_format:
        book.active["A2"].number_format = number_format
    (found,) = open_bytes(saved(book))
    assert found.problems == ()
    return found.cells[0]


def test_a_workbook_is_a_table():
    book = openpyxl.Workbook()
    for cells in (HEADER, ["TEA", "Thé <vert> & co\nfrais", 1250], [], ["POT", None, 4900]):
        book.active.append(cells)

    table = open_bytes(saved(book))

    assert table.format == FileFormat("xlsx")
    assert table.columns == ("sku", "name", "price")
    assert [(found.number, found.cells) for found in table] == [
        (2, ["TEA", "Thé <vert> & co\nfrais", "1250"]),
        (4, ["POT", "", "4900"]),
    ]


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (17, None, "17"),
        (17.0, None, "17"),
        (-3, None, "-3"),
        (0.1 + 0.2, None, "0.3"),
        (19.99, "0.0000", "19.99"),
        (1e5, "0.00E+00", "100000"),
        (1e20, None, "100000000000000000000"),
        (1e-7, None, "0.0000001"),
        (4006381333931, "General", "4006381333931"),
        (17, "0000", "0017"),
        (17, "00000000000000", "00000000000017"),
        (12345, "0000", "12345"),
        (0.19, "0%", "0.19"),
        (1250, '#,##0.00 "EUR"', "1250"),
        (1250, "[Red]#,##0;[Blue]-#,##0", "1250"),
        (5, '0 "Stück, days"', "5"),
        ("0017", None, "0017"),
        ("1E5", None, "1E5"),
        (True, None, "TRUE"),
        (DAY, None, "2026-11-28"),
        (dt.datetime.combine(DAY, dt.time(10, 30)), None, "2026-11-28T10:30:00"),
        (dt.datetime.combine(DAY, dt.time()), "dd/mm/yy", "2026-11-28"),
        (dt.date(1900, 1, 15), "d mmm", "1900-01-15"),
        (dt.time(10, 5), None, "10:05:00"),
        (46000, "[$-407]d. mmmm yyyy", "2025-12-09"),
        (-5, "yyyy-mm-dd", "-5"),
    ],
)
def test_a_cell_is_read_as_it_is_shown(value, number_format, shown):
    assert one_cell(value, number_format) == shown


def test_days_can_be_counted_from_1904():
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append(["released"])
    book.active.append([DAY])

    (found,) = open_bytes(saved(book))

    assert found.cells == ["2026-11-28"]


def test_merged_cells_are_the_first_cell():
    book = openpyxl.Workbook()
    for cells in (HEADER, ["TEA", "Tea", 1250], ["POT", "Pot", 4900]):
        book.active.append(cells)
    book.active.merge_cells("B2:B3")

    assert [found.cells for found in open_bytes(saved(book))] == [
        ["TEA", "Tea", "1250"],
        ["POT", "", "4900"],
    ]


def test_the_first_sheet_with_text_is_read():
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    hidden = book.create_sheet("Old")
    hidden.append(["old"])
    hidden.sheet_state = "hidden"
    products = book.create_sheet("Products")
    for cells in (HEADER, ["TEA", "Tea", 1250]):
        products.append(cells)

    table = open_bytes(saved(book))

    assert table.columns == ("sku", "name", "price")
    assert [warning.message for warning in table.warnings] == ["Only the sheet 'Products' is read."]


def test_numbers_in_a_column_of_skus_are_a_warning():
    book = openpyxl.Workbook()
    for cells in (["Variant SKU", "price"], [100000, 1], [20, 2]):
        book.active.append(cells)

    table = open_bytes(saved(book))
    list(table)

    assert [(each.code, each.row, each.field, each.value) for each in table.warnings] == [
        ("number_as_name", 2, "Variant SKU", "100000")
    ]


def test_a_formula_is_its_last_value():
    cells = (
        '<c t="str"><f>A1</f><v>TEA</v></c><c><f>1+1</f><v>2</v></c><c t="str"><f>""</f><v/></c>'
    )

    (found,) = open_bytes(workbook(sheet(row(cells))))

    assert (found.cells[:3], found.problems) == (["TEA", "2", ""], ())


def test_a_problem_names_its_column_and_row():
    content = workbook(sheet(good_row(), row(inline("B"), '<c t="e"><v>#N/A</v></c>', number=7)))

    found = list(open_bytes(content))[1].problems

    assert [(each.row, each.field, each.code, each.value) for each in found] == [
        (7, "name", "formula_error", "#N/A")
    ]


def test_rich_texts_are_joined_without_reading_aids():
    shared = (
        "<sst><si><r><t>Green</t></r><r><t xml:space='preserve'> tea</t></r>"
        "<rPh><t>aid</t></rPh></si><si><t>line_x000D_end</t></si></sst>"
    )
    cells = '<c t="s"><v>0</v></c><c t="s"><v>1</v></c>'

    (found,) = open_bytes(workbook(sheet(row(cells)), shared=shared))

    assert found.cells[:2] == ["Green tea", "line\rend"]


def test_elements_can_have_a_prefix():
    content = sheet(good_row()).replace("<", "<x:").replace("<x:/", "</x:")

    (found,) = open_bytes(workbook(content.replace("xmlns=", "xmlns:x=")))

    assert found.cells == ["TEA", "Green tea", "1250", "EUR", "7"]


def test_cells_can_leave_columns_and_rows_out():
    cells = '<c r="A5" t="inlineStr"><is><t>A</t></is></c><c r="E5"><v>7</v></c>'

    (found,) = open_bytes(workbook(sheet(row(cells, number=5))))

    assert (found.number, found.cells) == (5, ["A", "", "", "", "7"])


def test_a_format_of_zeros_is_shown_in_each_style():
    cells = (
        '<c s="1"><v>17</v></c><c s="2"><v>17</v></c><c s="3"><v>17</v></c><c s="99"><v>17</v></c>'
    )

    (found,) = open_bytes(workbook(sheet(row(cells)), style=styles("00000", "@", "0;-0")))

    assert found.cells[:4] == ["00017", "17", "17", "17"]


def test_many_texts_are_not_in_memory():
    texts = [f"text {number} {'x' * 400}" for number in range(12_000)]
    shared = f"<sst>{''.join(f'<si><t>{text}</t></si>' for text in texts)}</sst>"
    rows = "".join(row(f'<c t="s"><v>{number}</v></c>') for number in range(12_000))
    content = io.BytesIO(_stored(workbook(sheet(rows, header=row(inline("x"))), shared=shared)))

    with measure_peak_memory() as memory:
        table = open_table(content, filename="a.xlsx")
        assert all(found.cells == [text] for found, text in zip(table, texts, strict=True))

    assert memory.peak < 10 * MEGABYTE


def _stored(packed: bytes) -> bytes:
    """The same files, not compressed: they would be as small as a bomb."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as before, zipfile.ZipFile(file, "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name))
    return file.getvalue()


def test_openpyxl_and_this_reader_agree():
    book = openpyxl.Workbook()
    rows = [
        [f"SKU-{number}", f"Nom {number} é", number * 0.37, number, None, f"={number}+1"]
        for number in range(1, 300)
    ]
    for cells in [["sku", "name", "price", "qty", "tags", "sum"], *rows]:
        book.active.append(cells)
    content = saved(book)

    theirs = openpyxl.load_workbook(io.BytesIO(content), read_only=True).active
    expected = [list(cells) for cells in theirs.iter_rows(min_row=2, values_only=True)]

    for found, cells in zip(open_bytes(content), expected, strict=True):
        assert found.cells[:2] == cells[:2]
        assert float(found.cells[2]) == pytest.approx(cells[2], rel=1e-14)
        assert [each.code for each in found.problems] == ["formula_without_value"]
