"""Zip files as people make them, and documents that are a zip inside."""

import io

import pytest

from files.formats.readers import open_table
from files.formats.source_rows import BrokenFile
from tests.support.imports import CSV_HEADER, csv_row
from tests.support.workbooks import packed

ROWS = CSV_HEADER + csv_row("TEA")
MAIN = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"


def office(path: str) -> dict[str, str | bytes]:
    """The parts of a document of Office whose main part is at this path."""
    related = f'<Relationships><Relationship Id="a" Type="{MAIN}" Target="{path}"/></Relationships>'
    return {"[Content_Types].xml": "<Types/>", "_rels/.rels": related, path: b"\x83\x01"}


@pytest.mark.parametrize(
    "name",
    [
        "__MACOSX/._rows.csv",
        "._rows.csv",
        "a/._rows.csv",
        ".DS_Store",
        "Thumbs.db",
        "a/desktop.ini",
    ],
)
def test_what_a_system_adds_to_a_folder_is_passed_over(name):
    content = packed({"a/rows.csv": ROWS, name: b"\0\x05\x16\x07"})

    table = open_table(io.BytesIO(content), filename="rows.zip")

    assert [row.cells[0] for row in table] == ["TEA"]


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ({"mimetype": "application/x", "content.xml": "<x/>", "styles.xml": "<x/>"}, ".ods"),
        ({"Index/Document.iwa": "x", "Metadata/Properties.plist": "x"}, "Numbers"),
        (office("xl/workbook.bin"), ".xlsb"),
        (office("word/document.xml"), "text document"),
    ],
)
def test_other_documents_are_named_with_what_to_do(parts, named):
    with pytest.raises(BrokenFile) as broken:
        open_table(io.BytesIO(packed(parts)), filename="products.ods")

    assert broken.value.code == "unsupported_format"
    assert named in str(broken.value)
    assert "Save it as CSV or XLSX" in str(broken.value)
