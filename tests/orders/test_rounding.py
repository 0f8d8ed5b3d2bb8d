"""Pure: rounding to whole minor units, and splitting an amount exactly."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.pricing import rounding
from orders.pricing.rounding import HALF_EVEN, HALF_UP, ROUNDINGS

RULES = st.sampled_from(ROUNDINGS)
DECIMALS = {HALF_UP: ROUND_HALF_UP, HALF_EVEN: ROUND_HALF_EVEN}


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**12), RULES)
def test_rounding_goes_to_the_nearest_whole_number(numerator, denominator, rule):
    rounded = rounding.round_fraction(numerator, denominator, rule)

    assert abs(rounded * denominator - numerator) * 2 <= denominator


@given(st.integers(-(10**9), 10**9), st.sampled_from([2, 4, 100, 1_000_000]), RULES)
def test_rounding_equals_that_of_decimal(numerator, denominator, rule):
    exact = Decimal(numerator) / Decimal(denominator)

    rounded = rounding.round_fraction(numerator, denominator, rule)

    assert rounded == int(exact.to_integral_value(DECIMALS[rule]))


@given(st.integers(0, 10**9), st.integers(1, 10**6), RULES)
def test_a_refund_is_rounded_like_its_sale(numerator, denominator, rule):
    sale = rounding.round_fraction(numerator, denominator, rule)

    assert rounding.round_fraction(-numerator, denominator, rule) == -sale


@pytest.mark.parametrize(
    ("numerator", "up", "even"),
    [
        *[(0, 0, 0), (1, 1, 0), (2, 1, 1), (3, 2, 2), (5, 3, 2), (7, 4, 4), (9, 5, 4)],
        *[(-1, -1, 0), (-3, -2, -2), (-5, -3, -2)],
    ],
)
def test_a_half_goes_up_or_to_the_even_number(numerator, up, even):
    assert rounding.round_fraction(numerator, 2, HALF_UP) == up
    assert rounding.round_fraction(numerator, 2, HALF_EVEN) == even


def test_an_unknown_rule_of_newer_code_rounds_half_up():
    assert rounding.round_fraction(5, 2, "half_down") == 3


@given(st.dictionaries(st.text(), st.integers(0, 10**9), min_size=1), st.data())
def test_parts_add_up_and_no_part_exceeds_its_share(shares, data):
    whole = sum(shares.values())
    amount = data.draw(st.integers(0, whole))

    parts = rounding.allocate_proportionally(amount, shares)

    assert sum(parts.values()) == amount
    assert all(0 <= parts[name] <= share for name, share in shares.items())
    assert all(
        abs(parts[name] * whole - amount * share) <= max(whole - 1, 0)
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


def test_free_items_take_no_part_of_an_amount():
    assert rounding.allocate_proportionally(0, {"gift": 0}) == {"gift": 0}
    assert rounding.allocate_proportionally(5, {"gift": 0, "tea": 9}) == {"gift": 0, "tea": 5}
