"""A product's stock as it was read, and how a change is divided among its shards. Pure.

DynamoDB refuses transactions that meet at one item, so one item takes some 30 to 120 orders a
second (`docs/scale.md`): a flash sale would wait for it. So a product's stock can be written to
several items, its shards. An order takes from one shard, from another where that one has too few,
and from several where no single shard has enough. The stock is the sum of the shards.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from shared.storage.models.catalog import Stock
from shared.storage.write_sharding import allocate, divide_evenly

SHARDS_MAX = 16  # some 500 orders a second; each shard is one more item to read with the stock


@dataclass(frozen=True, slots=True)
class StockShard:
    number: int
    available: int
    allocated: int
    version: int  # 0: the shard has no item yet, or the last reshard emptied it
    currency: str | None = None  # orders in another one are refused; None: the product's decides

    @property
    def is_empty(self) -> bool:
        return not (self.available or self.allocated or self.version)


@dataclass(frozen=True, slots=True)
class StockSnapshot:
    """A product's stock as it was read, shard by shard."""

    product_id: str
    shards: tuple[StockShard, ...]

    @classmethod
    def empty(cls, product_id: str) -> Self:
        return cls(product_id, (StockShard(0, 0, 0, 0),))

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
    def is_empty(self) -> bool:
        """No stock was set, delivered or sold yet."""
        return all(shard.is_empty for shard in self.shards)

    @property
    def version(self) -> int:
        """Grows with each change of any shard."""
        return sum(shard.version for shard in self.shards)

    def allocate_change(self, change: int) -> dict[int, int] | None:
        """The change of each shard when staff add or remove units.

        None if the change would remove more than is available.
        """
        if change >= 0:
            shares = divide_evenly(change, len(self.shards))
            return {number: share for number, share in shares.items() if share}
        taken = self.allocate(-change)
        return None if taken is None else {number: -units for number, units in taken.items()}

    def allocate(self, quantity: int) -> dict[int, int] | None:
        """The units to take from each shard; None if all shards together have too few."""
        return allocate({shard.number: shard.available for shard in self.shards}, quantity)


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
        number, int(item.available), int(item.allocated), int(item.version), item.currency
    )
