"""How many of a product can be sold, in one item or split into several.

DynamoDB takes some 500 transactions a second on one item (1,000 write units, two a transactional
write): a flash sale would wait on it. A product's stock can be split into shards, an item each:
an order takes from one of them, from another where that one is short, and from several where none
has enough alone. What the shards hold together is what there is.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from shared.storage.models.catalog import Product, Stock
from shared.storage.transactions import Action, Condition, Transaction

SHARDS_MAX = 16
LEVEL_SUFFIX = "#level"  # of the keys in the stock table that are no shards


class StockChanged(Exception):
    """Something was sold, counted or split anew meanwhile: look again at what there is."""


class Resharded(StockChanged):
    """A shard has fewer on order than were taken from it: they are in the first one now."""

    def __init__(self, product_id: str) -> None:
        super().__init__(product_id)
        self.product_id = product_id


@dataclass(frozen=True, slots=True)
class StockShard:
    number: int
    available: int
    allocated: int
    version: int  # 0: it has no item yet, or was emptied
    currency: str | None = None  # that alone it is sold in; None: in whatever the product says

    @property
    def is_empty(self) -> bool:
        return not (self.available or self.allocated or self.version)


@dataclass(frozen=True, slots=True)
class StockSnapshot:
    """A product's stock as it was read, shard by shard."""

    product_id: str
    shards: tuple[StockShard, ...]

    @classmethod
    def nothing(cls, product_id: str) -> Self:
        return cls(product_id, (StockShard(0, 0, 0, 0),))

    @property
    def available(self) -> int:
        return sum(shard.available for shard in self.shards)

    @property
    def allocated(self) -> int:
        return sum(shard.allocated for shard in self.shards)

    @property
    def currency(self) -> str | None:
        return next((it.currency for it in self.shards if it.currency), None)

    @property
    def version(self) -> int:
        """Grows with each change of any shard."""
        return sum(shard.version for shard in self.shards)

    def parts_of(self, change: int) -> dict[int, int] | None:
        """Which shards a change by staff is made to; None if it would take more than there is."""
        if change >= 0:
            return {number: part for number, part in even_shares(change, len(self.shards)) if part}
        taken = self.split(-change)
        return None if taken is None else {number: -part for number, part in taken.items()}

    def split(self, quantity: int) -> dict[int, int] | None:
        """That many, by shard: from one that has enough, by chance, else from as few as have them
        together. None if all have too few.
        """
        enough = [shard.number for shard in self.shards if shard.available >= quantity]
        if enough:
            return {random.choice(enough): quantity}  # noqa: S311 (no secret)
        parts: dict[int, int] = {}
        for shard in sorted(self.shards, key=lambda it: it.available, reverse=True):
            parts[shard.number] = min(quantity, shard.available)
            quantity -= parts[shard.number]
        return None if quantity else {number: part for number, part in parts.items() if part}


def even_shares(quantity: int, shards: int) -> Iterator[tuple[int, int]]:
    """An equal share for each shard; the first ones have what is left over."""
    for number in range(shards):
        yield number, quantity // shards + (number < quantity % shards)


def shard_key(product_id: str, shard: int) -> str:
    return product_id if shard == 0 else f"{product_id}#{shard}"


def shard_keys(shards: Mapping[str, int]) -> list[str]:
    """Of the items that hold these products' stock; `shards` says how many each has."""
    return [shard_key(product_id, n) for product_id, count in shards.items() for n in range(count)]


def get_stocks(shards: Mapping[str, int]) -> dict[str, StockSnapshot]:
    """The stock of these products as it is now: one BatchGetItem for each 100 shards."""
    return snapshots_from(shards, Stock.find_many(shard_keys(shards)).values())


def snapshots_from(shards: Mapping[str, int], items: Iterable[Stock]) -> dict[str, StockSnapshot]:
    """The same from items that were read already. Nothing is available that has no item."""
    found = {item.product_id: item for item in items}
    return {
        product_id: StockSnapshot(
            product_id,
            tuple(_shard(n, found.get(shard_key(product_id, n))) for n in range(count)),
        )
        for product_id, count in shards.items()
    }


def get_stock(product: Product) -> StockSnapshot:
    product_id = product.product_id
    return get_stocks({product_id: int(product.stock_shards)})[product_id]


def random_shard(count: float) -> int:
    """Buyers spread over the shards by chance."""
    return random.randrange(int(count))  # noqa: S311 (no secret)


