"""What is written is read as it was, in every format, and no spreadsheet runs it."""

import csv
import gzip
import io
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.formats import xlsx_writing
from files.formats.formulas import defuse, undo
from files.formats.readers import BrokenFile, FileFormat, open_table
from files.formats.writers import Cells, open_writer, suffix_of
from tests.support.imports import MEGABYTE, measure_peak_memory

FORMATS = [
    FileFormat("csv", None, "utf-8", ","),
    FileFormat("csv", "gzip", "utf-16-le", ";"),
    FileFormat("csv", "zip", "windows-1252", "\t"),
    FileFormat("csv", None, "utf-8", "|"),
    FileFormat("json_lines", None, "utf-8"),
    FileFormat("json_lines", "zip", "utf-8"),
    FileFormat("json", "gzip", "utf-8"),
    FileFormat("xlsx"),
]
EACH_FORMAT = pytest.mark.parametrize("file_format", FORMATS, ids=str)
COLUMNS = ("sku", "name", "note")


class Output:
    """All that a writer may use of its file."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes, /) -> None:
        self.pieces.append(data)


def written(file_format: FileFormat, *rows: Cells, columns: tuple[str, ...] = COLUMNS) -> bytes:
    output = Output()
    with open_writer(output, file_format, columns) as writer:
        for cells in rows:
            writer.write(cells)
    return b"".join(output.pieces)


def read(file_format: FileFormat, content: bytes) -> list[list[str]]:
    table = open_table(io.BytesIO(content), filename=f"a{suffix_of(file_format)}")
    assert table.format.replace(encoding=None) == file_format.replace(encoding=None)
    rows = list(table)
    assert not any(row.problems for row in rows)
    return [
        row.cells if isinstance(row.cells, list) else [row.cells[name] for name in COLUMNS]
        for row in rows
    ]


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
GUARDED = st.sampled_from(["=1+1", "'=1", "''-x", "-5", "+3,5", "@a", "\tx", "_x0041_"])
ROW = st.lists(TEXT | GUARDED, min_size=3, max_size=3)


@EACH_FORMAT
@given(rows=st.lists(ROW, min_size=1, max_size=5))
def test_rows_are_read_as_they_were_written(file_format, rows):
    rows = [["sure", *cells[1:]] for cells in rows]  # else a row may be blank

    assert read(file_format, written(file_format, *rows)) == rows


@EACH_FORMAT
def test_the_same_rows_give_the_same_bytes(file_format):
    assert written(file_format, ["A", "Tea", ""]) == written(file_format, ["A", "Tea", ""])


@EACH_FORMAT
def test_a_file_without_rows_is_read_as_one(file_format):
    with pytest.raises(BrokenFile) as broken:
        read(file_format, written(file_format))

    assert broken.value.code in ("no_rows", "empty_file")


@EACH_FORMAT
def test_a_row_can_be_written_by_column(file_format):
    content = written(file_format, {"name": "Tea", "note": "x", "sku": "A"})

    assert read(file_format, content) == [["A", "Tea", "x"]]


def test_csv_is_utf_8_with_a_mark_for_excel():
    content = written(FileFormat("csv", delimiter=";"), ["A", "Thé; vert", 'a "b"\nc'])

    assert content == '\ufeffsku;name;note\r\nA;"Thé; vert";"a ""b""\nc"\r\n'.encode()


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd", "-cmd", "@sum", "\tx", "\rx", "'=1", "+", "-", "-1-1", "=1", "+1+1"]
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_formula_is_written_as_text(cell, kind):
    content = written(FileFormat(kind, delimiter=","), [cell, "x", "y"])

    assert defuse(cell) == f"'{cell}"
    if kind == "csv":
        shown = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1][0]
    else:
        found = openpyxl.load_workbook(io.BytesIO(content)).active["A2"]
        assert found.data_type == "s"
        shown = found.value.replace("_x000D_", "\r")
    assert shown == f"'{cell}"


@pytest.mark.parametrize(
    "cell", ["-5", "+3", "-19.99", "-1.355,90", "5", "", "a=b", "'tis", "'", "'-5"]
)
def test_numbers_and_texts_stay_as_they_are(cell):
    assert defuse(cell) == cell
    assert undo(cell) == cell


@given(TEXT)
def test_undoing_gives_the_text_before(cell):
    assert undo(defuse(cell)) == cell


def test_members_of_json_keep_their_types():
    content = written(
        FileFormat("json_lines"), {"sku": "A", "price": {"amount_minor": 1}, "x": None}
    )

    assert content == b'{"sku": "A", "price": {"amount_minor": 1}, "x": null}\n'


def test_a_value_that_is_no_text_is_written_as_json():
    content = written(FileFormat("csv", delimiter=","), {"sku": "A", "name": ["é"], "note": None})

    assert content.decode("utf-8-sig") == 'sku,name,note\r\nA,"[""é""]",\r\n'


def test_half_a_character_does_not_stop_a_writer():
    for file_format in FORMATS:
        assert written(file_format, ["A\ud800", "x", "y"])


def test_openpyxl_reads_each_cell_as_text():
    content = written(FileFormat("xlsx"), ["0017", "1E5", "a & <b>\n "], ["2026-11-28", "", "TRUE"])

    sheet = openpyxl.load_workbook(io.BytesIO(content)).active

    assert sheet.title == "Products"
    assert list(sheet.iter_rows(values_only=True)) == [
        COLUMNS,
        ("0017", "1E5", "a & <b>\n "),
        ("2026-11-28", None, "TRUE"),
    ]
    assert sheet["A2"].number_format == "@"


def test_a_sheet_has_a_last_row(monkeypatch):
    monkeypatch.setattr(xlsx_writing, "SHEET_ROWS_MAX", 3)

    with pytest.raises(xlsx_writing.SheetFull):
        written(FileFormat("xlsx"), *[["A", "b", "c"]] * 3)


def test_a_packed_file_has_one_name():
    content = written(FileFormat("csv", "zip", delimiter="\t"), ["A", "b", "c"])

    assert zipfile.ZipFile(io.BytesIO(content)).namelist() == ["rows.tsv"]
    assert gzip.decompress(written(FileFormat("json", "gzip"))) == b"[]\n"


@EACH_FORMAT
def test_a_long_file_is_written_row_by_row(file_format):
    class Nothing:
        def write(self, data: bytes, /) -> None:
            pass

    with measure_peak_memory() as memory, open_writer(Nothing(), file_format, COLUMNS) as writer:
        for number in range(3000):
            writer.write([str(number), "x" * 2000, "y" * 2000])

    assert memory.peak < 2 * MEGABYTE


@EACH_FORMAT
def test_a_format_is_stored_as_json(file_format):
    assert FileFormat.from_dict(file_format.to_dict()) == file_format
