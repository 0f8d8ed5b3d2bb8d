"""How many of a product can be sold, in one item or split into several.

DynamoDB takes some 500 transactions a second on one item (1,000 write units, two a transactional
write): a flash sale would wait on it. A product's stock can be split into buckets, an item each:
an order takes from one of them, from another where that one is short, and from several where none
has enough alone. What the buckets hold together is what there is.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from shared.models import Product, Stock
from shared.transactions import Condition, Transaction

BUCKETS_MAX = 16
LEVEL_SUFFIX = "#level"  # of the keys in the stock table that are no buckets


@dataclass(frozen=True, slots=True)
class Bucket:
    number: int
    available: int
    on_order: int
    version: int  # 0: it has no item yet


@dataclass(frozen=True, slots=True)
class Held:
    """A product's stock as it was read, bucket by bucket."""

    product_id: str
    buckets: tuple[Bucket, ...]

    @classmethod
    def nothing(cls, product_id: str) -> Self:
        return cls(product_id, (Bucket(0, 0, 0, 0),))

    @property
    def available(self) -> int:
        return sum(bucket.available for bucket in self.buckets)

    @property
    def on_order(self) -> int:
        return sum(bucket.on_order for bucket in self.buckets)

    @property
    def version(self) -> int:
        """Grows with each change of any bucket."""
        return sum(bucket.version for bucket in self.buckets)

    def parts_of(self, change: int) -> dict[int, int] | None:
        """Which buckets a change by staff is made to; None if it would take more than there is."""
        if change >= 0:
            return {number: part for number, part in shares(change, len(self.buckets)) if part}
        taken = self.split(-change)
        return None if taken is None else {number: -part for number, part in taken.items()}

    def split(self, quantity: int) -> dict[int, int] | None:
        """That many, by bucket: from one that has enough, by chance, else from as few as have them
        together. None if all have too few.
        """
        enough = [bucket.number for bucket in self.buckets if bucket.available >= quantity]
        if enough:
            return {random.choice(enough): quantity}  # noqa: S311 (no secret)
        parts: dict[int, int] = {}
        for bucket in sorted(self.buckets, key=lambda it: it.available, reverse=True):
            parts[bucket.number] = min(quantity, bucket.available)
            quantity -= parts[bucket.number]
        return None if quantity else {number: part for number, part in parts.items() if part}


def shares(quantity: int, buckets: int) -> Iterator[tuple[int, int]]:
    """An equal share for each bucket; the first ones have what is left over."""
    for number in range(buckets):
        yield number, quantity // buckets + (number < quantity % buckets)


def key(product_id: str, bucket: int) -> str:
    return product_id if bucket == 0 else f"{product_id}#{bucket}"


def keys(buckets: Mapping[str, int]) -> list[str]:
    """Of the items that hold these products' stock; `buckets` says how many each has."""
    return [key(product_id, n) for product_id, count in buckets.items() for n in range(count)]


def read(buckets: Mapping[str, int]) -> dict[str, Held]:
    """The stock of these products as it is now: one BatchGetItem for each 100 buckets."""
    return held(buckets, Stock.fetch(keys(buckets), consistent=True).values())


def held(buckets: Mapping[str, int], items: Iterable[Stock]) -> dict[str, Held]:
    """The same from items that were read already. Nothing is available that has no item."""
    found = {item.product_id: item for item in items}
    return {
        product_id: Held(
            product_id,
            tuple(_bucket(n, found.get(key(product_id, n))) for n in range(count)),
        )
        for product_id, count in buckets.items()
    }


def of(product: Product) -> Held:
    product_id = product.product_id
    return read({product_id: int(product.stock_buckets)})[product_id]


def any_bucket(count: float) -> int:
    """Buyers spread over the buckets by chance."""
    return random.randrange(int(count))  # noqa: S311 (no secret)


def stage_sale(
    transaction: Transaction, product_id: str, parts: Mapping[int, int], *, otherwise: Exception
) -> None:
    """Take that many from each bucket for an order, or raise `otherwise` at the commit."""
    for bucket, quantity in parts.items():
        transaction.update(
            Stock(key(product_id, bucket)),
            [
                Stock.available.add(-quantity),
                Stock.on_order.add(quantity),
                Stock.version.add(1),
            ],
            only_if=Stock.available >= quantity,
            otherwise=otherwise,
        )


def stage_change(
    transaction: Transaction,
    before: Held,
    parts: Mapping[int, int],
    *,
    otherwise: Exception,
    demanded: Callable[[Bucket], Condition] | None = None,
) -> None:
    """Add to each bucket, or take from it what it must have, or raise `otherwise`.

    Sales since `before` do not matter, unless more is demanded: then of all buckets.
    """
    for bucket in before.buckets:
        change = parts.get(bucket.number, 0)
        has_enough = Stock.available >= -change if change < 0 else None
        demand = demanded(bucket) if demanded else None
        name = key(before.product_id, bucket.number)
        if change:
            transaction.update(
                Stock(name),
                [Stock.available.add(change), Stock.version.add(1)],
                only_if=_both(has_enough, demand),
                otherwise=otherwise,
            )
        elif demand is not None:
            transaction.check(Stock, name, only_if=demand, otherwise=otherwise)


def stage_as_counted(
    transaction: Transaction, before: Held, available: int, buckets: int, *, otherwise: Exception
) -> None:
    """Spread that many evenly over so many buckets, if nothing has changed since `before`.

    Buckets that there were more of are emptied; what is on order is kept in the first.
    """
    known = {bucket.number: bucket for bucket in before.buckets}
    share = dict(shares(available, buckets))
    for number in range(max(buckets, len(before.buckets))):
        is_first = number == 0
        transaction.put(
            Stock(
                key(before.product_id, number),
                available=share.get(number, 0),
                on_order=before.on_order if is_first else 0,
                version=before.version + 1 if is_first else 0,
            ),
            only_if=unchanged(known.get(number)),
            otherwise=otherwise,
        )


def nothing_on_order(_: Bucket) -> Condition:
    nothing: Condition = Stock.on_order.does_not_exist() | (Stock.on_order == 0)
    return nothing


def unchanged(bucket: Bucket | None) -> Condition:
    """Not sold from nor counted since it was read."""
    if bucket is None or bucket.version == 0:
        is_new: Condition = Stock.version.does_not_exist() | (Stock.version == 0)
        return is_new
    same: Condition = Stock.version == bucket.version
    return same


def _both(one: Condition | None, other: Condition | None) -> Condition | None:
    if one is None or other is None:
        return other if one is None else one
    both: Condition = one & other
    return both


def _bucket(number: int, item: Stock | None) -> Bucket:
    if item is None:
        return Bucket(number, 0, 0, 0)
    return Bucket(number, int(item.available), int(item.on_order), int(item.version))
