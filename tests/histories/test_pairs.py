"""Each two operations on one order or product, interleaved at every AWS call of both."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement

import pytest

from tests.histories import invariants
from tests.histories.aws_calls import Call
from tests.histories.pair_operations import (
    CARTS,
    ON_CARTS,
    ON_ORDERS,
    ON_PRODUCTS,
    ORDERS,
    PRODUCTS,
    Operation,
    Start,
    Subject,
)
from tests.histories.schedules import Switching, enumerate_schedules
from tests.histories.settling import list_unsettled, settle
from tests.histories.snapshots import Snapshot, fingerprint
from tests.histories.world import World

# Schedules of each pair. With two reads and two writes there are six; a pair that retries has more.
SCHEDULES_MAX = int(os.environ.get("SOUK_SCHEDULES", "12"))  # `make soak` has 24
IS_COMPLETE = os.environ.get("SOUK_PAIRS") == "all"  # as in `make soak`
# What the short run has: pairs that go wrong in many shops.
SHORT_ORDERS = ("unpaid", "pending", "authorized")
SHORT_PRODUCTS = ("never stocked", "with an open order", "back-ordered")
SHORT_ON_ORDERS = (
    ("buyer cancels", "staff ship"),
    ("provider captures", "time to pay ends"),
    ("staff refund all", "worker runs"),
)
SHORT_ON_UNPAID = (
    ("buyer starts a payment", "staff give it to an account"),
    ("buyer cancels", "staff give it to a guest"),
    ("buyer deletes the account", "staff give it to an account"),
    ("staff give it to an account", "staff give it to a guest"),
)
SHORT_ON_PRODUCTS = (
    ("staff add", "staff make one shard"),
    ("buyer orders", "a file changes the currency"),
    ("buyer orders", "guest orders"),
    ("staff count", "its order is cancelled"),
    ("buyer orders", "staff end back-orders"),
    ("staff end back-orders", "its order is cancelled"),
)
SHORT_ON_CARTS = (
    ("buyer orders the cart", "another tab orders it"),
    ("buyer orders the cart", "buyer changes the cart"),
    ("buyer orders the cart", "guest logs in"),
    ("guest orders the cart", "guest logs in"),
    ("buyer changes the cart", "buyer deletes the account"),
)


@dataclass
class Pairs:
    """All pairs of operations from one start, each in every schedule."""

    start: Start
    operations: Mapping[str, Operation]
    pairs: int = 0
    interleavings: int = 0
    ends: int = 0
    _ends_seen: set[str] = field(default_factory=set)  # of the current pair

    def check(self, short: Sequence[tuple[str, str]]) -> dict[str, int]:
        """Run the pairs. An end that several interleavings of a pair have is followed once."""
        self._snapshot, self._subject = self._begin()
        every = combinations_with_replacement(self.operations, 2)
        for one, other in every if IS_COMPLETE else short:
            self.pairs += 1
            self._ends_seen = set()
            self._check_pair(one, other)
        return {"pairs": self.pairs, "interleavings": self.interleavings, "ends": self.ends}

    def _begin(self) -> tuple[Snapshot, Subject]:
        world = World()
        with world.open():
            world.add_customers()
            subject = self.start(world)
            world.chain.drain()
            return Snapshot(world), subject

    def _check_pair(self, one: str, other: str) -> None:
        broken: list[str] = []

        def run(schedule: Switching) -> None:
            broken[:] = self._run(self.operations[one], self.operations[other], schedule)

        for schedule in enumerate_schedules(run, SCHEDULES_MAX):
            self.interleavings += 1
            assert not broken, "\n".join([*broken, f"{one} | {other}: {schedule}"])

    def _run(self, one: Operation, other: Operation, schedule: Switching) -> list[str]:
        """The promises that this interleaving breaks, at once or after everything was delivered."""
        world, subject = self._snapshot.restore(), self._subject
        with world.open():

            def switch(call: Call) -> None:
                if call.service == "dynamodb":
                    world.scheduler.switch()

            world.calls.before.append(switch)
            world.scheduler.run(
                schedule, lambda: one(world, subject), lambda: other(world, subject)
            )
            broken = invariants.list_broken_now(world)
            end = fingerprint(world)
            if broken or end in self._ends_seen:
                return broken
            self._ends_seen.add(end)
            self.ends += 1
            settle(world)
            return [*invariants.list_broken(world), *list_unsettled(world)]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("start", ORDERS if IS_COMPLETE else SHORT_ORDERS)
def test_two_operations_on_an_order_keep_every_promise(start, report):
    short = SHORT_ON_UNPAID if start == "unpaid" else SHORT_ON_ORDERS
    report(Pairs(ORDERS[start], ON_ORDERS).check(short))


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("start", PRODUCTS if IS_COMPLETE else SHORT_PRODUCTS)
def test_two_operations_on_a_product_keep_every_promise(start, report):
    report(Pairs(PRODUCTS[start], ON_PRODUCTS).check(SHORT_ON_PRODUCTS))


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("start", CARTS)
def test_two_operations_on_carts_keep_every_promise(start, report):
    report(Pairs(CARTS[start], ON_CARTS).check(SHORT_ON_CARTS))
