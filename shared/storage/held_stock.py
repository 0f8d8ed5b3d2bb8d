"""How many units one holder's unpaid orders hold at once: counters in the orders' transactions.

An order adds its units to the counters of its holders when it is placed, and remembers which
counters. The transaction in which it is paid, cancelled or expires subtracts them again.

A holder from whom many people may order at one moment has a counter of several shards, as hot stock
has: DynamoDB refuses transactions that meet at one item. Each shard has a share of the limit, so
all together never hold more. An order takes a random shard, or what is left of all shards.

A counter that is wrong (a table was restored, say) is forgotten when its holder has placed no order
for `COUNTER_TTL` and the longest hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shared import clock, ids
from shared.errors.orders import HeldStockLimitReached
from shared.storage.models.accounts import HeldUnits
from shared.storage.transactions import Transaction
from shared.storage.write_sharding import allocate, divide_evenly, random_shard

COUNTER_TTL = timedelta(days=1)  # after the last hold has ended: the schedule may be late

HolderKind = Literal["account", "guest", "network"]
Room = Mapping[str, int]  # the units that each counter can still take


class ShareUsedUp(Exception):
    """One shard of a counter has too little room; another may have enough. Read the room."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the stock of unpaid orders, and how many units all of them may hold."""

    kind: HolderKind
    key: str
    limit: int
    shards: int = 1

    def shares(self) -> dict[str, int]:
        """The share of the limit that each of its counters has."""
        return {
            ids.derived_id("hld", self.kind, self.key, str(number)): share
            for number, share in divide_evenly(self.limit, self.shards).items()
        }

    def refusal(self, units: int) -> HeldStockLimitReached:
        return HeldStockLimitReached(holder=self.kind, limit=self.limit, quantity=units)


def stage_holds(
    transaction: Transaction,
    holders: Sequence[Holder],
    units: int,
    *,
    until: datetime,
    room: Room | None = None,
) -> dict[str, int]:
    """Count the units for each holder. Returns them by counter, for `stage_release`.

    `until` is the latest end of any hold. The commit raises HeldStockLimitReached. It, or this
    call, raises ShareUsedUp for a holder with several shards: then call it again, with the room.
    """
    holds: dict[str, int] = {}
    for holder in holders:
        by_counter = _allocate(holder, units, room)
        shares = holder.shares()
        for counter, part in by_counter.items():
            transaction.update(
                HeldUnits(counter),
                [HeldUnits.units.add(part), HeldUnits.expires_at.set(until + COUNTER_TTL)],
                only_if=HeldUnits.units.does_not_exist()
                | (HeldUnits.units <= shares[counter] - part),
                otherwise=ShareUsedUp() if holder.shards > 1 else holder.refusal(units),
            )
        holds |= by_counter
    return holds


def _allocate(holder: Holder, units: int, room: Room | None) -> dict[str, int]:
    """Raises HeldStockLimitReached and ShareUsedUp."""
    counters = list(holder.shares().items())
    if units > holder.limit:
        raise holder.refusal(units)
    if room is not None and holder.shards > 1:
        left = {number: room[counter] for number, (counter, _) in enumerate(counters)}
        taken = allocate(left, units)
        if taken is None:
            raise holder.refusal(units)
        return {counters[number][0]: part for number, part in taken.items()}
    counter, share = counters[random_shard(holder.shards)]
    if units > share:
        raise ShareUsedUp
    return {counter: units}


def read_room(holders: Sequence[Holder]) -> Room:
    """The units that each counter of the holders with several shards can still take."""
    shares: dict[str, int] = {}
    for holder in holders:
        if holder.shards > 1:
            shares |= holder.shares()
    found = HeldUnits.find_many(shares)
    return {
        counter: share - (int(found[counter].units) if counter in found else 0)
        for counter, share in shares.items()
    }


def stage_release(transaction: Transaction, holds: Mapping[str, int]) -> None:
    """Subtract what an order has added to these counters.

    A counter that was forgotten becomes negative, and is forgotten again.
    """
    end = clock.utc_now() + COUNTER_TTL
    for counter, units in holds.items():
        transaction.update(
            HeldUnits(counter),
            [
                HeldUnits.units.add(-units),
                HeldUnits.expires_at.set(HeldUnits.expires_at | end),
            ],
        )
