"""Whole minor units. Pure.

A destination says how a fraction is rounded: `half_up`, as most tax laws have it, or `half_even`.
Each line is rounded by itself, and so is each tax on it. An amount that is spread over lines is
allocated instead, so that the parts add up to the whole.
"""

from collections.abc import Mapping
from typing import Literal, get_args

Rounding = Literal["half_up", "half_even"]
ROUNDINGS: tuple[str, ...] = get_args(Rounding)
HALF_UP, HALF_EVEN = ROUNDINGS


def round_fraction(numerator: int, denominator: int, rounding: str = HALF_UP) -> int:
    """The whole number nearest to the fraction. The denominator is positive.

    Of two that are equally near, `half_up` takes the one further from zero, so that a refund is
    rounded like its sale, and `half_even` the even one. A rule that is not known here, because
    newer code stored it, counts as `half_up`.
    """
    whole, rest = divmod(abs(numerator), denominator)
    takes_half = rounding != HALF_EVEN or whole % 2 == 1
    if 2 * rest > denominator or (2 * rest == denominator and takes_half):
        whole += 1
    return whole if numerator >= 0 else -whole


def allocate_proportionally(amount: int, shares: Mapping[str, int]) -> dict[str, int]:
    """Split the amount in proportion to the shares, which are not negative; the parts add up.

    Largest remainder method: each part is rounded down, then the parts with the largest
    remainders get one unit more. Equal remainders go by name, so the order of the lines does not
    matter. If the amount is at most the sum of the shares, no part exceeds its share.
    """
    whole = sum(shares.values()) or 1  # without any share, the amount can only be 0
    parts = {name: amount * share // whole for name, share in shares.items()}
    unallocated = amount - sum(parts.values())
    by_remainder = sorted(shares, key=lambda name: (-(amount * shares[name] % whole), name))
    for name in by_remainder[:unallocated]:
        parts[name] += 1
    return parts
