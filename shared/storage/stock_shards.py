"""A product's stock as it was read, and how a change is divided among its shards. Pure.

DynamoDB refuses transactions that meet at one item, so one item takes some 30 to 120 orders a
second (`docs/scale.md`): a flash sale would wait for it. So a product's stock can be written to
several items, its shards. An order takes from one shard, from another where that one has too few,
and from several where no single shard has enough. The stock is the sum of the shards.

A product that is sold beyond its stock (`backorder`) has shards below 0. Each has its share of the
limit, its room, so all together never fall below the limit. The first shard alone may be lower:
there is what staff removed, or what was back-ordered under a higher limit. So a product whose
limit becomes 0 sells nothing until its stock is above 0 again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Self

from shared.records import Record
from shared.storage.models.catalog import Stock
from shared.storage.write_sharding import allocate, divide_evenly, random_shard

SHARDS_MAX = 16  # some 500 orders a second; each shard is one more item to read with the stock


class StockShard(Record):
    number: int
    available: int
    allocated: int
    version: int  # 0: the shard has no item yet, or the last reshard emptied it
    # Orders in another currency, or with another limit of back-orders, are refused; None: any.
    currency: str | None = None
    backorders_max: int | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.available or self.allocated or self.version)


_EMPTY = (StockShard(0, 0, 0, 0),)  # a product without stock has its first shard


class Allocation(Record):
    """The units that an order takes from each shard."""

    units: Mapping[int, int]
    beyond: Mapping[int, int] = field(default_factory=dict)  # of these, the units below 0
    rooms: Mapping[int, int] = field(default_factory=dict)  # how far each shard may fall below 0

    @property
    def backordered(self) -> int:
        return sum(self.beyond.values())


class StockSnapshot(Record):
    """A product's stock as it was read, shard by shard."""

    product_id: str
    shards: tuple[StockShard, ...]

    @classmethod
    def empty(cls, product_id: str) -> Self:
        return cls(product_id, _EMPTY)

    @property
    def available(self) -> int:
        return sum(shard.available for shard in self.shards)

    @property
    def allocated(self) -> int:
        return sum(shard.allocated for shard in self.shards)

    @property
    def currency(self) -> str | None:
        return next((shard.currency for shard in self.shards if shard.currency), None)

    @property
    def backorders_max(self) -> int | None:
        known = (shard.backorders_max for shard in self.shards)
        return next((limit for limit in known if limit is not None), None)

    @property
    def is_empty(self) -> bool:
        """No stock was set, delivered or sold yet."""
        return all(shard.is_empty for shard in self.shards)

    @property
    def version(self) -> int:
        """Grows with each change of any shard."""
        return sum(shard.version for shard in self.shards)

    def allocate_change(self, change: int, backorders_max: int = 0) -> dict[int, int] | None:
        """The change of each shard when staff add or remove units.

        Units that are added fill the lowest shards up to 0 first. None if the change would remove
        more than is available; where units may be back-ordered, staff may remove any number.
        """
        if change >= 0:
            return _fill({shard.number: shard.available for shard in self.shards}, change)
        taken = self._remove(-change, backorders_max)
        return None if taken is None else {number: -units for number, units in taken.items()}

    def allocate(self, quantity: int) -> dict[int, int] | None:
        """The units to take from each shard; None if all shards together have too few."""
        return allocate({shard.number: shard.available for shard in self.shards}, quantity)

    def allocate_order(self, quantity: int, backorders_max: int) -> Allocation | None:
        """The units that an order takes: beyond the stock only where all shards have too few.

        None if not so many may be back-ordered.
        """
        units = self.allocate(quantity)
        if units is not None or not backorders_max:
            return None if units is None else Allocation(units)
        in_stock = {shard.number: max(0, shard.available) for shard in self.shards}
        rooms = self._rooms(backorders_max)
        left = {
            shard.number: rooms[shard.number] + min(0, shard.available) for shard in self.shards
        }
        beyond = allocate(left, quantity - sum(in_stock.values()))
        if beyond is None:
            return None
        taken = {number: in_stock[number] + beyond.get(number, 0) for number in in_stock}
        return Allocation({key: units for key, units in taken.items() if units}, beyond, rooms)

    def fits(self, change_by_shard: Mapping[int, int], backorders_max: int) -> bool:
        """Whether each shard is within its room after this change."""
        rooms = self._rooms(backorders_max)
        return all(
            shard.available + change_by_shard.get(shard.number, 0) >= -rooms[shard.number]
            for shard in self.shards
        )

    def _rooms(self, backorders_max: int) -> dict[int, int]:
        return divide_evenly(backorders_max, len(self.shards))

    def _remove(self, quantity: int, backorders_max: int) -> Mapping[int, int] | None:
        found = self.allocate_order(quantity, backorders_max)
        if found or not backorders_max:
            return found.units if found else None
        rooms = self._rooms(backorders_max)
        units = {
            shard.number: max(0, shard.available + rooms[shard.number]) for shard in self.shards
        }
        units[0] += quantity - sum(units.values())
        return units


