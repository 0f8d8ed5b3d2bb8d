"""The samples that tests/e2e/test_timing.py needs before it says that two kinds take as long."""

import random

import pytest

from tests.support.quartiles import difference_of, greatest_difference

BOUND = 0.05
RUNS = 300


def samples(seed: int, *, shortest: float, spread: float, count: int) -> list[float]:
    """Response times: most near the shortest, a few much longer."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    return [
        shortest * (1 + chance.gammavariate(2, spread / 2)) + (0.5 if chance.random() < 0.02 else 0)
        for _ in range(count)
    ]


def stops_early(seed: int, *, difference: float, spread: float) -> int | None:
    """The number of samples after which the bound is shown. None: not with 100."""
    one = samples(seed, shortest=0.1, spread=spread, count=100)
    other = samples(-1 - seed, shortest=0.1 * (1 + difference), spread=spread, count=100)
    return next(
        (n for n in range(20, 101) if greatest_difference(one[:n], other[:n]) < BOUND), None
    )


def test_the_difference_is_a_share_of_the_longer_quartile():
    assert difference_of([1, 2, 9], [4, 2, 5]) == 0.5
    assert difference_of([4, 2, 5], [1, 2, 9]) == 0.5


@pytest.mark.parametrize("spread", [0.03, 0.08, 0.2])
def test_few_samples_hardly_ever_hide_a_difference(spread):
    """Although each further sample is another chance to stop."""
    hidden = [
        seed
        for seed in range(RUNS)
        if stops_early(seed, difference=0.06, spread=spread) is not None
    ]

    assert len(hidden) <= 0.02 * RUNS


def test_equal_times_are_recognised_with_few_samples():
    needed = sorted(stops_early(seed, difference=0, spread=0.03) or 101 for seed in range(RUNS))

    assert needed[RUNS // 2] <= 40
