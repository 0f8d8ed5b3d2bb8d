"""Writes an XLSX file with one sheet of texts, as a stream. Pure.

Each cell is a text, so Excel changes no SKU into a number or a date. The files have a fixed time:
the same rows give the same bytes.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any
from xml.sax.saxutils import escape

ENTRY_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip can have
_BUFFER_CHARACTERS = 65_536
SHEET_ROWS_MAX = 1_048_576

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        "</Types>"
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>"
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_SHEETS}" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="Products" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        "</Relationships>"
    ),
    # Format 49 is "text": what a person writes into such a cell stays as it is written.
    "xl/styles.xml": (
        f'<styleSheet xmlns="{_SHEETS}"><fonts count="1"><font/></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0"/></cellStyleXfs>'
        '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="49" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
        "</styleSheet>"
    ),
}
_SHEET = "xl/worksheets/sheet1.xml"
_SHEET_START = (
    f'<worksheet xmlns="{_SHEETS}"><cols><col min="1" max="1000" width="16" style="1"/></cols>'
    "<sheetData>"
)
_SHEET_END = "</sheetData></worksheet>"
# What XML cannot have, and a text that looks like the escape for it (ECMA-376, 22.9.2.19).
_UNWRITABLE = re.compile("[\0-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


class SheetFull(Exception):
    """A sheet has at most 1,048,576 rows, the header too. Write CSV instead."""


class SheetWriter:
    def __init__(self, part: IO[bytes]) -> None:
        self._part = part
        self._buffer = [_XML, _SHEET_START]
        self._size = 0
        self._number = 0

    def write_row(self, cells: Sequence[str]) -> None:
        """Raises SheetFull."""
        self._number += 1
        if self._number > SHEET_ROWS_MAX:
            raise SheetFull
        row = "".join(map(_to_cell, cells))
        self._buffer.append(f'<row r="{self._number}">{row}</row>')
        self._size += len(row)
        if self._size > _BUFFER_CHARACTERS:
            self._flush()

    def finish(self) -> None:
        self._buffer.append(_SHEET_END)
        self._flush()

    def _flush(self) -> None:
        self._part.write("".join(self._buffer).encode())
        self._buffer.clear()
        self._size = 0


@contextmanager
def write_package(file: Any) -> Iterator[SheetWriter]:
    """`file` needs no more than `write` and `flush`."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _PARTS.items():
            archive.writestr(_entry(name), _XML + content)
        with archive.open(_entry(_SHEET), "w") as part:
            sheet = SheetWriter(part)
            yield sheet
            sheet.finish()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, ENTRY_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _to_cell(text: str) -> str:
    if not text:
        return "<c/>"
    written = escape(_UNWRITABLE.sub(_escape_character, text))
    return f'<c t="inlineStr" s="1"><is><t xml:space="preserve">{written}</t></is></c>'


def _escape_character(found: re.Match[str]) -> str:
    return f"_x{ord(found[0]):04X}_"
