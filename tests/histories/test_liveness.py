"""Each link fails for longer than its limit, then is mended: nothing is lost, doubled or wrong."""

import os
from datetime import timedelta
from itertools import combinations

import pytest

from tests.histories import buying, invariants, selling
from tests.histories.drills import DRILLS, Drill
from tests.histories.operator import Operator
from tests.histories.settling import list_unsettled, send_webhooks, settle
from tests.histories.world import World, create_product

# `make soak` has all drills, and each two of them at once.
SHORT = ("relay is off", "payment worker crashes", "mail queue stands still", "all comes twice")
COMBINED = int(os.environ.get("SOUK_DRILLS_AT_ONCE", "0"))
CASES: list[tuple[str, ...]] = (
    [names for count in range(1, COMBINED + 1) for names in combinations(DRILLS, count)]
    if COMBINED
    else [(name,) for name in SHORT]
)


def open_shop(world: World) -> None:
    """Orders from before the incident, at each point at which an incident can meet them."""
    world.add_customers()
    for sku, shards, units in (("TEA", 3, 60), ("CUP", 1, 60)):
        world.product_ids.append(create_product(sku, shards, units, None))
    sell_one_of_each(world, "before", finishes=False)
    world.chain.drain()


def sell_one_of_each(world: World, when: str, *, finishes: bool) -> None:
    """Orders of every course of events; `finishes` takes them to their ends."""
    tea, cup = world.product_ids
    place = buying.place
    for name, captures, then in (
        ("cancelled after the payment", True, buying.cancel),
        ("shipped, then captured", False, selling.ship),
        ("cancelled when authorized", False, selling.cancel),
        ("refunded", True, lambda world, order: selling.refund(world, order, None, "all")),
        ("refunded in part", True, lambda world, order: selling.refund(world, order, 300, "part")),
    ):
        order_id = place(world, "usr_ada", {tea: 1, cup: 2}, f"{name} {when}")
        assert order_id
        buying.pay(world, order_id, captures=captures)
        send_webhooks(world)
        if finishes:
            then(world, order_id)
    unpaid = place(world, "usr_bob", {tea: 1}, f"never paid {when}")
    assert unpaid
    buying.start_payment(world, unpaid)
    guest = buying.place_as_guest(world, "guest@example.com", {cup: 1}, f"guest {when}")
    assert guest
    buying.pay(world, guest)


def finish_earlier_orders(world: World) -> None:
    for order_id in list(world.acknowledged.orders)[:4]:
        selling.refund(world, order_id, None, "late")
        selling.ship(world, order_id)


def have_incident(world: World) -> None:
    """The shop goes on while a link is broken."""
    finish_earlier_orders(world)
    sell_one_of_each(world, "during", finishes=True)
    buying.place(world, "usr_eve", {world.product_ids[0]: 1}, "last")
    buying.delete_account(world, "usr_eve")
    buying.place_as_guest(world, "usr_bob@example.com", {world.product_ids[1]: 1}, "as guest")
    buying.confirm_address(world, "usr_bob")
    selling.import_file(world, [("TEA", 1000, "EUR", 40), ("NEW", 500, "EUR", 3)])


def mend(world: World, drills: list[Drill], since: timedelta) -> None:
    """What the runbook says: end the fault, redrive, republish, wait for the sweepers."""
    operator = Operator(world.chain)
    world.chain.advance(timedelta(hours=1))
    operator.redrive()
    operator.republish(
        world.time.now - since - timedelta(hours=2),
        includes_relayed=any(drill.misses_relayed for drill in drills),
    )
    world.chain.advance(timedelta(hours=2))
    settle(world)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("names", CASES, ids=" and ".join)
def test_a_broken_link_loses_and_doubles_nothing(names, report):
    drills = [DRILLS[name] for name in names]
    world = World()
    with world.open():
        open_shop(world)
        for drill in drills:
            drill.begin(world)
        lasts = max(drill.lasts for drill in drills)
        have_incident(world)
        world.chain.advance(lasts)
        for drill in reversed(drills):
            drill.end(world)

        mend(world, drills, lasts)

        mails_max = max(drill.mails_max for drill in drills)
        broken = [*invariants.list_broken(world, mails_max=mails_max), *list_unsettled(world)]

    report(world.figures() | {"drills": 1})
    assert not broken, "\n".join([*broken, " and ".join(names), str(dict(world.outcomes))])
