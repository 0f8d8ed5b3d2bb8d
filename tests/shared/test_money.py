"""Pure: money."""

import pytest
from pydantic import ValidationError

from shared.money import AMOUNT_MINOR_MAX, Money, Price


@pytest.mark.parametrize(
    ("amount_minor", "currency", "text"),
    [
        (500, "JPY", "JPY 500"),
        (1_234_567, "JPY", "JPY 1,234,567"),
        (1999, "EUR", "EUR 19.99"),
        (5, "EUR", "EUR 0.05"),
        (0, "EUR", "EUR 0.00"),
        (123_456_700, "USD", "USD 1,234,567.00"),
        (1250, "KWD", "KWD 1.250"),
        (7, "BHD", "BHD 0.007"),
        (AMOUNT_MINOR_MAX, "EUR", "EUR 10,000,000,000.00"),
    ],
)
def test_money_has_the_decimals_of_its_currency(amount_minor, currency, text):
    assert str(Money(amount_minor=amount_minor, currency=currency)) == text


@pytest.mark.parametrize(
    "amount_minor", [-1, AMOUNT_MINOR_MAX + 1, 10**30, 19.99, 1.0, "1999", True, None]
)
def test_an_amount_is_an_integer_within_limits(amount_minor):
    with pytest.raises(ValidationError):
        Money(amount_minor=amount_minor, currency="EUR")


@pytest.mark.parametrize(
    "currency", ["XXX", "eur", "EURO", "EU", "", " ", "E UR", "\u0415UR", "DEM", 978, None]
)
def test_an_unknown_currency_is_refused(currency):
    with pytest.raises(ValidationError):
        Money(amount_minor=1, currency=currency)


@pytest.mark.parametrize("currency", [" EUR", "EUR\n", "\u00a0EUR "])
def test_a_currency_loses_its_outer_white_space(currency):
    assert Money(amount_minor=1, currency=currency).currency == "EUR"


def test_money_refuses_unknown_fields():
    with pytest.raises(ValidationError):
        Money.model_validate({"amount_minor": 1, "currency": "EUR", "exponent": 0})


def test_an_amount_may_be_zero_but_a_price_may_not():
    assert Money.zero("EUR").amount_minor == 0
    with pytest.raises(ValidationError):
        Price(amount_minor=0, currency="EUR")


def test_a_quantity_multiplies_exactly():
    assert Money(amount_minor=333_333_333, currency="EUR").times(3).amount_minor == 999_999_999


def test_a_multiple_above_the_limit_is_refused():
    with pytest.raises(ValidationError):
        Money(amount_minor=AMOUNT_MINOR_MAX, currency="EUR").times(2)


def test_money_is_immutable():
    money = Money(amount_minor=1, currency="EUR")

    with pytest.raises(ValidationError):
        money.amount_minor = 2
