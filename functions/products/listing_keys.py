"""The keys of the browse indexes: what stands where, and in which order. Pure.

A shelf is something a shopper can browse alone: the shop, a category with all below it, a tag. The
shop is spread over shards, so that an import does not write to one partition of an index.
"""

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

SHOP_SHARDS = 4  # 1,000 writes a second each; more shards are more Queries a page (docs/scale.md)
NAME_KEY_MAX = 100  # characters that products are put in order by
_END_OF_NAME = "\x1f"  # before every character of a name: "tea" comes before "tea pot"


@dataclass(frozen=True, slots=True)
class ListedProduct:
    """A product that a list shows, and how many shards to look for its stock in."""

    product_id: str
    stock_shards: int


def shop_shelves() -> tuple[str, ...]:
    return tuple(f"shop#{shard}" for shard in range(SHOP_SHARDS))


def category_shelf(category: str) -> str:
    return f"category#{category}"


def tag_shelf(tag: str) -> str:
    return f"tag#{tag}"


def paths_of(unit: str, category: str | None) -> Iterator[str]:
    """The shop's shelf, and one for each category on the path."""
    yield f"shop#{shard_of(unit)}"
    steps = category.split("/") if category else []
    for depth in range(1, len(steps) + 1):
        yield category_shelf("/".join(steps[:depth]))


def shard_of(key: str) -> int:
    return hashlib.sha256(key.encode()).digest()[0] % SHOP_SHARDS


def status_shard(status: str, shard: int) -> str:
    """Where staff find what has this status."""
    return f"{status}#{shard}"


def newest_key(created_at: datetime, unit: str) -> str:
    return f"{created_at.isoformat(timespec='microseconds')}#{unit}"


def name_key(name: str, unit: str) -> str:
    """As people look names up: without regard to case and accents."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(it for it in plain if not unicodedata.combining(it))
    return f"{letters[:NAME_KEY_MAX].strip()}{_END_OF_NAME}{unit}"


def price_shelf(shelf: str, currency: str) -> str:
    """Amounts of two currencies do not compare."""
    return f"{shelf}#{currency}"


def price_key(amount_minor: int, unit: str) -> str:
    return f"{amount_minor:013d}#{unit}"


def price_range(low: int, high: int) -> tuple[str, str]:
    """The bounds of the price keys from `low` to `high`, both included."""
    return f"{low:013d}", f"{high:013d}$"  # $ comes after #
