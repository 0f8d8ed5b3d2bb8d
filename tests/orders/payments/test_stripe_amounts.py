"""Pure: conversion of amounts to and from Stripe's units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.payments.stripe_amounts import from_stripe, to_stripe
from shared.errors.orders import PaymentRefused
from shared.money import AMOUNT_MINOR_MAX, Money


@pytest.mark.parametrize(
    ("currency", "amount_minor", "stripe_amount"),
    [
        ("EUR", 1999, 1999),
        ("JPY", 500, 500),
        ("KWD", 1250, 1250),
        ("ISK", 5, 500),
        ("UGX", 5, 500),
        ("MGA", 500, 5),
    ],
)
def test_an_amount_is_converted_to_the_unit_of_stripe(currency, amount_minor, stripe_amount):
    amount = Money(amount_minor=amount_minor, currency=currency)

    assert to_stripe(amount).amount == stripe_amount
    assert to_stripe(amount).currency == currency.lower()
    assert from_stripe(stripe_amount, currency.lower()) == amount


@given(
    st.integers(0, AMOUNT_MINOR_MAX // 100),
    st.sampled_from(["EUR", "JPY", "KWD", "ISK", "UGX", "MGA"]),
)
def test_an_accepted_amount_survives_the_round_trip(count, currency):
    step = {"MGA": 100, "KWD": 10}.get(currency, 1)
    amount = Money(amount_minor=count * step, currency=currency)
    converted = to_stripe(amount)

    assert from_stripe(converted.amount, converted.currency) == amount


@pytest.mark.parametrize(("amount_minor", "currency"), [(150, "MGA"), (1999, "KWD"), (1, "TND")])
def test_an_amount_finer_than_stripes_unit_is_refused(amount_minor, currency):
    with pytest.raises(PaymentRefused):
        to_stripe(Money(amount_minor=amount_minor, currency=currency))


def test_a_fraction_of_an_indivisible_unit_is_an_error():
    with pytest.raises(ValueError, match="no fractions"):
        from_stripe(501, "isk")
