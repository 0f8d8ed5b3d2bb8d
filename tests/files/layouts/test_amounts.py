"""Prices and other numbers as people write them, and those that could be read in two ways."""

from decimal import Decimal

import pytest

from files.layouts.amounts import (
    PLAIN,
    POINT,
    POINT_OF_SYSTEM,
    POINT_ROUNDED,
    WHOLE_NUMBER,
    NumberStyle,
    parse_amount,
    parse_decimal,
    parse_weight,
)
from files.layouts.cells import BadCell, is_gtin, parse_yes_or_no, split_list
from files.layouts.targets import units_if_any

COMMA = NumberStyle(decimal=",")


def amount(text: str, currency: str = "EUR", style: NumberStyle = PLAIN) -> int:
    return parse_amount(text, currency, "major", style)


def code(text: str, currency: str = "EUR", style: NumberStyle = PLAIN, unit="major") -> str:
    with pytest.raises(BadCell) as refused:
        parse_amount(text, currency, unit, style)
    assert text not in str(refused.value) or len(text) < 3
    return refused.value.code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("19.99", 1999),
        ("19,99", 1999),
        ("19.9", 1990),
        ("19", 1900),
        ("0", 0),
        ("0.00", 0),
        (".5", 50),
        (",5", 50),
        ("250.0000", 25_000),
        ("250,0000", 25_000),
        ("23.900000", 2390),
        ("0.500", 50),
        ("0,990", 99),
        ("1.355,90", 135_590),
        ("1,355.90", 135_590),
        ("1 355,90", 135_590),
        ("1\u00a0355,90", 135_590),
        ("1\u202f355,90", 135_590),
        ("1'355.90", 135_590),
        ("1\u2019355.90", 135_590),
        ("1 355", 135_500),
        ("1.355.900", 135_590_000),
        ("1,355,900", 135_590_000),
        ("12,34,567.89", 123_456_789),
        ("\u20ac 19,99", 1999),
        ("19,99 \u20ac", 1999),
        ("EUR 19.99", 1999),
        ("19.99EUR", 1999),
        ("eur 19.99", 1999),
        ("-5.00", -500),
        ("\u22125.00", -500),
        ("+5.00", 500),
        ("1234.56", 123_456),
        ("12345,6", 1_234_560),
    ],
)
def test_an_amount_in_euros(text, expected):
    assert amount(text) == expected


@pytest.mark.parametrize(
    "text", ["1.355", "1,355", "19.999", "19,999", "999.000", "1,234,56", "1.2.3", "1,23,4"]
)
def test_two_possible_readings_are_refused(text):
    assert code(text) == "ambiguous_price"


@pytest.mark.parametrize(
    ("text", "style", "expected"),
    [
        ("1.355", POINT, None),
        ("1.350", POINT, 135),
        ("1.355", NumberStyle(decimal=",", thousands="."), 135_500),
        ("1,350", COMMA, 135),
        ("1.355,90", COMMA, 135_590),
        ("1.355", NumberStyle(thousands="."), 135_500),
        ("1,355", NumberStyle(decimal=".", thousands=","), 135_500),
        ("1355", COMMA, 135_500),
    ],
)
def test_a_mapping_says_which_sign_begins_the_decimals(text, style, expected):
    if expected is None:
        assert code(text, style=style) == "price_too_fine"
    else:
        assert amount(text, style=style) == expected


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("1,355", POINT),
        ("19,99", POINT),
        ("19.99", COMMA),
        ("1.355", COMMA),
        ("19.99", NumberStyle(decimal=",", thousands=".")),
        ("1.355,90", POINT),
        ("1,355.90", COMMA),
    ],
)
def test_a_number_against_the_mapping_is_refused(text, style):
    assert code(text, style=style) == "ambiguous_price"


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("1999", "JPY", 1999),
        ("1999.00", "JPY", 1999),
        ("\u00a51999", "JPY", 1999),
        ("1999", "KRW", 1999),
        ("1.5", "KWD", 1500),
        ("1.2500", "KWD", 1250),
        ("0.125", "KWD", 125),
        ("$5.00", "USD", 500),
        ("US$5.00", "USD", 500),
        ("C$5.00", "CAD", 500),
        ("5,00 kr", "SEK", 500),
        ("5,00 z\u0142", "PLN", 500),
        ("R$ 5,00", "BRL", 500),
        ("\u00a35", "GBP", 500),
    ],
)
def test_the_currency_decides_about_decimals(text, currency, expected):
    assert amount(text, currency) == expected


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("19.99", "JPY", "price_too_fine"),
        ("1.234", "KWD", "ambiguous_price"),
        ("1,999", "JPY", "ambiguous_price"),
        ("0.1234", "KWD", "price_too_fine"),
        ("0.005", "EUR", "price_too_fine"),
        ("19.9950", "EUR", "price_too_fine"),
        ("$5.00", "EUR", "currency_mismatch"),
        ("USD 5.00", "EUR", "currency_mismatch"),
        ("5.00 \u20ac", "USD", "currency_mismatch"),
        ("5.00 kr", "EUR", "currency_mismatch"),
    ],
)
def test_what_a_currency_does_not_have_is_refused(text, currency, expected):
    assert code(text, currency) == expected


