"""Any concurrent history of all domains, with faults of DynamoDB, leaves every promise kept."""

import os

import pytest

from tests.histories import invariants, tables
from tests.histories.concurrency import run_history
from tests.histories.settling import list_unsettled
from tests.histories.world import World

HISTORIES = int(os.environ.get("SOUK_HISTORIES", "4"))  # `make soak` has 300
STEPS = int(os.environ.get("SOUK_HISTORY_STEPS", "14"))  # operations of each thread
FIRST_SEED = int(os.environ.get("SOUK_SEED", "1"))


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + HISTORIES))
def test_any_concurrent_history_keeps_every_promise(seed, report):
    world = World(seed)
    with world.open():
        world.fill()
        run_history(world, seed, STEPS)

        broken = [*invariants.list_broken(world), *list_unsettled(world)]
        broken += [*invariants.reconciliation(world), *invariants.losses(world)]

    report(world.figures() | {"histories": 1})
    assert not broken, "\n".join(
        [*broken, f"SOUK_SEED={seed} SOUK_HISTORIES=1", str(dict(world.outcomes))]
    )


@pytest.mark.usefixtures("aws")
def test_a_seed_makes_the_same_history_again():
    traces = []
    for _ in range(2):
        world = World(FIRST_SEED)
        with world.open():
            tables.clear()
            world.fill()
            run_history(world, FIRST_SEED, 4)
        traces.append((world.scheduler.trace, dict(world.calls.counts), dict(world.outcomes)))

    assert traces[0] == traces[1]
