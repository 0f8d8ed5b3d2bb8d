"""Compares the counts of categories with what is listed in each, and recounts where they differ.

The index worker changes a count in the transaction that stores the listings. So they differ only
after a restored backup, or for listings that a release before the counts has stored.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from local.targets import Target, scan_items

READS_MAX = 3
PAUSE_SECONDS = 2  # between two reads, so that requests that are under way can finish


@dataclass(frozen=True)
class WrongCount:
    path: str
    counted: int
    listed: int

    def __str__(self) -> str:
        return f"category {self.path}: {self.difference}"

    @property
    def difference(self) -> str:
        return f"counted {self.counted}, recomputed {self.listed}"


class CountChanged(Exception):
    """The count is not as it was read."""


def list_wrong_counts(shop: Target) -> list[WrongCount]:
    """Scans two tables. Names what differs in every read, because the shop keeps indexing."""
    wrong = _read(shop)
    for _ in range(READS_MAX - 1):
        if not wrong:
            break
        time.sleep(PAUSE_SECONDS)
        again = _read(shop)
        wrong = {path: again[path] for path in wrong if path in again}
    return [wrong[path] for path in sorted(wrong)]


def _read(shop: Target) -> dict[str, WrongCount]:
    """The number of listings must lie between the counts before and after."""
    before, listed, after = _read_counts(shop), _count_listings(shop), _read_counts(shop)
    return {
        path: WrongCount(path, after[path], listed[path])
        for path in before | listed | after
        if not min(before[path], after[path]) <= listed[path] <= max(before[path], after[path])
    }


def _read_counts(shop: Target) -> Counter[str]:
    counts: Counter[str] = Counter()
    for item in scan_items(shop, "CategoriesTable", "partition", "path", "entries"):
        if "entries" in item:
            counts[item["path"]["S"].partition("#")[0]] += int(item["entries"]["N"])
    return counts


def _count_listings(shop: Target) -> Counter[str]:
    partitions = (
        item["partition"]["S"].partition("#")
        for item in scan_items(shop, "ListingsTable", "partition")
    )
    return Counter(path for kind, _, path in partitions if kind == "category")


def list_recounts(wrong: list[WrongCount]) -> Iterator[tuple[str, Callable[[], None]]]:
    """Each wrong count as a line, and what stores the right one. That raises CountChanged."""
    for each in wrong:
        yield str(each), lambda path=each.path: recount(path)  # type: ignore[misc]


def recount(path: str) -> None:
    """Count the listings, and store their number. Raises CountChanged if it is outdated by then."""
    # Imported here because they read the environment.
    from products.categories.counts import COUNT_SHARDS, count_key  # noqa: PLC0415
    from products.listing_keys import category_partition  # noqa: PLC0415
    from shared.storage.dynamo import batch_get  # noqa: PLC0415
    from shared.storage.models.categories import COUNTS, CategoryCount  # noqa: PLC0415
    from shared.storage.models.listings import Listing  # noqa: PLC0415
    from shared.storage.transactions import Transaction  # noqa: PLC0415

    keys = [count_key(path, shard) for shard in range(COUNT_SHARDS)]
    shards = batch_get(*((CategoryCount, COUNTS, key) for key in keys))
    listed = Listing.count(category_partition(path), consistent_read=True)
    transaction = Transaction()
    for number, (key, shard) in enumerate(zip(keys, shards, strict=True)):
        is_as_read = (
            CategoryCount.entries == shard.entries
            if shard
            else CategoryCount.entries.does_not_exist()
        )
        transaction.update(
            CategoryCount(path=key),
            [CategoryCount.entries.set(0 if number else listed)],
            only_if=is_as_read,
            otherwise=CountChanged("it has just changed. Repair again"),
        )
    transaction.commit()
