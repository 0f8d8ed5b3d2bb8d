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
from dataclasses import field
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from shared import clock, ids
from shared.errors.orders import HeldStockLimitReached
from shared.records import Record
from shared.storage.models.accounts import HeldUnits
from shared.storage.transactions import Contended, Transaction
from shared.storage.write_sharding import allocate, divide_evenly

COUNTER_TTL = timedelta(days=1)  # after the last hold has ended: the schedule may be late

HolderKind = Literal["account", "guest", "network"]


class Holder(Record):
    """Who holds the stock of unpaid orders, and how many units all of them may hold."""

    kind: HolderKind
    key: str
    limit: int
    shards: int = 1

    def counters(self) -> list[str]:
        """The key of each shard of its counter."""
        return [
            ids.derived_id("hld", self.kind, self.key, str(shard)) for shard in range(self.shards)
        ]

    def refusal(self, units: int) -> HeldStockLimitReached:
        return HeldStockLimitReached(holder=self.kind, limit=self.limit, quantity=units)


class _ShareUsedUp(Contended):
    """One shard of a counter has too little room; another may have enough: choose again."""


class Hold:
    """The units that one new order holds, at each of its holders.

    Use the same one for all attempts of the order: it learns which shards have too little room.
    """

    def __init__(self, holders: Sequence[Holder], units: int, *, until: datetime) -> None:
        """The buyer is the first holder. `until` is the latest end of any hold."""
        self.own_counter = holders[0].counters()[0]
        # Of the last attempt, for `stage_release`. Each attempt chooses before it sends its writes.
        self.by_counter: dict[str, int] = {}
        self._choices = [
            _Choice(holder, units, until + COUNTER_TTL, self.by_counter) for holder in holders
        ]

    def stage(self, transaction: Transaction) -> None:
        """The commit raises HeldStockLimitReached, or Contended: then another shard has room."""
        for choice in self._choices:
            transaction.choose(choice)


class _Choice(Record, frozen=False):
    """The units at one holder, as a choice of the shards of its counter."""

    holder: Holder
    units: int
    expires_at: datetime
    by_counter: dict[str, int]  # of all holders
    _shares: dict[int, int] = field(init=False)  # of the limit, by shard
    _room: dict[int, int] = field(init=False)  # by shard, as far as it is known
    _is_stale: bool = False  # a shard had less room than was known

    def __post_init__(self) -> None:
        self._shares = divide_evenly(self.holder.limit, self.holder.shards)
        self._room = dict(self._shares)

    @property
    def writes_max(self) -> int:
        return min(self.units, self.holder.shards)

    def stage(self, transaction: Transaction) -> None:
        counters = self.holder.counters()
        if self._is_stale:
            self._read_room(counters)
        allocated = allocate(self._room, self.units)
        if allocated is None:
            raise self.holder.refusal(self.units)
        for counter in counters:  # of the attempt before
            self.by_counter.pop(counter, None)
        for shard, units in allocated.items():
            self.by_counter[counters[shard]] = units
            transaction.update(
                HeldUnits(counters[shard]),
                [HeldUnits.units.add(units), HeldUnits.expires_at.set(self.expires_at)],
                only_if=HeldUnits.units.does_not_exist()
                | (HeldUnits.units <= self._shares[shard] - units),
                otherwise=partial(self._refuse, shard),
            )

    def on_commit(self) -> None:
        """Nothing to learn: the order is placed."""

    def _read_room(self, counters: Sequence[str]) -> None:
        found = HeldUnits.find_many(counters)
        for shard, counter in enumerate(counters):
            self._record(shard, found.get(counter))
        self._is_stale = False

    def _record(self, shard: int, found: HeldUnits | None) -> None:
        self._room[shard] = self._shares[shard] - (int(found.units) if found else 0)

    def _refuse(self, shard: int, found: HeldUnits | None) -> Exception:
        self._record(shard, found)
        if self.holder.shards == 1:
            return self.holder.refusal(self.units)
        self._is_stale = True
        return _ShareUsedUp()


class HoldMove(Record):
    """The units of an unpaid order, from its buyer's counter to that of another buyer."""

    counter: str
    units: int
    to: Holder
    until: datetime  # the order's time to pay

    def stage(self, transaction: Transaction) -> None:
        """The commit raises HeldStockLimitReached. Addresses of one mailbox have one counter."""
        (counter,) = self.to.counters()
        if counter == self.counter:
            return
        stage_release(transaction, {self.counter: self.units})
        transaction.update(
            HeldUnits(counter),
            [
                HeldUnits.units.add(self.units),
                HeldUnits.expires_at.set(self.until + COUNTER_TTL),
            ],
            only_if=HeldUnits.units.does_not_exist()
            | (HeldUnits.units <= self.to.limit - self.units),
            otherwise=self.to.refusal(self.units),
        )


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
