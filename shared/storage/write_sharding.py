"""How a number that many transactions change is divided among several items, its shards. Pure.

DynamoDB lets one transaction at a time write an item. A change takes one random shard that has
enough, or several where no single one has. Stock, hourly quotas and the counters of held stock are
divided in this way.
"""

import random
from collections.abc import Mapping


def allocate(available: Mapping[int, int], quantity: int) -> dict[int, int] | None:
    """The units to take from each shard: all from one that has enough, chosen at random.

    Where no shard has enough, it takes from as few shards as possible. None if all shards together
    have too few.
    """
    enough = [number for number, units in available.items() if units >= quantity]
    if enough:
        return {random.choice(enough): quantity}  # noqa: S311 (no secret)
    taken: dict[int, int] = {}
    for number in sorted(available, key=available.__getitem__, reverse=True):
        taken[number] = max(0, min(quantity, available[number]))
        quantity -= taken[number]
    return None if quantity else {number: units for number, units in taken.items() if units}


def divide_evenly(quantity: int, shards: int) -> dict[int, int]:
    """Each shard's share by its number; the first shards take the remainder."""
    return {number: quantity // shards + (number < quantity % shards) for number in range(shards)}


def random_shard(count: float) -> int:
    """One of `count` shards: chance spreads writers over them."""
    return random.randrange(int(count))  # noqa: S311 (no secret)
