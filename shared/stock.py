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
from shared.transactions import Action, Condition, Transaction

BUCKETS_MAX = 16
LEVEL_SUFFIX = "#level"  # of the keys in the stock table that are no buckets


class StockChanged(Exception):
    """Something was sold, counted or split anew meanwhile: look again at what there is."""


class SplitAnew(StockChanged):
    """A bucket has fewer on order than were taken from it: they are in the first one now."""

    def __init__(self, product_id: str) -> None:
        super().__init__(product_id)
        self.product_id = product_id


@dataclass(frozen=True, slots=True)
class Bucket:
    number: int
    available: int
    on_order: int
    version: int  # 0: it has no item yet, or was emptied
    currency: str | None = None  # that alone it is sold in; None: in whatever the product says

    @property
    def is_empty(self) -> bool:
        return not (self.available or self.on_order or self.version)


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
    def currency(self) -> str | None:
        return next((it.currency for it in self.buckets if it.currency), None)

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
    return held(buckets, Stock.fetch(keys(buckets)).values())


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
    transaction: Transaction,
    product_id: str,
    parts: Mapping[int, int],
    *,
    currency: str,
    otherwise: Exception,
) -> None:
    """Take that many from each bucket for an order in that currency, or raise `otherwise`."""
    in_currency = Stock.currency.does_not_exist() | (Stock.currency == currency)
    for bucket, quantity in parts.items():
        transaction.update(
            Stock(key(product_id, bucket)),
            [
                Stock.available.add(-quantity),
                Stock.on_order.add(quantity),
                Stock.version.add(1),
            ],
            only_if=(Stock.available >= quantity) & in_currency,
            otherwise=otherwise,
        )


def stage_move(  # noqa: PLR0913 (what a move is)
    transaction: Transaction,
    product_id: str,
    bucket: int,
    *,
    available: int,
    on_order: int,
    is_bounded: bool,
) -> None:
    """Add to a bucket what an order gives back or lets go of.

    `is_bounded`: only if the bucket has as many on order, or SplitAnew.
    """
    transaction.update(
        Stock(key(product_id, bucket)),
        [Stock.available.add(available), Stock.on_order.add(on_order), Stock.version.add(1)],
        only_if=Stock.on_order >= -on_order if is_bounded else None,
        otherwise=SplitAnew(product_id) if is_bounded else None,
    )


def stage_change(  # noqa: PLR0913 (what may be demanded of a change)
    transaction: Transaction,
    before: Held,
    parts: Mapping[int, int],
    *,
    otherwise: Exception,
    demanded: Callable[[Bucket], Condition] | None = None,
    currency: str | None = None,
) -> None:
    """Add to each bucket, or take from it what it must have, or raise `otherwise`.

    Sales since `before` do not matter, unless more is demanded: then of all buckets. With a
    currency, orders in any other are refused from now on.
    """
    for bucket in before.buckets:
        change = parts.get(bucket.number, 0)
        actions: list[Action] = [Stock.available.add(change)] if change else []
        if currency and (change or bucket.version):
            actions.append(Stock.currency.set(currency))
        has_enough = Stock.available >= -change if change < 0 else None
        condition = _both(has_enough, demanded(bucket) if demanded else None)
        name = key(before.product_id, bucket.number)
        if actions:
            actions.append(Stock.version.add(1))
            transaction.update(Stock(name), actions, only_if=condition, otherwise=otherwise)
        elif condition is not None:
            transaction.check(Stock, name, only_if=condition, otherwise=otherwise)


def require_split(transaction: Transaction, product: Product) -> None:
    """Demand that the product's stock has as many buckets as were read, or raise StockChanged.

    Else what is put into a bucket that it has no more would be lost to sight.
    """
    transaction.check(
        Product,
        product.product_id,
        only_if=Product.stock_buckets == product.stock_buckets,
        otherwise=StockChanged(),
    )


def stage_as_counted(  # noqa: PLR0913 (what may be demanded of a count)
    transaction: Transaction,
    before: Held,
    available: int,
    buckets: int,
    *,
    otherwise: Exception,
    currency: str | None = None,
) -> None:
    """Spread that many evenly over so many buckets, if nothing has changed since `before`.

    Buckets that there were more of are emptied; what is on order is kept in the first. With a
    currency, orders in any other are refused from now on.
    """
    share = dict(shares(available, buckets))
    known = {bucket.number: bucket for bucket in before.buckets}
    for number in range(max(buckets, len(before.buckets))):
        bucket = known.get(number)
        if number >= buckets and (bucket is None or bucket.is_empty):
            continue
        is_first = number == 0
        transaction.put(
            Stock(
                key(before.product_id, number),
                available=share.get(number, 0),
                on_order=before.on_order if is_first else 0,
                version=before.version + 1 if is_first else 0,
                currency=currency or before.currency,
            ),
            only_if=unchanged(bucket),
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
    return Bucket(number, int(item.available), int(item.on_order), int(item.version), item.currency)
