"""Pure: what SKUs, groups and barcodes may be, and which two SKUs are the same."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from products.fields import Barcode, Group, Sku
from products.identifiers import product_id_of, product_ids_of
from shared import ids
from shared.catalog_names import sku_key
from tests.attacks.text_values import HIDDEN, INVISIBLE, LINE_BREAKS

REAL_SKUS = [
    'TEST3/4"',
    "123456 Oaktree",
    "C++",
    "A#1",
    "50%-OFF",
    "a,b;c|d",
    "=1+1",
    "Grün & Blau",
    "ÄÖÜ-ß",
    "товар 7",
    "緑茶-100",
    "شاي-5",
    "<b>bold</b>",
    "O'Neill",
    r"back\slash",
    "{braces}",
    "007",
    "+",
    ".hidden",
    "🍵",
]
SAME = [
    ("TEA", "tea"),
    ("Tea-1", "tEA-1"),
    ("Straße", "STRASSE"),
    ("Gr\u00fcn", "GRU\u0308N"),
    ("товар", "ТОВАР"),
    ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ("123456 oaktree", "123456\u00a0Oaktree"),
    ("ﬁne", "FINE"),
]
DIFFERENT = [
    ("007", "7"),
    ("TEA-1", "TEA1"),
    ("TEA 1", "TEA1"),
    ("TEA", "TÉA"),
    ("I", "\u0131"),  # the Turkish letter without a dot
    ("i", "\u0130"),
    ("TEA", "\uff34\uff25\uff21"),  # full width
    ("m2", "m²"),
    ("C+1", "C 1"),
]


def problems(kind: Any, text: Any) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(text, strict=True)
    return [problem["type"] for problem in refused.value.errors()]


def read(kind: Any, text: str) -> str:
    return str(TypeAdapter(kind).validate_python(text, strict=True))


@pytest.mark.parametrize("kind", [Sku, Group])
@pytest.mark.parametrize("sku", [*REAL_SKUS, "x", "x" * 64, "ü" * 64])
def test_a_real_identifier_is_kept_as_it_was_written(kind, sku):
    assert read(kind, sku) == sku


@pytest.mark.parametrize("around", [" ", "\t", "\n", "\u00a0", "\u3000", "  \r\n"])
def test_outer_white_space_is_no_part_of_an_identifier(around):
    assert read(Sku, f"{around}TEA 1{around}") == "TEA 1"


def test_an_identifier_has_one_unicode_form():
    assert read(Sku, "Gru\u0308n") == "Gr\u00fcn"
    assert len(read(Sku, "u\u0308" * 64)) == 64


@pytest.mark.parametrize(
    "text",
    [
        *HIDDEN.values(),
        *LINE_BREAKS.values(),
        *INVISIBLE.values(),
        "TEA\u200b1",
        "TEA\ufeff",
        "TEA\u00ad1",
        "TEA\u200e",
        "",
        "   ",
        "x" * 65,
        "\ud800",
        7,
        None,
    ],
)
def test_an_identifier_has_only_characters_that_people_see(text):
    assert problems(Sku, text)
    assert problems(Group, text)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_skus_are_the_same_whatever_their_case(one, other):
    assert sku_key(one) == sku_key(other)
    assert product_id_of(one) == product_id_of(other)
    assert product_id_of(one) in product_ids_of(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_other_letters_make_another_sku(one, other):
    assert sku_key(one) != sku_key(other)
    assert product_id_of(one) != product_id_of(other)


@pytest.mark.parametrize("sku", ["TEA-GREEN-100", "123", "A.B_C-9"])
def test_a_sku_in_capitals_keeps_the_id_that_it_had(sku):
    assert product_ids_of(sku) == [ids.derived_id("prd", sku)]


def test_a_sku_in_small_letters_is_found_at_its_earlier_id():
    assert product_ids_of("Tea-1") == [ids.derived_id("prd", "Tea-1"), product_id_of("TEA-1")]
    assert product_ids_of("Tea 1") == [product_id_of("TEA 1")]


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("96385074", "96385074"),
        ("036000291452", "036000291452"),
        ("4006381333931", "4006381333931"),
        ("4 006381 333931", "4006381333931"),
        ("978-3-16-148410-0", "9783161484100"),
        ("10012345678902", "10012345678902"),
        ("5901234123457", "5901234123457"),
    ],
)
def test_a_barcode_is_stored_as_its_digits(written, digits):
    assert read(Barcode, written) == digits


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("4006381333930", "wrong_check_digit"),
        ("96385075", "wrong_check_digit"),
        ("036000291453", "wrong_check_digit"),
        ("10012345678900", "wrong_check_digit"),
        ("4006381339331", "wrong_check_digit"),  # two digits swapped
        ("36000291452", "string_pattern_mismatch"),  # a spreadsheet took the 0 away
        ("3161484100", "string_pattern_mismatch"),  # ISBN-10
        ("400638133393A", "string_pattern_mismatch"),
        ("4.00638E+12", "string_pattern_mismatch"),
        ("\uff14006381333931", "string_pattern_mismatch"),
        ("", "string_pattern_mismatch"),
        ("4006381333931" + " " * 40, "string_too_long"),
        (4006381333931, "string_type"),
    ],
)
def test_a_mistyped_barcode_is_refused(written, code):
    assert code in problems(Barcode, written)


def test_the_refusal_of_a_barcode_says_the_right_digit():
    with pytest.raises(ValidationError, match="the check digit is 1, not 0"):
        read(Barcode, "4006381333930")
