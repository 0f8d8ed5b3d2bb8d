"""Pure: cells that no spreadsheet reads as a formula, whatever separates its cells."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.exports.csv_cells import escape_formulas, to_csv
from tests.attacks import cells
from tests.support import spreadsheets

SEPARATORS = [",", ";", "\t", ";\t", ",;\t"]
HOSTILE = st.sampled_from(
    [*cells.SIGNS.values(), *cells.IGNORED.values(), *cells.SEPARATORS.values(), "x", ",", "'"]
)
TEXTS = st.one_of(
    st.lists(HOSTILE, max_size=12).map("".join),
    st.sampled_from([*cells.TEXTS.values()]),
    st.text(),
)
# The first column is an id of the shop, and the last one a number, as in the file of orders.
ROWS = st.lists(
    st.lists(st.one_of(TEXTS, st.none(), st.integers(0)), min_size=1, max_size=5).map(
        lambda row: ["ord_one", *row, 7]
    ),
    min_size=1,
    max_size=4,
)


def formulas(text: str, separators: str) -> list[str]:
    """A quote-blind reader of commas would split every text that has one: none is known."""
    if "," in separators:
        read = (cell for row in spreadsheets.read_strictly(text) for cell in row)
    else:
        read = spreadsheets.cells(text, separators)
    return [cell for cell in read if spreadsheets.may_be_formula(cell)]


@pytest.mark.parametrize("separators", SEPARATORS)
@pytest.mark.parametrize("name", cells.TEXTS)
def test_no_hostile_text_is_a_formula(name, separators):
    text = to_csv([["ord_one", cells.TEXTS[name], "GB", 7], ["ord_two", cells.TEXTS[name], 7]])

    assert formulas(text, separators) == []


@pytest.mark.parametrize("separators", SEPARATORS)
@given(rows=ROWS)
def test_no_reader_finds_a_formula(separators, rows):
    assert formulas(to_csv(rows), separators) == []


@pytest.mark.parametrize("text", ["=1", ' "=1', "\u200b\uff1d1", "\ufeff@A1", "\u2a751"])
def test_the_oracle_knows_a_formula(text):
    assert spreadsheets.may_be_formula(text)
    assert formulas(f"a;x;{text};y\r\n", ";") != []
    assert formulas("a;x;'" + text + ";y\r\n", ";") == []


@given(st.lists(st.one_of(TEXTS, st.none(), st.integers()), min_size=2))
def test_a_reader_gets_the_written_cells(row):
    (read,) = spreadsheets.read_strictly(to_csv([row]))

    assert read == [
        escape_formulas(cell) if isinstance(cell, str) else "" if cell is None else str(cell)
        for cell in row
    ]


@given(TEXTS)
def test_only_apostrophes_are_added(text):
    escaped = escape_formulas(text)

    assert escaped.replace("'", "") == text.replace("'", "")
    assert escape_formulas(escaped) == escaped  # what was exported and typed in again


@pytest.mark.parametrize("number", [-5, 0, 1_999_900])
def test_a_number_stays_a_number(number):
    assert to_csv([[number, "a"]]) == f"{number},a\r\n"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ('x;"=1+1&";y', 'x;\'"=1+1&";y'),
        ("12 Main Street;+1;-2", "12 Main Street;'+1;'-2"),
        ("\uff1dcmd", "'\uff1dcmd"),
        ("=a;=b", "'=a;'=b"),
        (" =1", "' =1"),
        ("a\t\u200b=1", "a\t'\u200b=1"),
        ("a\r\n@b", "a\r\n'@b"),
        ("\tabc", "'\tabc"),
        ("\0abc", "'\0abc"),
        ("+49 30 1234", "'+49 30 1234"),
    ],
)
def test_a_possible_formula_gets_an_apostrophe(text, escaped):
    assert escape_formulas(text) == escaped


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "'s-Hertogenbosch",
            "O'Brien",
            "1+1",
            "a=b",
            "\u00e9",
            "(+49) 30",
            "Flat 2, -1 floor",
        ),
        *("Rue de l'Eglise 3-5", "a; b = c", "x@example.com", '12" pipe - long', "2026-11-04"),
    ],
)
def test_a_harmless_text_is_unchanged(text):
    assert escape_formulas(text) == text


def test_every_shape_of_a_sign_is_known():
    """Excel reads some shapes as the sign itself; Unicode lists which are the same."""
    shapes = [
        chr(point)
        for point in range(sys.maxunicode + 1)
        if unicodedata.normalize("NFKC", chr(point))[:1] in spreadsheets.SIGNS
    ]

    assert [shape for shape in shapes if escape_formulas(shape) != f"'{shape}"] == []
    assert len(shapes) > 15


def test_a_long_text_of_signs_is_escaped_in_linear_time():
    text = '"' * 50_000 + "=" * 50_000 + ";=" * 50_000

    assert len(escape_formulas(text)) == len(text) + 1 + 50_000
