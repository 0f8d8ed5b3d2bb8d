"""A concurrent history: threads of buyers, staff, stock and events, in a schedule by chance."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.histories.aws_calls import Call
from tests.histories.injected import Injector
from tests.histories.random_histories import Operations
from tests.histories.scheduler import Choose
from tests.histories.settling import settle
from tests.histories.world import World

# How likely each operation is, by thread.
BUYERS = {"buy": 6, "place": 4, "pay": 3, "webhook": 5, "cancel": 2, "rename": 1, "confirm": 1}
BUYERS |= {"delete_account": 1, "release": 1, "refund_in_dashboard": 1}
BUYERS |= {"change_cart": 3, "start_guest_cart": 1, "merge_carts": 2, "order_cart": 4}
STAFF_WORK = {"mark_paid": 2, "ship": 4, "deliver": 2, "staff_cancel": 2, "refund": 4, "note": 1}
STAFF_WORK |= {"ship_units": 6, "cancel_units": 4, "change_address": 1, "change_buyer": 3}
STAFF_WORK |= {"return_units": 3, "resend": 1, "pass_time": 1}
PRICING_WORK = {"start_promotion": 2, "edit_promotion": 3, "change_taxes": 2}
STOCK_WORK = {"adjust": 4, "count": 4, "reshard": 4, "change_currency": 3, "import_file": 3}
STOCK_WORK |= {"edit": 1, "change_group": 2, "archive": 1, "activate": 2, "change_policy": 3}
STOCK_WORK |= PRICING_WORK
EVENTS = {"work": 1}
THREADS = (BUYERS, BUYERS, STAFF_WORK, STOCK_WORK, EVENTS)


@dataclass(frozen=True)
class Bias:
    """How a schedule differs from an even one: how likely the running thread goes on."""

    name: str
    stays: float


BIASES = (Bias("even", 0.0), Bias("bursts", 0.8), Bias("long bursts", 0.95), Bias("one waits", 0.5))


def biased(bias: Bias, chance: random.Random) -> Choose:
    """With `one waits`, the first thread runs only when nobody else can."""
    last = 0

    def choose(alive: Sequence[int]) -> int:
        nonlocal last
        if last in alive and chance.random() < bias.stays:
            return last
        eligible = [n for n in alive if n or bias.name != "one waits"] or list(alive)
        last = chance.choice(eligible)
        return last

    return choose


def run_history(world: World, seed: int, steps: int) -> None:
    """Run so many operations of each thread, then let everything be delivered."""
    injector = Injector(world.random, world.calls)
    operations = Operations(world)

    def switch(call: Call) -> None:
        if call.service == "dynamodb":
            world.scheduler.switch()

    def work(weights: dict[str, int]) -> None:
        for _ in range(steps):
            operations.pick(weights)()

    world.calls.before.append(switch)
    world.time.on_sleep = world.scheduler.switch
    choose = biased(BIASES[seed % len(BIASES)], random.Random(seed))  # noqa: S311 (no secret)
    world.scheduler.run(choose, *(lambda weights=weights: work(weights) for weights in THREADS))
    injector.is_on = False
    settle(world)
