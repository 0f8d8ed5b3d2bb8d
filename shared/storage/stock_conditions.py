"""What a write requires of a shard of stock, as conditions of DynamoDB. Pure."""

from shared.storage.models.catalog import Stock
from shared.storage.stock_shards import Allocation, StockShard
from shared.storage.transactions import Condition


def has_units(allocation: Allocation, shard: int) -> Condition:
    """The shard has what an order takes of it, and no unit of what should be back-ordered."""
    quantity, beyond = allocation.units[shard], allocation.beyond.get(shard, 0)
    if not beyond:
        has_enough: Condition = Stock.available >= quantity
        return has_enough
    if beyond < quantity:
        has_the_others: Condition = Stock.available == quantity - beyond
        return has_the_others
    room = allocation.rooms[shard]
    has_room: Condition = (Stock.available <= 0) & (Stock.available >= quantity - room)
    return has_room | Stock.available.does_not_exist() if quantity <= room else has_room


def has_terms(currency: str, backorders_max: int) -> Condition:
    """The shard is sold in this currency, and by so many units beyond the stock."""
    has_limit = Stock.backorders_max.does_not_exist() | (Stock.backorders_max == backorders_max)
    in_currency: Condition = Stock.currency.does_not_exist() | (Stock.currency == currency)
    both_hold: Condition = in_currency & has_limit
    return both_hold


def is_at_least(units: int) -> Condition:
    """The shard has so many available units. Without an item it has none."""
    enough: Condition = Stock.available >= units
    return enough | Stock.available.does_not_exist() if units <= 0 else enough


def has_same_allocation(shard: StockShard) -> Condition:
    """No order has taken units of the shard, or returned them, since it was read.

    So the sum over all shards is as it was read. One shard alone says nothing: after a reshard its
    number can be -1 while another's is 1.
    """
    same: Condition = Stock.allocated == shard.allocated
    if shard.allocated == 0:  # no order has taken units of it yet
        same |= Stock.allocated.does_not_exist()
    return same


def is_unchanged(shard: StockShard) -> Condition:
    """For `stage_change`: nobody sold or set the shard since it was read."""
    if shard.version == 0:
        is_new: Condition = Stock.version.does_not_exist() | (Stock.version == 0)
        return is_new
    same_version: Condition = Stock.version == shard.version
    return same_version


def both(one: Condition | None, other: Condition | None) -> Condition | None:
    """Both of them, where there are two."""
    if one is None or other is None:
        return other if one is None else one
    joined: Condition = one & other
    return joined
