"""Pure: rounding to whole minor units, and splitting an amount exactly."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.pricing import rounding


@given(st.integers(0, 10**15), st.integers(1, 10**12))
def test_rounding_goes_to_the_nearest_whole_number(numerator, denominator):
    rounded = rounding.half_even(numerator, denominator)

    assert abs(rounded * denominator - numerator) * 2 <= denominator


@given(st.integers(0, 10**9), st.sampled_from([2, 4, 100, 1_000_000]))
def test_rounding_equals_half_even_of_decimal(numerator, denominator):
    exact = Decimal(numerator) / Decimal(denominator)

    rounded = rounding.half_even(numerator, denominator)

    assert rounded == int(exact.to_integral_value(ROUND_HALF_EVEN))


@pytest.mark.parametrize(
    ("numerator", "rounded"), [(0, 0), (1, 0), (2, 1), (3, 2), (5, 2), (7, 4), (9, 4)]
)
def test_a_half_is_rounded_to_the_even_number(numerator, rounded):
    assert rounding.half_even(numerator, 2) == rounded


@given(st.dictionaries(st.text(), st.integers(1, 10**9), min_size=1), st.data())
def test_parts_add_up_and_no_part_exceeds_its_share(shares, data):
    amount = data.draw(st.integers(0, sum(shares.values())))

    parts = rounding.allocate_proportionally(amount, shares)

    assert sum(parts.values()) == amount
    assert all(0 <= parts[name] <= share for name, share in shares.items())
    assert all(
        abs(parts[name] * sum(shares.values()) - amount * share) < sum(shares.values())
        for name, share in shares.items()
    )


def test_the_largest_remainders_get_the_units_left_over():
    assert rounding.allocate_proportionally(10, {"a": 1, "b": 2, "c": 4}) == {
        "a": 1,
        "b": 3,
        "c": 6,
    }


def test_equal_remainders_get_units_in_order_of_name():
    assert rounding.allocate_proportionally(100, {"c": 5, "a": 5, "b": 5}) == {
        "c": 33,
        "a": 34,
        "b": 33,
    }
