"""Shards below 0: each within its room, and no unit is back-ordered while another is in stock."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.storage.stock_shards import (
    StockShard,
    StockSnapshot,
    divide_stock,
    guess_allocation,
)
from shared.storage.write_sharding import divide_evenly

UNITS = st.lists(st.integers(-9, 9), min_size=1, max_size=6)
LIMITS = st.integers(0, 40)


def snapshot(*available: int) -> StockSnapshot:
    shards = (StockShard(number, units, 0, 1) for number, units in enumerate(available))
    return StockSnapshot("prd_1", tuple(shards))


def after(available: Sequence[int], change: dict[int, int]) -> list[int]:
    return [units + change.get(number, 0) for number, units in enumerate(available)]


@pytest.mark.parametrize(
    ("available", "shards", "limit", "expected"),
    [
        (7, 3, 0, [3, 2, 2]),
        (0, 3, 5, [0, 0, 0]),
        (-3, 1, 0, [-3]),
        (-3, 3, 0, [-3, 0, 0]),  # nothing may be sold: all that is missing is in the first
        (-3, 3, 9, [-1, -1, -1]),
        (-4, 3, 9, [-2, -1, -1]),
        (-9, 3, 9, [-3, -3, -3]),
        (-11, 3, 9, [-5, -3, -3]),
        (-4, 2, 1, [-4, 0]),
    ],
)
def test_stock_below_zero_is_divided_too(available, shards, limit, expected):
    assert list(divide_stock(available, shards, limit).values()) == expected


@given(available=st.integers(-50, 50), shards=st.integers(1, 16), limit=LIMITS)
def test_divided_stock_leaves_only_the_first_shard_short(available, shards, limit):
    shares, rooms = divide_stock(available, shards, limit), divide_evenly(limit, shards)

    assert sum(shares.values()) == available
    assert all(shares[number] >= -rooms[number] for number in range(1, shards))
    if available < -limit:
        assert all(shares[number] <= -rooms[number] for number in range(shards))


@given(available=UNITS, quantity=st.integers(1, 30), limit=LIMITS)
def test_an_order_takes_what_is_in_stock_first(available, quantity, limit):
    taken = snapshot(*available).allocate_order(quantity, limit)

    in_stock = sum(max(0, units) for units in available)
    rooms = divide_evenly(limit, len(available))
    left = sum(max(0, rooms[n] + min(0, units)) for n, units in enumerate(available))
    if taken is None:
        assert quantity > in_stock + (left if limit else 0)
        return
    assert sum(taken.units.values()) == quantity
    assert taken.backordered == max(0, quantity - in_stock)
    for number, units in taken.units.items():
        remaining = available[number] - units
        assert remaining >= (-rooms[number] if taken.beyond.get(number) else 0)


@given(available=UNITS, change=st.integers(-30, 30), limit=st.integers(1, 40))
def test_staff_can_remove_any_units_of_a_backorder(available, change, limit):
    changes = snapshot(*available).allocate_change(change, limit)

    assert changes is not None
    assert sum(changes.values()) == change


@given(available=st.lists(st.integers(0, 9), min_size=1, max_size=6), change=st.integers(-30, 30))
def test_tracked_shards_never_fall_below_zero(available, change):
    changes = snapshot(*available).allocate_change(change)

    if changes is None:
        assert sum(available) + change < 0
    else:
        assert min(after(available, changes)) >= 0


@pytest.mark.parametrize(
    ("available", "units", "expected"),
    [
        ([-5, 0, 0], 3, [-2, 0, 0]),
        ([-5, 0, 0], 5, [0, 0, 0]),
        ([-5, 0, 0], 8, [1, 1, 1]),
        ([-1, -4, 2], 3, [-1, -1, 2]),
        ([4, 0], 2, [5, 1]),
    ],
)
def test_units_that_arrive_fill_what_is_missing_first(available, units, expected):
    changes = snapshot(*available).allocate_change(units)

    assert changes is not None
    assert after(available, changes) == expected


@pytest.mark.parametrize(
    ("first", "shards", "limit", "beyond"),
    [
        (5, 1, 0, 0),
        (5, 1, 9, 0),
        (3, 1, 9, 0),
        (1, 1, 9, 2),
        (0, 1, 9, 3),
        (-6, 1, 9, 3),
        (-7, 1, 9, None),
        (-1, 4, 16, 3),
        (-1, 4, 12, None),
        (0, 4, 40, None),  # only all shards together say what is in stock
        (1, 4, 40, None),
        (0, 1, 0, 0),  # tracked: the transaction decides
    ],
)
def test_a_first_guess_needs_one_shard_or_one_below_zero(first, shards, limit, beyond):
    guess = guess_allocation(3, first=first, shards=shards, backorders_max=limit)

    assert (guess and guess.backordered) == beyond


@pytest.mark.parametrize(
    ("available", "change", "limit", "fits"),
    [
        ([0, 0], {}, 0, True),
        ([-1, 3], {}, 0, False),
        ([-1, 3], {0: 1}, 0, True),
        ([-2, -2], {}, 4, True),
        ([-3, 0], {}, 4, False),
    ],
)
def test_each_shard_has_its_own_room(available, change, limit, fits):
    assert snapshot(*available).fits(change, limit) is fits
