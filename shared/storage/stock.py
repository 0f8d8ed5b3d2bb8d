"""The stock of products: reads, and writes that join somebody else's transaction."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from shared.storage.models.catalog import UNTRACKED, Product, Stock
from shared.storage.stock_conditions import (
    both,
    has_same_allocation,
    has_terms,
    has_units,
    is_at_least,
    is_unchanged,
)
from shared.storage.stock_shards import (
    Allocation,
    StockShard,
    StockSnapshot,
    divide_stock,
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


def stage_allocation(  # noqa: PLR0913 (what an order requires of stock)
    transaction: Transaction,
    product_id: str,
    allocation: Allocation,
    *,
    currency: str,
    backorders_max: int = 0,
    otherwise: Exception,
) -> None:
    """Allocate units of each shard to an order in that currency, or raise `otherwise`.

    Raises it too if the stock may be back-ordered by another number of units than
    `backorders_max`, or if units that should be back-ordered are in stock by now.
    """
    is_sold_so = has_terms(currency, backorders_max)
    for shard, quantity in allocation.units.items():
        transaction.update(
            Stock(shard_key(product_id, shard)),
            [
                Stock.available.add(-quantity),
                Stock.allocated.add(quantity),
                _NEXT_VERSION,
            ],
            only_if=has_units(allocation, shard) & is_sold_so,
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
    backorders_max: int | None = None,
    may_be_short: bool = False,
) -> None:
    """Add units to each shard or remove them, or raise `otherwise` where a shard has too few.

    Sales since `before` do not matter, unless `shard_condition` says so: it must hold for every
    shard. `may_be_short`: a shard may have too few. With a `currency`, the stock refuses orders in
    any other from now on. The caller has required `before.allocated == 0`, the sum over all shards;
    the commit raises `otherwise` if an order has taken or returned units since. With
    `backorders_max`, it refuses orders that were priced under another number from now on. If the
    shards do not fit that number, the units are divided among them again.
    """
    if backorders_max is not None and not before.fits(change_by_shard, backorders_max):
        units = before.available + sum(change_by_shard.values())
        stage_stock_set(
            transaction,
            before,
            units,
            len(before.shards),
            otherwise=otherwise,
            currency=currency,
            backorders_max=backorders_max,
        )
        return
    if currency:
        shard_condition = shard_condition or has_same_allocation
    terms = _set_terms(currency, backorders_max)
    rooms = divide_evenly(backorders_max or 0, len(before.shards))
    for shard in before.shards:
        change = change_by_shard.get(shard.number, 0)
        actions: list[Action] = [_add_available(change)] if change or terms else []
        condition = shard_condition(shard) if shard_condition else None
        if backorders_max is not None:
            condition = both(is_at_least(-rooms[shard.number] - change), condition)
        elif change < 0 and not may_be_short:
            condition = both(Stock.available >= -change, condition)
        key = shard_key(before.product_id, shard.number)
        if actions:
            actions += [*terms, _NEXT_VERSION]
            transaction.update(Stock(key), actions, only_if=condition, otherwise=otherwise)
        elif condition is not None:
            transaction.check(Stock, key, only_if=condition, otherwise=otherwise)


@lru_cache(maxsize=1_024)  # the rows of an import add the same numbers of units again and again
def _add_available(units: int) -> Action:
    added: Action = Stock.available.add(units)
    return added


def _set_terms(currency: str | None, backorders_max: int | None) -> list[Action]:
    terms: list[Action] = [Stock.currency.set(currency)] if currency else []
    if backorders_max is not None:
        terms.append(Stock.backorders_max.set(backorders_max))
    return terms


def require_counted(transaction: Transaction, product: Product) -> None:
    """Raise StockChanged at the commit if the number of the product's shards is another now.

    Otherwise stock added to a removed shard would be lost. A reshard in its turn requires each
    shard as it was read, also one that had no item. Raises it too if the stock is not counted any
    more.
    """
    is_same: Condition = Product.stock_shards == product.stock_shards
    if product.stock_shards == 1:  # an item of older code has no number
        is_same |= Product.stock_shards.does_not_exist()
    is_counted = Product.stock_policy.does_not_exist() | (Product.stock_policy != UNTRACKED)
    transaction.check(
        Product, product.product_id, only_if=is_same & is_counted, otherwise=StockChanged()
    )


def stage_stock_set(  # noqa: PLR0913 (what a caller may require of a count)
    transaction: Transaction,
    before: StockSnapshot,
    available: int,
    shards: int,
    *,
    otherwise: Exception,
    currency: str | None = None,
    backorders_max: int | None = None,
) -> None:
    """Divide the available units evenly among the shards, or raise `otherwise` if `before` is old.

    `before` has at least `shards` shards. Those beyond become empty; the first keeps all allocated
    units. With a `currency` or `backorders_max`, the stock refuses orders under any other from now
    on.
    """
    if backorders_max is None:
        backorders_max = before.backorders_max
    shares = divide_stock(available, shards, backorders_max or 0)
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
                backorders_max=backorders_max,
            ),
            only_if=is_unchanged(shard),
            otherwise=otherwise,
        )
