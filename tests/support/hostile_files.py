"""Files that break a reader, or that nobody could import. Each is built when a test needs it.

Each ends in one of two ways: the file is broken, or rows are rejected and the others are read.
"""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.support import workbooks
from tests.support.workbooks import good_row, inline, packed, row, sheet, workbook

HEADER = b"sku,name,price_minor,currency,available\n"
GOOD = b"TEA,Green tea,1250,EUR,7\n"
OBJECT = b'{"sku": "TEA", "name": "Green tea", "price_minor": 1250, "currency": "EUR"}'
MEGABYTE = 1_000_000


class Broken(NamedTuple):
    """Reading ends with this code."""

    code: str


class Rejected(NamedTuple):
    """These rows are rejected, in this order, and `read` others are read."""

    codes: list[str]
    read: int


Content = bytes | Callable[[], bytes]  # what is large is built by its test


class HostileFile(NamedTuple):
    name: str
    filename: str
    content: Content
    ends: Broken | Rejected

    def build(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else self.content()


def hostile_files() -> list[HostileFile]:
    return [*_csv_files(), *_encoded_files(), *_json_files(), *_packed_files(), *_workbooks()]


def _csv_files() -> Iterator[HostileFile]:
    def of(name: str, content: Content, ends: Broken | Rejected) -> HostileFile:
        return HostileFile(name, "products.csv", content, ends)

    bad = b'POT,"Pot,4900,EUR,1\n'
    yield of("empty", b"", Broken("empty_file"))
    yield of("blank lines alone", b"\n\r\n  \n", Broken("empty_file"))
    yield of("header alone", HEADER, Broken("no_rows"))
    yield of("header alone, without a line end", HEADER[:-1], Broken("no_rows"))
    yield of("header twice", HEADER + HEADER + GOOD, Rejected(["repeated_header"], 1))
    yield of("open quote first", HEADER + bad + GOOD * 999, Rejected(["broken_quote"], 999))
    yield of(
        "open quote amid 1,000 rows",
        HEADER + GOOD * 500 + bad + GOOD * 499,
        Rejected(["broken_quote"], 999),
    )
    yield of("open quote last", HEADER + GOOD * 999 + bad, Rejected(["broken_quote"], 999))
    yield of(
        "open quote before 6,000 rows",
        HEADER + bad + GOOD * 6_000,
        Rejected(["broken_quote"], 6_000),
    )
    yield of(
        "an open quote in each of 2,000 rows",
        HEADER + bad * 2000 + GOOD,
        Rejected(["broken_quote"] * 2000, 1),
    )
    yield of(
        "no row behind an open quote",
        HEADER + GOOD + bad + b"Pot\n" * 2000 + GOOD,
        Broken("broken_quote"),
    )
    yield of(
        "every second row with an open quote",
        HEADER + (bad + GOOD) * 1000,
        Rejected(["broken_quote"] * 1000, 1000),
    )
    yield of("open quote in the header", b'sku,"name\n' + GOOD * 9000, Broken("broken_quote"))
    yield of(
        "text behind a quote",
        HEADER + b'POT,"Pot" and cups,4900,EUR,1\n' * 3 + GOOD,
        Rejected(["broken_quote"] * 3, 1),
    )
    yield of("NUL in a row", HEADER + b"P\0T,Pot,1,EUR,1\n" + GOOD, Rejected(["nul_byte"], 1))
    yield of("NUL in the header", HEADER.replace(b"s", b"\0") + GOOD, Broken("nul_byte"))
    yield of("nothing but NULs", b"\0" * MEGABYTE, Broken("nul_byte"))
    long = b"x" * 200_000
    yield of(
        "a cell of 200 KB",
        HEADER + GOOD + b"POT," + long + b",1,EUR,1\n" + GOOD,
        Rejected(["cell_too_long"], 2),
    )
    yield of(
        "a quoted cell of 200 KB over many lines",
        HEADER + GOOD + b'POT,"' + b"word,\n" * 33_000 + b'",1,EUR,1\n' + GOOD,
        Broken("cell_too_long"),
    )
    yield of("a line of 9 MB", lambda: HEADER + GOOD + b"x" * 9 * MEGABYTE, Broken(LONG))
    yield of("a header of 9 MB", lambda: b"x" * 9 * MEGABYTE, Broken(LONG))
    yield of("a million columns", lambda: b"x," * MEGABYTE + b"x\n" + GOOD, Broken(LONG))
    yield of("1,001 columns", b"x," * 1000 + b"x\n" + GOOD, Broken("too_many_columns"))
    yield of(
        "a row of 500,000 cells",
        HEADER + b"x," * 500_000 + b"x\n" + GOOD,
        Rejected(["wrong_column_count"], 1),
    )
    yield of(
        "a million cells over many lines",
        lambda: HEADER + b'POT,"\n"' + b',"\n"' * MEGABYTE,
        Broken("row_too_long"),
    )
    yield of(
        "an unquoted comma",
        HEADER + b"POT,Pot,49,00,EUR,1\n" + GOOD,
        Rejected(["wrong_column_count"], 1),
    )
    yield of(
        "cells in a column without a name",
        HEADER[:-1] + b",\n" + GOOD[:-1] + b",\n" + GOOD[:-1] + b",note\n",
        Rejected(["cell_without_column"], 1),
    )


def _encoded_files() -> Iterator[HostileFile]:
    def of(name: str, content: Content, ends: Broken | Rejected) -> HostileFile:
        return HostileFile(name, "products.csv", content, ends)

    text = (HEADER + GOOD).decode()
    utf8 = "TEE,Thé vert,1250,EUR,7\n".encode()
    yield of("a byte order mark alone", b"\xef\xbb\xbf", Broken("empty_file"))
    yield of(
        "a bad byte amid UTF-8",
        HEADER + utf8 * 3 + b"POT,Th\xe9i\xe8re,4900,EUR,1\n" + utf8,
        Rejected(["not_utf8"], 4),
    )
    yield of(
        "a lone surrogate in UTF-8",
        HEADER + utf8 * 9 + b"POT,\xed\xa0\x80,4900,EUR,1\n" + GOOD,
        Rejected(["not_utf8"], 10),
    )
    yield of(
        "a NUL in two bytes",
        HEADER + utf8 * 9 + b"POT,\xc0\x80,4900,EUR,1\n" + GOOD,
        Rejected(["not_utf8"], 10),
    )
    yield of(
        "a character cut off at the end",
        HEADER + utf8 * 9 + b"POT,Pot,4900,EUR,\xe2\x82",
        Rejected(["not_utf8"], 9),
    )
    yield of(
        "a lone surrogate in UTF-16",
        (text + "POT,P\ud800t,4900,EUR,1\n" + text).encode("utf-16", "surrogatepass"),
        Rejected(["not_utf8", "repeated_header"], 2),
    )
    yield of(
        "UTF-16 without a mark, cut within a character",
        (text + "POT,Pot,4900,EUR,1").encode("utf-16-le")[:-1],
        Rejected(["not_utf8"], 1),
    )
    yield of(
        "UTF-16 for some rows",
        HEADER + GOOD + GOOD.decode().encode("utf-16-le"),
        Rejected(["nul_byte"] * 2, 1),  # the second one is half of the line's end
    )
    yield of(
        "bytes that Windows-1252 has not",
        HEADER + b"POT,\x81\x8d\x8f,4900,EUR,1\n" + GOOD,
        Rejected(["not_utf8"], 1),
    )
    for name, head in (
        ("a PNG picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("a JPEG picture", b"\xff\xd8\xff\xe0\0\x10JFIF"),
        ("a PDF document", b"%PDF-1.7\n"),
        ("an old Excel workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ("a web page that is named .xls", b"<html><table><tr><td>sku</td>"),
    ):
        yield of(name, head + b"\0" * 1000, Broken("unsupported_format"))


def _json_files() -> Iterator[HostileFile]:
    def of(name: str, content: Content, ends: Broken | Rejected) -> HostileFile:
        return HostileFile(name, "products.jsonl", content, ends)

    def line(name: str, content: bytes, code: str) -> HostileFile:
        return of(name, OBJECT + b"\n" + content + b"\n" + OBJECT, Rejected([code], 2))

    deep = 10_000
    yield line("objects 10,000 deep", b'{"a":' * deep + b"1" + b"}" * deep, "nested_too_deep")
    yield line("objects 10,000 deep, left open", b'{"a":' * deep, "nested_too_deep")
    yield of("arrays 10,000 deep", b"[" * deep + b"]" * deep, Rejected(["nested_too_deep"], 0))
    yield of("arrays 1,000,000 deep, left open", b"[" * MEGABYTE, Broken("nested_too_deep"))
    yield line("a name twice", b'{"sku": "A", "sku": "B"}', "duplicate_member")
    yield line("NaN", b'{"sku": "A", "price_minor": NaN}', "invalid_number")
    yield line("a number beyond all", b'{"sku": "A", "price_minor": 1e999}', "invalid_number")
    yield line("5,000 digits", b'{"sku": ' + b"9" * 5000 + b"}", "invalid_json")
    yield line("an escaped lone surrogate", b'{"sku": "\\ud800"}', "invalid_character")
    yield line("an escaped NUL", b'{"sku": "a\\u0000b"}', "nul_byte")
    yield line("a bad byte", b'{"sku": "\xe9"}', "not_utf8")
    yield line("a list for an object", b"[1, 2]", "not_an_object")
    yield line("half an object", b'{"sku": "A", "na', "invalid_json")
    yield line("a text of 200 KB", b'{"sku": "' + b"x" * 200_000 + b'"}', "cell_too_long")
    yield line("an object of 1.5 MB", b'{"s": "' + b"x" * 1_500_000 + b'"}', "row_too_long")
    yield line(
        "1,001 members",
        b"{" + b",".join(b'"%d": 1' % n for n in range(1001)) + b"}",
        "too_many_columns",
    )
    yield of("UTF-16", (OBJECT.decode() + "\n").encode("utf-16"), Broken("not_utf8"))
    yield of("an empty array", b" [ ] ", Broken("no_rows"))
    yield of("an array that ends too early", b"[" + OBJECT + b",", Broken("invalid_json"))
    yield of("an array with text behind it", b"[" + OBJECT + b"] x", Broken("invalid_json"))
    yield of("an array without a comma", b"[" + OBJECT + OBJECT + b"]", Broken("invalid_json"))
    yield of("an array with a last comma", b"[" + OBJECT + b",]", Broken("invalid_json"))
    yield of("an open text in an array", b'[{"a": "' + b"x" * 9999, Broken("invalid_json"))
    yield of(
        "an open text of 5 MB", lambda: b'[{"a": "' + b"x" * 5 * MEGABYTE, Broken("row_too_long")
    )
    yield of(
        "an array with a wrong value",
        b"[" + b",".join([OBJECT, b'{"a" 1}', b"17", b"null", OBJECT]) + b"]",
        Rejected(["invalid_json", "not_an_object", "not_an_object"], 2),
    )


def _packed_files() -> Iterator[HostileFile]:
    def of(name: str, content: Content, ends: Broken | Rejected) -> HostileFile:
        return HostileFile(name, "products.csv.zip", content, ends)

    rows = HEADER + GOOD * 1000
    yield of("a gzip bomb", lambda: gzip.compress(_bomb()), Broken(RATIO))
    yield of(
        "a gzip bomb of NULs", lambda: gzip.compress(b"\0" * 99 * MEGABYTE), Broken("nul_byte")
    )
    yield of("a gzip cut off", lambda: gzip.compress(rows)[:-20], Broken("truncated_file"))
    yield of("gzip in gzip", lambda: gzip.compress(gzip.compress(rows)), Broken("packed_twice"))
    yield of("a gzip of nothing", lambda: gzip.compress(b""), Broken("empty_file"))
    yield of(
        "a gzip with a wrong checksum",
        lambda: gzip.compress(rows)[:-8] + b"\0" * 8,
        Broken("damaged_file"),
    )
    yield of(
        "a gzip with text behind it", lambda: gzip.compress(rows) + b"text", Broken("damaged_file")
    )
    yield of("a zip bomb", lambda: packed({"a.csv": _bomb()}), Broken(RATIO))
    yield of("a zip that declares 10 bytes", _lying_zip, Broken("damaged_file"))
    yield of("a zip that declares 5 GB", lambda: _declaring(5_000_000_001), Broken(RATIO))
    yield of("two files", lambda: packed({"a.csv": rows, "b.csv": rows}), Broken("not_one_file"))
    yield of("a zip of nothing", lambda: packed({}), Broken("not_one_file"))
    for name in ("../a.csv", "a/../../b.csv", "/a.csv", "..\\a.csv", "C:\\a.csv"):
        parts: dict[str, str | bytes] = {name: rows}
        yield of(f"a zip with {name}", lambda parts=parts: packed(parts), Broken(UNSAFE))
    yield of("a zip in a zip", lambda: packed({"a": packed({"b": rows})}), Broken("packed_twice"))
    yield of("a zip cut off", lambda: packed({"a.csv": rows})[:-30], Broken("damaged_file"))
    yield of("a zip with a password", _encrypted_zip, Broken("encrypted_file"))
    yield of(
        "a zip in another method",
        lambda: packed({"a.csv": rows}, zipfile.ZIP_LZMA),
        Broken("unsupported_compression"),
    )
    yield of("a zip with 30,000 files", _crowded_zip, Broken("not_one_file"))
    yield of(
        "a zip with damaged rows",
        lambda: _flip(packed({"a.csv": rows}), 60),
        Broken("damaged_file"),
    )


LONG, RATIO, UNSAFE = "row_too_long", "compression_ratio", "unsafe_file_name"


def _bomb() -> bytes:
    """60 MB that pack to 1/900 of that."""
    return HEADER + (b"TEA," + b"x" * 60_000 + b",1250,EUR,7\n") * 1000


def _lying_zip() -> bytes:
    """It unpacks to more than its directory and its header say."""
    content = packed({"a.csv": HEADER + GOOD * 1000})
    size = struct.pack("<L", len(HEADER + GOOD * 1000))
    return content.replace(size, struct.pack("<L", 100))


def _declaring(size: int) -> bytes:
    """A zip that declares this size of a file of 60 bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", HEADER)
        archive.infolist()[0].file_size = size
    return file.getvalue()


def _encrypted_zip() -> bytes:
    content = bytearray(packed({"a.csv": HEADER + GOOD}))
    directory = content.index(b"PK\x01\x02")
    content[6] |= 1
    content[directory + 8] |= 1
    return bytes(content)


def _crowded_zip() -> bytes:
    return packed({f"file {n}.csv": b"" for n in range(30_000)}, zipfile.ZIP_STORED)


def _flip(content: bytes, place: int) -> bytes:
    changed = bytearray(content)
    changed[place] ^= 0xFF
    return bytes(changed)


def _workbooks() -> Iterator[HostileFile]:
    def of(name: str, content: Content, ends: Broken | Rejected) -> HostileFile:
        return HostileFile(name, "products.xlsx", content, ends)

    def with_cell(cell: str) -> bytes:
        return workbook(sheet(good_row("A"), row(inline("B"), cell), good_row("C")))

    entities = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    yield of("a workbook with entities", lambda: workbook(sheet(), opening=entities), DOCTYPE)
    yield of("a sheet with an external entity", lambda: workbook(entities + sheet()), DOCTYPE)
    yield of("a sheet of a billion laughs", lambda: workbook(laughs + sheet()), DOCTYPE)
    yield of(
        "shared texts with entities", lambda: workbook(sheet(), shared=entities + "<sst/>"), DOCTYPE
    )
    yield of("styles with entities", lambda: workbook(sheet(), style=entities + "<s/>"), DOCTYPE)
    yield of(
        "a sheet that unpacks to 190 MB",
        lambda: workbook(sheet(row(inline("x" * 100_000)) * 1900)),
        Broken(RATIO),
    )
    yield of(
        "shared texts that unpack to 36 MB",
        lambda: workbook(sheet(good_row()), shared=f"<sst>{'<si><t>x</t></si>' * 2_000_000}</sst>"),
        Broken(RATIO),
    )
    yield of(
        "elements 10,000 deep",
        lambda: workbook("<a>" * 10_000 + "</a>" * 10_000),
        Broken("nested_too_deep"),
    )
    yield of("a sheet that is no XML", lambda: workbook("sku;name"), Broken("damaged_file"))
    yield of(
        "a sheet that ends too early",
        lambda: workbook(sheet(good_row() * 900)[:-100]),
        Broken("damaged_file"),
    )
    yield of("an empty sheet", lambda: workbook(sheet(header="")), Broken("empty_file"))
    yield of("a workbook without a sheet", workbook, Broken("unsupported_format"))
    yield of("a header alone in a sheet", lambda: workbook(sheet()), Broken("no_rows"))
    yield of(
        "a document of Word",
        lambda: packed({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w/>"}),
        Broken("unsupported_format"),
    )
    yield of(
        "16,384 columns",
        lambda: workbook(sheet(header=row(inline(*["x"] * 16_384)))),
        Broken("too_many_columns"),
    )
    cells = {
        "a formula with an error": ('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', "formula_error"),
        "a formula without a value": ("<c><f>1+1</f></c>", "formula_without_value"),
        "a text that is not there": ('<c t="s"><v>99</v></c>', "missing_text"),
        "a text before the first": ('<c t="s"><v>-1</v></c>', "missing_text"),
        "a number that is none": ("<c><v>nan</v></c>", "invalid_number"),
        "a number without end": ("<c><v>1e999</v></c>", "invalid_number"),
        "a cell of 200 KB in a sheet": (inline("x" * 200_000), "cell_too_long"),
        "a cell in the last column": (
            '<c r="XFD3" t="inlineStr"><is><t>x</t></is></c>',
            "cell_without_column",
        ),
        "an escaped NUL in a sheet": (inline("a_x0000_b"), "nul_byte"),
        "an escaped surrogate in a sheet": (inline("a_xD800_b"), "invalid_character"),
    }
    for name, (cell, code) in cells.items():
        yield of(name, lambda cell=cell: with_cell(cell), Rejected([code], 2))
    yield of(
        "a header twice in a sheet",
        lambda: workbook(sheet(row(inline(*workbooks.HEADER)), good_row())),
        Rejected(["repeated_header"], 1),
    )
    yield of(
        "a row of 1.3 MB in a sheet",
        lambda: workbook(
            sheet(row('<c t="s"><v>0</v></c>' * 100), header=row(inline(*["x"] * 100))),
            shared=f"<sst><si><t>{'y' * 13_000}</t></si></sst>",
        ),
        Rejected(["row_too_long"], 0),
    )


DOCTYPE = Broken("document_type")
