"""The keys of the browse indexes: which partitions list an entry, and in which order. Pure.

A partition is a list that a shopper can browse by itself: the shop, a category with everything
below it, or a tag. The shop's list has several shards, so that an import does not write to one
partition of an index.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime

from shared.records import Record

SHOP_SHARDS = 4  # 1,000 writes a second each; one more shard is one more Query a page (scale.md)
NAME_KEY_MAX = 100  # characters of a name that decide its place in a list
_SEPARATOR = "\x1f"  # no group has it in its name
_END_OF_NAME = "\x1f"  # before every character of a name: "tea" comes before "tea pot"


class ListedProduct(Record):
    """A product that a list shows, and the number of its stock's shards when it was listed."""

    product_id: str
    stock_shards: int


def shop_partitions() -> tuple[str, ...]:
    return tuple(f"shop#{shard}" for shard in range(SHOP_SHARDS))


def category_partition(category: str) -> str:
    return f"category#{category}"


def tag_partition(tag: str) -> str:
    return f"tag#{tag}"


def category_of(partition: str) -> str | None:
    """The path of the category whose list this partition is. None: it is another list."""
    kind, _, path = partition.partition("#")
    return path if kind == "category" else None


def partitions_of(entry_id: str, categories: Iterable[str]) -> Iterator[str]:
    """The shop's partition for this entry, and one for each of these categories."""
    yield f"shop#{shard_of(entry_id)}"
    yield from map(category_partition, categories)


def shard_of(key: str) -> int:
    return hashlib.sha256(key.encode()).digest()[0] % SHOP_SHARDS


def status_shard(status: str, shard: int) -> str:
    """A partition in which staff list the products with this status."""
    return f"{status}#{shard}"


def newest_key(created_at: datetime, entry_id: str) -> str:
    return f"{created_at.isoformat(timespec='microseconds')}#{entry_id}"


def name_key(name: str, entry_id: str) -> str:
    """Sorts names without regard to case and accents."""
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(char for char in decomposed if not unicodedata.combining(char))
    return f"{letters[:NAME_KEY_MAX].strip()}{_END_OF_NAME}{entry_id}"


def price_partition(partition: str, currency: str) -> str:
    """A partition for each currency: amounts of two currencies do not compare."""
    return f"{partition}#{currency}"


def price_step_partition(partition: str, amount_minor: int) -> str:
    """Where an entry of this list is stored again, with another price. Nobody browses it."""
    return f"price#{amount_minor}#{partition}"


def price_key(
    amount_minor: int, entry_id: str, below: int | None = None, above: int | None = None
) -> str:
    """Sorts by price. For another price of an entry, with the prices that come before it.

    A price range that has `below` or `above` too shows the entry with that price.
    """
    key = f"{amount_minor:013d}#{entry_id}"
    if below is None and above is None:
        return key
    others = ("" if price is None else str(price) for price in (below, above))
    return _SEPARATOR.join((key, *others))


def stored_partition(partition: str, price_key: str) -> str:
    """The partition of the table that stores this key of a list by price."""
    is_step = _SEPARATOR in price_key
    return price_step_partition(partition, int(price_key[:13])) if is_step else partition


def is_shown_price(price_key: str, low: int, high: int) -> bool:
    """Whether a price range from `low` to `high` shows the entry with the price of this key."""
    _, *others = price_key.split(_SEPARATOR)
    return not any(other and low <= int(other) <= high for other in others)


def price_range(low: int, high: int) -> tuple[str, str]:
    """The bounds of the price keys from `low` to `high`, both included."""
    return f"{low:013d}", f"{high:013d}$"  # $ comes after #
