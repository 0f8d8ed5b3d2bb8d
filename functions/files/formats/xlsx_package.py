"""The parts of an XLSX file (ECMA-376): which sheets it has, and its XML as a stream. Pure.

The XML is parsed by expat, and a document type is refused: without one there are no entities, so
nothing is fetched and nothing multiplies itself. Elements are compared without prefixes, as
programs use different ones for the same namespace.
"""

import posixpath
import zipfile
from collections.abc import Callable, Iterator
from typing import NoReturn
from xml.parsers import expat

from files.formats.source_rows import BrokenFile
from files.formats.unpacking import open_entry
from shared.records import Record

_BLOCK_BYTES = 65_536
_DEPTH_MAX = 50  # of XML elements: a sheet has about 8
_ROOT_RELATIONSHIPS = "_rels/.rels"

Start = Callable[[str, dict[str, str]], None]


class Sheet(Record):
    name: str
    path: str
    is_hidden: bool


class Workbook(Record):
    archive: zipfile.ZipFile
    sheets: list[Sheet]  # visible ones first
    is_since_1904: bool  # how old Macs count days
    texts_path: str | None
    styles_path: str | None


def open_workbook(archive: zipfile.ZipFile) -> Workbook:
    """Raises BrokenFile unless this is a workbook with a sheet."""
    documents = [
        target
        for kind, target in _read_relationships(archive, _ROOT_RELATIONSHIPS).values()
        if kind == "officeDocument"
    ]
    if not documents or documents[0] not in archive.namelist():
        raise BrokenFile("unsupported_format", "This is no workbook. Save it as XLSX or CSV.")
    path = documents[0]
    folder, name = posixpath.split(path)
    relationships = _read_relationships(archive, f"{folder}/_rels/{name}.rels")
    targets = dict(relationships.values())
    found: list[Sheet] = []
    since_1904: list[bool] = []

    def start(element: str, attributes: dict[str, str]) -> None:
        if element == "workbookPr":
            since_1904.append(attributes.get("date1904", "0") in ("1", "true"))
        if element == "sheet":
            ids = [value for name, value in attributes.items() if name.endswith(":id")]
            kind, target = relationships.get(ids[0] if ids else "", ("", ""))
            if kind == "worksheet" and target in archive.namelist():
                is_hidden = attributes.get("state", "visible") != "visible"
                found.append(Sheet(attributes.get("name", ""), target, is_hidden))

    for _ in parse(archive, path, start):
        pass
    if not found:
        raise BrokenFile("unsupported_format", "The workbook has no sheet. Save it as CSV.")
    return Workbook(
        archive,
        sorted(found, key=lambda sheet: sheet.is_hidden),
        any(since_1904),
        targets.get("sharedStrings"),
        targets.get("styles"),
    )


def _read_relationships(archive: zipfile.ZipFile, path: str) -> dict[str, tuple[str, str]]:
    """By its id: the kind of each related part, and its path."""
    related: dict[str, tuple[str, str]] = {}
    base = posixpath.dirname(posixpath.dirname(path))

    def start(element: str, attributes: dict[str, str]) -> None:
        if element == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", base, attributes.get("Target", "")))
            kind = attributes.get("Type", "").rpartition("/")[2]
            related[attributes.get("Id", "")] = (kind, target.lstrip("/"))

    if path in archive.namelist():
        for _ in parse(archive, path, start):
            pass
    return related


def parse(
    archive: zipfile.ZipFile,
    path: str,
    start: Start,
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Parse a part, and stop after each block for the caller. Raises BrokenFile."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0
    names: dict[str, str] = {}

    def start_element(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEPTH_MAX:
            raise BrokenFile("nested_too_deep", "The workbook is damaged. Save it again.")
        local = names.get(name) or names.setdefault(name, name.rpartition(":")[2])
        start(local, attributes)

    def end_element(name: str) -> None:
        nonlocal depth
        depth -= 1
        if end:
            end(names[name])

    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    parser.StartDoctypeDeclHandler = _refuse_document_type
    if text:
        parser.CharacterDataHandler = text
    stream = open_entry(archive, archive.getinfo(path))
    try:
        while block := stream.read(_BLOCK_BYTES):
            parser.Parse(block, False)
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        message = f"The workbook is damaged in {path}. Open it, and save it again."
        raise BrokenFile("damaged_file", message) from error
    yield


def _refuse_document_type(*_: object) -> NoReturn:
    message = "The workbook has a document type, which no program writes. Save it as CSV."
    raise BrokenFile("document_type", message)
