"""Whole minor units. Pure.

The one rule: an amount is rounded half to even, for each line by itself. What is spread over lines
is not rounded but dealt out, so that the parts add up to the whole.
"""

from collections.abc import Mapping


def half_even(numerator: int, denominator: int) -> int:
    """The whole number nearest to the fraction; of two that are equally near, the even one."""
    whole, rest = divmod(numerator, denominator)
    if 2 * rest == denominator:
        return whole + whole % 2
    return whole + (2 * rest > denominator)


def allocate_proportionally(amount: int, shares: Mapping[str, int]) -> dict[str, int]:
    """The amount in proportion to the shares, which are more than nothing; it adds up exactly.

    By the largest remainder: each part is rounded down, and what is left goes, one each, to those
    that lost most by it; of equals, to the first by name and not by place, so that the order of
    the lines does not matter. While the amount is no more than all shares together, no part is
    more than its share.
    """
    whole = sum(shares.values())
    parts = {name: amount * share // whole for name, share in shares.items()}
    left = amount - sum(parts.values())
    by_loss = sorted(shares, key=lambda name: (-(amount * shares[name] % whole), name))
    for name in by_loss[:left]:
        parts[name] += 1
    return parts