def guess_allocation(
    quantity: int, *, first: int, shards: int, backorders_max: int
) -> Allocation | None:
    """All from a random shard, as if each had what the first one has. None: read them all.

    With one shard it is exact. Of several, no other has units once one is below 0.
    """
    number = random_shard(shards)
    if not backorders_max or first >= quantity:
        return Allocation({number: quantity})
    rooms, in_stock = divide_evenly(backorders_max, shards), max(0, first)
    is_uncertain = first >= 0 and shards > 1
    if is_uncertain or quantity - in_stock > rooms[number] + min(0, first):
        return None
    return Allocation({number: quantity}, {number: quantity - in_stock}, rooms)


def divide_stock(available: int, shards: int, backorders_max: int) -> dict[int, int]:
    """Each shard's share. Below 0, each is within its room, and the first has what is beyond."""
    if available >= 0:
        return divide_evenly(available, shards)
    within = min(-available, backorders_max)
    shares = {number: -units for number, units in divide_evenly(within, shards).items()}
    shares[0] += available + within
    return shares


def _fill(available: Mapping[int, int], units: int) -> dict[int, int]:
    """How many of these units each shard gets."""
    needed: dict[int, int] = {}  # to reach 0
    for number in sorted(available, key=available.__getitem__):
        needed[number] = min(units, max(0, -available[number]))
        units -= needed[number]
    shares = divide_evenly(units, len(available))
    added = {number: needed[number] + share for number, share in shares.items()}
    return {number: units for number, units in added.items() if units}


def shard_key(product_id: str, shard: int) -> str:
    return product_id if shard == 0 else f"{product_id}#{shard}"


def shard_keys(shard_counts: Mapping[str, int]) -> list[str]:
    """The keys of these products' shards, from the number of shards by product."""
    return [
        shard_key(product_id, number)
        for product_id, count in shard_counts.items()
        for number in range(count)
    ]


def snapshots_from_items(
    shard_counts: Mapping[str, int], items: Iterable[Stock]
) -> dict[str, StockSnapshot]:
    """The stock of these products from items that were read. A shard without an item is empty."""
    found = {item.product_id: item for item in items}
    return {
        product_id: StockSnapshot(
            product_id,
            tuple(
                _shard_from_item(number, found.get(shard_key(product_id, number)))
                for number in range(count)
            ),
        )
        for product_id, count in shard_counts.items()
    }


def _shard_from_item(number: int, item: Stock | None) -> StockShard:
    if item is None:
        return StockShard(number, 0, 0, 0)
    return StockShard(
        number,
        int(item.available),
        int(item.allocated),
        int(item.version),
        item.currency,
        _whole(item.backorders_max),
    )


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
