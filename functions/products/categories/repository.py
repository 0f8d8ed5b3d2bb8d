"""The stored tree of categories, and the counts of what is on sale in each."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from products.categories.tree import NO_CATEGORIES, CategoryTree
from products.listing_keys import category_partition
from shared.events.catalog import CategoryEvent
from shared.records import Record
from shared.storage import outbox
from shared.storage.models.categories import (
    CATEGORIES,
    COUNTS,
    ORDER,
    THE_ORDER,
    Category,
    CategoryCount,
    CategoryOrder,
)
from shared.storage.models.listings import Listing
from shared.storage.transactions import ACTIONS_MAX, Transaction

ADDED_MAX = ACTIONS_MAX - 1  # categories in one transaction, beside the order


class TreeChanged(Exception):
    """Somebody else has changed the tree of categories since it was read."""


def get_tree(known: CategoryTree = NO_CATEGORIES) -> CategoryTree:
    """The current tree: one GetItem if it is the `known` one, and else a Query, too."""
    order = CategoryOrder.find(ORDER, THE_ORDER, consistent=True)
    if order is None:
        return NO_CATEGORIES
    if order.version == known.version:
        return known
    # Read after the order: a change in between makes the next change of this tree fail.
    stored = Category.query(CATEGORIES, consistent_read=True)
    return CategoryTree.from_stored(
        order.ids_json, stored, version=int(order.version), moves=int(order.moves)
    )


def count_moves() -> int:
    """How often a category was moved or deleted so far. One GetItem."""
    order = CategoryOrder.find(ORDER, THE_ORDER, consistent=True)
    return int(order.moves) if order else 0


def store_tree(
    before: CategoryTree, after: CategoryTree, events: Sequence[CategoryEvent] = ()
) -> CategoryTree:
    """Store what differs, and return the tree that is stored. Raises TreeChanged."""
    after = after.replace(
        version=before.version + 1, moves=before.moves + after.is_moved_since(before)
    )
    transaction = Transaction()
    transaction.upsert(
        CategoryOrder(ids_json=after.ids, moves=after.moves, version=after.version),
        only_if=(
            CategoryOrder.version == before.version
            if before.version
            else CategoryOrder.version.does_not_exist()
        ),
        otherwise=TreeChanged(),
    )
    for path, category in after.categories.items():
        stored = before.categories.get(path)
        if stored is None:
            transaction.put(category)
        elif changes := category.changes_since(stored.serialize()):
            transaction.update(category, changes)
    for path in before.categories.keys() - after.categories.keys():
        transaction.delete(Category(path=path))
    outbox.stage_events(transaction, events)
    transaction.commit()
    return after


def add_missing(tree: CategoryTree, paths: Iterable[str], now: datetime) -> CategoryTree:
    """The tree with a category for each path. What is there already is not written.

    Raises TreeChanged. Some of the categories may be stored then.
    """
    wanted = tree.with_missing(paths, now)
    added = [path for path in wanted.categories if path not in tree.categories]
    for start in range(0, len(added), ADDED_MAX):
        left_out = set(added[start + ADDED_MAX :])
        kept = {path: each for path, each in wanted.categories.items() if path not in left_out}
        tree = store_tree(tree, wanted.replace(categories=kept))
    return tree


def list_counts() -> dict[str, int]:
    """Entries on sale in each category or below it, by path. One Query."""
    counts: Counter[str] = Counter()
    for shard in CategoryCount.query(COUNTS):
        counts[shard.path.partition("#")[0]] += int(shard.entries)
    return counts


def is_empty(path: str) -> bool:
    """Whether no entry is listed in this category or below it."""
    found = Listing.query(
        category_partition(path), consistent_read=True, limit=1, attributes_to_get=["entry_id"]
    )
    return next(iter(found), None) is None


class EntryPage(Record):
    entry_ids: list[str]
    after: str | None  # pass it to get the next page


def list_entry_ids(path: str, after: str | None, *, limit: int) -> EntryPage:
    """The entries that are listed in this category or below it."""
    partition = category_partition(path)
    start = {"partition": {"S": partition}, "entry_id": {"S": after}} if after else None
    found = Listing.query(
        partition,
        consistent_read=True,
        limit=limit,
        page_size=limit,
        last_evaluated_key=start,
        attributes_to_get=["entry_id"],
    )
    entry_ids = [listing.entry_id for listing in found]
    has_more = found.last_evaluated_key is not None
    return EntryPage(entry_ids, entry_ids[-1] if has_more and entry_ids else None)
