"""Refuses files that are no tables, by their first bytes or by the names in their zip. Pure."""

import re
from collections.abc import Collection

from files.formats.source_rows import BrokenFile

GZIP = b"\x1f\x8b"
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")

_SAVE_AS = "Save it as CSV or XLSX."
_OTHERS = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel workbook (.xls), or one with a password",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"RIFF": "a picture, a film or a sound",
    b"%PDF": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"BZh9": "a bzip2 archive",
    b"\xfd7zXZ\0": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"SQLite format 3\0": "a database",
    b"PAR1": "a Parquet file",
}
# Spreadsheets and documents that are a zip, by a file in it.
_OTHER_ARCHIVES = {
    "xl/workbook.bin": "a binary workbook (.xlsb)",
    "word/document.xml": "a text document",
    "ppt/presentation.xml": "a presentation",
    "content.xml": "an OpenDocument file, such as .ods",
    "Index/Document.iwa": "a file of Numbers or Pages",
}
_MARKUP = re.compile(rb"\s*<(?:\?xml|!doctype|html|table|svg|rss|meta)\b", re.IGNORECASE)


def refuse_other_formats(head: bytes) -> None:
    """Raises BrokenFile for what is certainly no table."""
    for signature, name in _OTHERS.items():
        if head.startswith(signature):
            raise _refuse(name)
    if _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
        raise _refuse("a web page or an XML document")


def refuse_other_archives(names: Collection[str]) -> None:
    """Raises BrokenFile for a zip of files that is certainly no table."""
    for name, kind in _OTHER_ARCHIVES.items():
        if name in names:
            raise _refuse(kind)


def _refuse(kind: str) -> BrokenFile:
    return BrokenFile("unsupported_format", f"This is {kind}. {_SAVE_AS}")