def stage_sale(
    transaction: Transaction,
    product_id: str,
    parts: Mapping[int, int],
    *,
    currency: str,
    otherwise: Exception,
) -> None:
    """Take that many from each shard for an order in that currency, or raise `otherwise`."""
    in_currency = Stock.currency.does_not_exist() | (Stock.currency == currency)
    for shard, quantity in parts.items():
        transaction.update(
            Stock(shard_key(product_id, shard)),
            [
                Stock.available.add(-quantity),
                Stock.allocated.add(quantity),
                Stock.version.add(1),
            ],
            only_if=(Stock.available >= quantity) & in_currency,
            otherwise=otherwise,
        )


def stage_move(  # noqa: PLR0913 (what a move is)
    transaction: Transaction,
    product_id: str,
    shard: int,
    *,
    available: int,
    allocated: int,
    is_bounded: bool,
) -> None:
    """Add to a shard what an order gives back or lets go of.

    `is_bounded`: only if the shard has as many on order, or Resharded.
    """
    transaction.update(
        Stock(shard_key(product_id, shard)),
        [Stock.available.add(available), Stock.allocated.add(allocated), Stock.version.add(1)],
        only_if=Stock.allocated >= -allocated if is_bounded else None,
        otherwise=Resharded(product_id) if is_bounded else None,
    )


def stage_change(  # noqa: PLR0913 (what may be demanded of a change)
    transaction: Transaction,
    before: StockSnapshot,
    parts: Mapping[int, int],
    *,
    otherwise: Exception,
    demanded: Callable[[StockShard], Condition] | None = None,
    currency: str | None = None,
) -> None:
    """Add to each shard, or take from it what it must have, or raise `otherwise`.

    Sales since `before` do not matter, unless more is demanded: then of all shards. With a
    currency, orders in any other are refused from now on.
    """
    for shard in before.shards:
        change = parts.get(shard.number, 0)
        actions: list[Action] = [Stock.available.add(change)] if change else []
        if currency and (change or shard.version):
            actions.append(Stock.currency.set(currency))
        has_enough = Stock.available >= -change if change < 0 else None
        condition = _both(has_enough, demanded(shard) if demanded else None)
        name = shard_key(before.product_id, shard.number)
        if actions:
            actions.append(Stock.version.add(1))
            transaction.update(Stock(name), actions, only_if=condition, otherwise=otherwise)
        elif condition is not None:
            transaction.check(Stock, name, only_if=condition, otherwise=otherwise)


def require_shard_count(transaction: Transaction, product: Product) -> None:
    """Demand that the product's stock has as many shards as were read, or raise StockChanged.

    Else what is put into a shard that it has no more would be lost to sight.
    """
    transaction.check(
        Product,
        product.product_id,
        only_if=Product.stock_shards == product.stock_shards,
        otherwise=StockChanged(),
    )


def stage_stock_set(  # noqa: PLR0913 (what may be demanded of a count)
    transaction: Transaction,
    before: StockSnapshot,
    available: int,
    shards: int,
    *,
    otherwise: Exception,
    currency: str | None = None,
) -> None:
    """Spread that many evenly over so many shards, if nothing has changed since `before`.

    Shards that there were more of are emptied; what is on order is kept in the first. With a
    currency, orders in any other are refused from now on.
    """
    share = dict(even_shares(available, shards))
    known = {shard.number: shard for shard in before.shards}
    for number in range(max(shards, len(before.shards))):
        shard = known.get(number)
        if number >= shards and (shard is None or shard.is_empty):
            continue
        is_first = number == 0
        transaction.put(
            Stock(
                shard_key(before.product_id, number),
                available=share.get(number, 0),
                allocated=before.allocated if is_first else 0,
                version=before.version + 1 if is_first else 0,
                currency=currency or before.currency,
            ),
            only_if=unchanged(shard),
            otherwise=otherwise,
        )


def is_unallocated(_: StockShard) -> Condition:
    nothing: Condition = Stock.allocated.does_not_exist() | (Stock.allocated == 0)
    return nothing


def unchanged(shard: StockShard | None) -> Condition:
    """Not sold from nor counted since it was read."""
    if shard is None or shard.version == 0:
        is_new: Condition = Stock.version.does_not_exist() | (Stock.version == 0)
        return is_new
    same: Condition = Stock.version == shard.version
    return same


def _both(one: Condition | None, other: Condition | None) -> Condition | None:
    if one is None or other is None:
        return other if one is None else one
    both: Condition = one & other
    return both


def _shard(number: int, item: Stock | None) -> StockShard:
    if item is None:
        return StockShard(number, 0, 0, 0)
    return StockShard(
        number, int(item.available), int(item.allocated), int(item.version), item.currency
    )
