"""Whole minor units. Pure.

An amount is rounded half to even, each line by itself. An amount that is spread over lines is
allocated instead, so that the parts add up to the whole.
"""

from collections.abc import Mapping


def half_even(numerator: int, denominator: int) -> int:
    """The whole number nearest to the fraction; of two that are equally near, the even one."""
    whole, rest = divmod(numerator, denominator)
    if 2 * rest == denominator:
        return whole + whole % 2
    return whole + (2 * rest > denominator)


def allocate_proportionally(amount: int, shares: Mapping[str, int]) -> dict[str, int]:
    """Split the amount in proportion to the shares, which are positive; the parts add up exactly.

    Largest remainder method: each part is rounded down, then the parts with the largest
    remainders get one unit more. Equal remainders go by name, so the order of the lines does not
    matter. If the amount is at most the sum of the shares, no part exceeds its share.
    """
    whole = sum(shares.values())
    parts = {name: amount * share // whole for name, share in shares.items()}
    unallocated = amount - sum(parts.values())
    by_remainder = sorted(shares, key=lambda name: (-(amount * shares[name] % whole), name))
    for name in by_remainder[:unallocated]:
        parts[name] += 1
    return parts
