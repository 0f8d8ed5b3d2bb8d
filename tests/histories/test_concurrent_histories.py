"""Any concurrent history of all domains, with faults of DynamoDB, leaves every promise kept."""

import os
import random

import pytest

from tests.histories import invariants, random_histories
from tests.histories.aws_calls import Call
from tests.histories.injected import Injector
from tests.histories.random_histories import BIASES, Operations, biased
from tests.histories.settling import list_unsettled, settle
from tests.histories.world import World

HISTORIES = int(os.environ.get("SOUK_HISTORIES", "8"))  # `make soak` has 300
STEPS = int(os.environ.get("SOUK_HISTORY_STEPS", "16"))  # operations of each thread
FIRST_SEED = int(os.environ.get("SOUK_SEED", "1"))
THREADS = (
    random_histories.BUYERS,
    random_histories.BUYERS,
    random_histories.STAFF_WORK,
    random_histories.STOCK_WORK,
    random_histories.EVENTS,
)


def run_history(world: World, seed: int) -> None:
    """Run the threads to their ends, then let everything be delivered."""
    injector = Injector(world.random, world.calls)
    operations = Operations(world)

    def switch(call: Call) -> None:
        if call.service == "dynamodb":
            world.scheduler.switch()

    def work(weights: dict[str, int]) -> None:
        for _ in range(STEPS):
            operations.pick(weights)()

    world.calls.before.append(switch)
    world.time.on_sleep = world.scheduler.switch
    choose = biased(BIASES[seed % len(BIASES)], random.Random(seed))  # noqa: S311 (no secret)
    world.scheduler.run(choose, *(lambda weights=weights: work(weights) for weights in THREADS))
    injector.is_on = False
    settle(world)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + HISTORIES))
def test_any_concurrent_history_keeps_every_promise(seed):
    world = World(seed)
    with world.open():
        world.fill()
        run_history(world, seed)

        broken = [*invariants.list_broken(world), *list_unsettled(world)]
        broken += [*invariants.reconciliation(world), *invariants.losses(world)]

    assert not broken, "\n".join(
        [*broken, f"SOUK_SEED={seed} SOUK_HISTORIES=1", str(dict(world.outcomes))]
    )
