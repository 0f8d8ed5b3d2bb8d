"""Broken files: each is refused as a whole, and none is read into memory as a whole."""

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.rows import BrokenFile, check_file, read_rows
from tests.support.imports import MEGABYTE, GeneratedStream, measure_peak_memory, repeat_piece

HEADER = b"sku,name,price_minor,currency,available,description\n"
GOOD = b"TEA,Green tea,1250,EUR,7,\n"


def refusal_of(content: bytes) -> BrokenFile:
    with pytest.raises(BrokenFile) as refused:
        check_file(io.BytesIO(content))
    return refused.value


@pytest.mark.parametrize(
    ("header", "code", "field"),
    [
        (b"sku,name,price_minor,currency\n", "missing_column", "available"),
        (b"sku;name;price_minor;currency;available\n", "missing_column", "sku"),
        (b"\n", "missing_column", "sku"),
        (HEADER.replace(b"description", b"colour"), "unknown_column", "colour"),
        (HEADER.replace(b"description", b""), "unknown_column", ""),
        (HEADER.replace(b"description", b"x" * 1000), "unknown_column", "x" * 50),
        (HEADER.replace(b"description", b"SKU"), "duplicate_column", None),
        (b"", "empty_file", None),
        (b"\xef\xbb\xbf", "empty_file", None),
        (b"x," * 100_000, "line_too_long", None),
        (b'"x",' * 10_000 + b"\n", "missing_column", "sku"),
    ],
    ids=[
        "a column missing",
        "semicolons",
        "a blank line first",
        "an unknown column",
        "a column without a name",
        "a long unknown column",
        "a column twice",
        "nothing at all",
        "nothing but a byte order mark",
        "100,000 columns",
        "10,000 columns",
    ],
)
def test_an_invalid_header_is_refused(header, code, field):
    refused = refusal_of(header)

    assert (refused.code, refused.row, refused.field) == (code, 1, field)


def test_the_message_names_every_missing_column():
    refusal = refusal_of(b"name,available\n")

    assert str(refusal) == (
        "Columns are missing: sku, price_minor, currency. Add them to the header."
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'POT,"Pot" and cups,4900,EUR,1,\n', "broken_quote"),
        (b'POT,"Pot,4900,EUR,1,\n', "broken_quote"),
        (b'POT,"Pot,4900,EUR,1,\n' + GOOD * 1000, "broken_quote"),
        (b'POT,"Pot,4900,EUR,1,\n' + GOOD * 10_000, "row_too_long"),
        (b'POT,"Pot,4900,EUR,1,\n' + GOOD * 1000 + b'CUP,"Cup",9,EUR,1,\n', "broken_quote"),
        (b"POT,P\0t,4900,EUR,1,\n", "nul_byte"),
        ("POT,Théière,4900,EUR,1,\n".encode("latin-1"), "not_utf8"),
        (b"POT,\xed\xa0\x80,4900,EUR,1,\n", "not_utf8"),
        (b"POT,Pot,4900,EUR,1,\xe2\x82", "not_utf8"),
        (b"POT," + b"x" * 5 * MEGABYTE + b",4900,EUR,1,\n", "line_too_long"),
        (b'POT,"' + b"x\n" * (5 * MEGABYTE // 2) + b'",4900,EUR,1,\n', "row_too_long"),
        (b'POT,"\n"' + b',"\n"' * MEGABYTE, "row_too_long"),
    ],
    ids=[
        "text behind a quoted cell",
        "a quote left open on the last line",
        "1,001 rows in one quote",
        "10,001 rows in one quote",
        "a quote closed by another row's",
        "a NUL byte",
        "latin-1",
        "a surrogate",
        "a character cut off at the end",
        "5 MB on one line",
        "5 MB in one cell over many lines",
        "a million cells over many lines",
    ],
)
def test_the_error_names_the_broken_row(line, code):
    refused = refusal_of(HEADER + GOOD * 2 + b"\n" + line + GOOD)

    assert (refused.code, refused.row) == (code, 5)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_in_another_encoding_is_refused(encoding):
    refused = refusal_of((HEADER + GOOD).decode().encode(encoding))

    assert refused.code in ("not_utf8", "nul_byte")


def test_the_longest_allowed_line_passes_and_a_longer_fails():
    at_most = b"TEA,Green tea,1250,EUR,7," + b"x" * (65_536 - 26) + b"\n"

    check_file(io.BytesIO(HEADER + at_most + GOOD))

    assert refusal_of(HEADER + at_most.replace(b"\n", b"x\n") + GOOD).code == "line_too_long"


@given(st.one_of(st.binary(), st.text('",\n\r\0TEA1é \u2028').map(str.encode)))
def test_any_bytes_are_rows_or_a_broken_file(content):
    file = HEADER + content

    with suppress(BrokenFile):
        check_file(io.BytesIO(file))
        for row in read_rows(io.BytesIO(file)):
            assert row.number > 1
            assert (row.product is None) == bool(row.problems)


def test_a_header_alone_is_a_file_without_rows():
    assert list(read_rows(io.BytesIO(HEADER))) == []


@pytest.mark.parametrize(
    ("opening", "piece"),
    [(b"", b"x" * 10_000), (b'POT,"', b"xxxxxxxxx\n" * 1000), (b'POT,"', b'\n","' * 2500)],
    ids=["one line", "one cell", "one row"],
)
def test_a_row_of_200_mb_is_refused_after_100_kb(opening, piece):
    stream = GeneratedStream(repeat_piece(HEADER + opening, piece, megabytes=200))

    with measure_peak_memory() as memory, pytest.raises(BrokenFile):
        check_file(stream)

    assert stream.bytes_read < MEGABYTE // 10
    assert memory.peak < 8 * MEGABYTE


def test_a_long_file_is_read_row_by_row():
    row = b"TEA,Green tea,1250,EUR,7," + b"x" * 4900 + b"\n"

    with measure_peak_memory() as memory:
        found = sum(1 for _ in read_rows(GeneratedStream(repeat_piece(HEADER, row, megabytes=20))))

    assert found == 20 * MEGABYTE // len(row)
    assert memory.peak < MEGABYTE


def test_the_message_for_semicolons_asks_for_commas():
    refusal = refusal_of(b"sku;name;price_minor;currency;available\n")

    assert "Separate columns with commas" in str(refusal)