@pytest.mark.parametrize(
    "text",
    [
        "free",
        "1e3",
        "1E5",
        "5.00E+12",
        "12a",
        "a12",
        "--5",
        "5-",
        "1/2",
        "５",
        "NaN",
        "=1+1",
        "from 5.00",
        "5.00 - 6.00",
        ".",
        ",",
        "€",
        "1 2 3 x",
        "0x10",
        "5%",
        "1234567890123456789.99",
        "0.0000000000000000001",
        "99999999999999999999999999999999999999999999999999",
    ],
)
def test_what_is_no_number_is_refused(text):
    assert code(text) in ("not_a_number", "currency_mismatch")


@pytest.mark.parametrize(
    "text", ["N/A", "n.a.", "TBD", "19.99%", "?", "=19.99", "19\u00b790", "5 Stk", "ab 19.90", "x"]
)
def test_what_names_no_currency_is_in_no_other_one(text):
    assert code(text) == "not_a_number"


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1355\u5186", "JPY", 1355),
        ("Fr. 19.90", "CHF", 1990),
        ("19,90 lei", "RON", 1990),
        ("19,90 Euro", "EUR", 1990),
        ("19,90 \u0440\u0443\u0431.", "RUB", 1990),
    ],
)
def test_a_currency_has_a_name_in_its_country(text, currency, minor):
    assert amount(text, currency) == minor


def test_more_decimals_can_be_rounded():
    rounded = NumberStyle(decimal=".", is_rounded=True)

    assert amount("16.583333", style=rounded) == 1658
    assert amount("19.995", style=rounded) == 2000


@pytest.mark.parametrize("text", ["1999", "5", "100", "1 999", "20.", "1.999.000"])
def test_a_whole_number_without_a_unit_is_refused(text):
    assert code(text, unit=None) == "ambiguous_price"


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("19.99", "EUR", 1999),
        ("20.00", "EUR", 2000),
        ("20.0", "EUR", 2000),
        ("250.0000", "EUR", 25_000),
        ("0", "EUR", 0),
        ("1999", "JPY", 1999),
    ],
)
def test_decimals_say_the_unit(text, currency, expected):
    assert parse_amount(text, currency, None, PLAIN) == expected


@pytest.mark.parametrize(("text", "expected"), [("1999", 1999), ("0", 0), ("-5", -5)])
def test_an_amount_in_minor_units_is_a_whole_number(text, expected):
    assert parse_amount(text, "EUR", "minor", PLAIN) == expected


@pytest.mark.parametrize("text", ["1,999", "19.999", "\u20ac5", "1e3", "1 999"])
def test_a_minor_amount_has_digits_alone(text):
    assert code(text, unit="minor") == "wrong_type"


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("19.99", "EUR", 1999), ("19,9", "EUR", 1990), ("1.25", "KWD", 1250), ("5.0", "EUR", 500)],
)
def test_a_major_amount_is_shown_in_minor_units(text, currency, minor):
    with pytest.raises(BadCell) as refused:
        parse_amount(text, currency, "minor", PLAIN)

    assert refused.value.code == "not_in_minor_units"
    assert f"{minor} means" in str(refused.value)


