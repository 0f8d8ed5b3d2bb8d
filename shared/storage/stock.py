"""The stock of products: reads, and writes that join somebody else's transaction."""

from collections.abc import Callable, Mapping

from shared.storage.models.catalog import Product, Stock
from shared.storage.stock_shards import (
    StockShard,
    StockSnapshot,
    shard_key,
    shard_keys,
    snapshots_from_items,
)
from shared.storage.transactions import Action, Condition, Transaction
from shared.storage.write_sharding import divide_evenly

_NEXT_VERSION: Action = Stock.version.add(1)  # an import adds it to each row
LEVEL_SUFFIX = "#level"  # ends the keys in the stock table that are no shards


class StockChanged(Exception):
    """Somebody sold, set or resharded the stock since it was read. Read it again."""


class Resharded(StockChanged):
    """A shard has fewer units allocated than an order took from it: the first shard has them."""

    def __init__(self, product_id: str) -> None:
        super().__init__(product_id)
        self.product_id = product_id


def get_stocks(shard_counts: Mapping[str, int]) -> dict[str, StockSnapshot]:
    """The current stock by product, from the number of shards by product.

    One BatchGetItem for each 100 shards.
    """
    items = Stock.find_many(shard_keys(shard_counts)).values()
    return snapshots_from_items(shard_counts, items)


def get_stock(product: Product) -> StockSnapshot:
    product_id = product.product_id
    return get_stocks({product_id: int(product.stock_shards)})[product_id]


def stage_allocation(
    transaction: Transaction,
    product_id: str,
    units_by_shard: Mapping[int, int],
    *,
    currency: str,
    otherwise: Exception,
) -> None:
    """Allocate units of each shard to an order in that currency, or raise `otherwise`."""
    is_in_currency = Stock.currency.does_not_exist() | (Stock.currency == currency)
    for shard, quantity in units_by_shard.items():
        transaction.update(
            Stock(shard_key(product_id, shard)),
            [
                Stock.available.add(-quantity),
                Stock.allocated.add(quantity),
                _NEXT_VERSION,
            ],
            only_if=(Stock.available >= quantity) & is_in_currency,
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
    """Add to a shard the units that an order returns, and subtract those it no longer allocates.

    `is_bounded`: the commit raises Resharded if the shard has fewer units allocated.
    """
    transaction.update(
        Stock(shard_key(product_id, shard)),
        [Stock.available.add(available), Stock.allocated.add(allocated), _NEXT_VERSION],
        only_if=Stock.allocated >= -allocated if is_bounded else None,
        otherwise=Resharded(product_id) if is_bounded else None,
    )


def stage_change(  # noqa: PLR0913 (what a caller may require of a change)
    transaction: Transaction,
    before: StockSnapshot,
    change_by_shard: Mapping[int, int],
    *,
    otherwise: Exception,
    shard_condition: Callable[[StockShard], Condition] | None = None,
    currency: str | None = None,
) -> None:
    """Add units to each shard or remove them, or raise `otherwise` where a shard has too few.

    Sales since `before` do not matter, unless `shard_condition` says so: it must hold for every
    shard. With a `currency`, the stock refuses orders in any other from now on. The caller has
    required `before.allocated == 0`, the sum over all shards; the commit raises `otherwise` if an
    order has taken or returned units since.
    """
    if currency:
        shard_condition = shard_condition or _has_same_allocation
    for shard in before.shards:
        change = change_by_shard.get(shard.number, 0)
        actions: list[Action] = [Stock.available.add(change)] if change or currency else []
        if currency:
            actions.append(Stock.currency.set(currency))
        has_enough = Stock.available >= -change if change < 0 else None
        condition = _both(has_enough, shard_condition(shard) if shard_condition else None)
        key = shard_key(before.product_id, shard.number)
        if actions:
            actions.append(_NEXT_VERSION)
            transaction.update(Stock(key), actions, only_if=condition, otherwise=otherwise)
        elif condition is not None:
            transaction.check(Stock, key, only_if=condition, otherwise=otherwise)


def require_shard_count(transaction: Transaction, product: Product) -> None:
    """Raise StockChanged at the commit if the number of the product's shards is another now.

    Otherwise stock added to a removed shard would be lost. A reshard in its turn requires each
    shard as it was read, also one that had no item.
    """
    is_same: Condition = Product.stock_shards == product.stock_shards
    if product.stock_shards == 1:  # an item of older code has no number
        is_same |= Product.stock_shards.does_not_exist()
    transaction.check(Product, product.product_id, only_if=is_same, otherwise=StockChanged())


def stage_stock_set(  # noqa: PLR0913 (what a caller may require of a count)
    transaction: Transaction,
    before: StockSnapshot,
    available: int,
    shards: int,
    *,
    otherwise: Exception,
    currency: str | None = None,
) -> None:
    """Divide the available units evenly among the shards, or raise `otherwise` if `before` is old.

    `before` has at least `shards` shards. Those beyond become empty; the first keeps all allocated
    units. With a `currency`, the stock refuses orders in any other from now on.
    """
    shares = divide_evenly(available, shards)
    for shard in before.shards:
        number, is_first = shard.number, shard.number == 0
        if number >= shards and shard.is_empty:
            # Nothing to remove, as long as nobody delivers units to it first.
            key = shard_key(before.product_id, number)
            transaction.check(Stock, key, only_if=is_unchanged(shard), otherwise=otherwise)
            continue
        transaction.upsert(
            Stock(
                shard_key(before.product_id, number),
                available=shares.get(number, 0),
                allocated=before.allocated if is_first else 0,
                version=before.version + 1 if is_first else 0,
                currency=currency or before.currency,
            ),
            only_if=is_unchanged(shard),
            otherwise=otherwise,
        )


def _has_same_allocation(shard: StockShard) -> Condition:
    """No order has taken units of the shard, or returned them, since it was read.

    So the sum over all shards is as it was read. One shard alone says nothing: after a reshard its
    number can be -1 while another's is 1.
    """
    same: Condition = Stock.allocated == shard.allocated
    if shard.allocated == 0:  # no order has taken units of it yet
        same |= Stock.allocated.does_not_exist()
    return same


def is_unchanged(shard: StockShard) -> Condition:
    """A condition for `stage_change`: nobody sold or set the shard since it was read."""
    if shard.version == 0:
        is_new: Condition = Stock.version.does_not_exist() | (Stock.version == 0)
        return is_new
    same_version: Condition = Stock.version == shard.version
    return same_version


def _both(one: Condition | None, other: Condition | None) -> Condition | None:
    if one is None or other is None:
        return other if one is None else one
    both: Condition = one & other
    return both