def test_yen_have_no_decimals_to_move():
    assert code("19.99", "JPY", unit="minor") == "wrong_type"


@pytest.mark.parametrize(
    ("text", "unit", "grams"),
    [
        ("1.250", "kg", 1250),
        ("1,5", "kg", 1500),
        (".5", "lbs", 227),
        ("250", "g", 250),
        ("2", "oz", 57),
        ("0.0004", "kg", 0),
    ],
)
def test_weights_become_grams(text, unit, grams):
    assert parse_weight(text, unit) == grams


def test_a_weight_that_can_be_read_in_two_ways_is_refused():
    with pytest.raises(BadCell) as refused:
        parse_weight("1,250", "kg")

    assert refused.value.code == "ambiguous_number"


def test_a_number_keeps_all_its_decimals():
    assert parse_decimal("1234.5678", POINT) == Decimal("1234.5678")


@pytest.mark.parametrize(
    "word", ["1", "yes", "TRUE", " Ja ", "oui", "S\u00ed", "Si\u0301", "tak", "\u0434\u0430", "x"]
)
def test_words_for_yes(word):
    assert parse_yes_or_no(word) is True


@pytest.mark.parametrize("word", ["0", "No", "false", "nein", "non", "nie", "\u043d\u0435\u0442"])
def test_words_for_no(word):
    assert parse_yes_or_no(word) is False


@pytest.mark.parametrize("word", ["", "maybe", "2", "-1", "yes!"])
def test_other_words_are_refused(word):
    with pytest.raises(BadCell):
        parse_yes_or_no(word)


def test_a_backslash_keeps_a_separator():
    assert split_list(r"a\, b, c,, c ,", ",") == ["a, b", "c"]


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("4006381333931", True),
        ("978-3-16-148410-0", True),
        ("036000291452", True),
        ("4006381333930", False),
        ("12345", False),
        ("4.00638E+12", False),
        ("\u0664" * 8, False),
        ("", False),
    ],
)
def test_a_gtin_has_a_check_digit(digits, expected):
    assert is_gtin(digits) == expected


@pytest.mark.parametrize("text", ["1.500", "12.000"])
def test_grams_that_can_be_thousands_are_refused(text):
    with pytest.raises(BadCell) as refused:
        parse_weight(text, "g")

    assert refused.value.code == "ambiguous_number"


@pytest.mark.parametrize("style", [POINT_OF_SYSTEM, POINT_ROUNDED])
@pytest.mark.parametrize("text", ["1.350", "250.000"])
def test_a_price_of_a_system_can_be_typed_with_thousands(text, style):
    assert code(text, style=style) == "ambiguous_price"


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("1.355", "KWD", 1355), ("0.500", "EUR", 50), ("1.3500", "EUR", 135), ("5.00", "EUR", 500)],
)
def test_other_prices_of_a_system_are_certain(text, currency, minor):
    assert parse_amount(text, currency, "major", POINT_OF_SYSTEM) == minor


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.000", "wrong_type"),
        ("1,000", "wrong_type"),
        ("12.5", "wrong_type"),
        ("x", "not_a_number"),
    ],
)
def test_units_that_can_be_thousands_are_refused(text, expected):
    with pytest.raises(BadCell) as refused:
        units_if_any(text, "EUR")

    assert (refused.value.code, str(refused.value)) == (expected, WHOLE_NUMBER)


@pytest.mark.parametrize("text", ["1000", "1000.0000", "1000.0", "1000.000", "1 000"])
def test_other_units_are_certain(text):
    assert units_if_any(text, "EUR") == 1000


@pytest.mark.parametrize(
    ("text", "unit", "grams"), [("1,5 kg", "kg", 1500), ("250g", "g", 250), ("2 OZ", "oz", 57)]
)
def test_a_weight_can_have_its_unit(text, unit, grams):
    assert parse_weight(text, unit) == grams


@pytest.mark.parametrize(("text", "unit"), [("1500 g", "kg"), ("1 kg", "g"), ("1g5", "g")])
def test_a_weight_in_another_unit_is_refused(text, unit):
    with pytest.raises(BadCell) as refused:
        parse_weight(text, unit)

    assert refused.value.code == "not_a_number"
