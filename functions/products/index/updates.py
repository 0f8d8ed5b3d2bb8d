"""What an entry's listings and postings need to become current, divided into transactions. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from products.index.catalog_entries import digest_of
from products.listing_keys import category_of
from shared.records import Record
from shared.storage.models.listings import Listing, Posting
from shared.storage.transactions import ACTIONS_MAX

LISTING, POSTING = "listing", "posting"
KEY_SEPARATOR = "\n"  # no key contains it

Target = tuple[str, str]  # a kind of item and its key: the partition, or the shard and posting
Change = tuple[Target, Listing | Posting | None, str]  # the item and its digest; None deletes it

_DIGESTS = 1  # the action that stores an entry's digests


class StoredEntry(Record):
    """What the tables hold of an entry: a digest of each of its items."""

    entry_id: str
    digests: Mapping[Target, str]
    version: int  # 0: nothing was stored yet


class EntryUpdate(Record):
    """The changes that one transaction makes to what is stored of an entry."""

    stored: StoredEntry
    changes: Sequence[Change]

    @property
    def entry_id(self) -> str:
        return self.stored.entry_id

    @property
    def digests(self) -> dict[Target, str]:
        """What is stored after it."""
        digests = dict(self.stored.digests)
        for target, item, digest in self.changes:
            if item is None:
                del digests[target]
            else:
                digests[target] = digest
        return digests

    @property
    def actions(self) -> int:
        """How many actions of a transaction it takes."""
        return _DIGESTS + sum(_actions_of(self.stored, change) for change in self.changes)


def count_changes(updates: Iterable[EntryUpdate]) -> dict[str, int]:
    """By how much these updates change the number of entries in each category, by path."""
    counts: Counter[str] = Counter()
    for update in updates:
        for target, item, _ in update.changes:
            if category := _category_joined_or_left(update.stored, target, item):
                counts[category] += -1 if item is None else 1
    return counts


def plan_updates(
    stored: StoredEntry, listings: Mapping[str, Listing], postings: Sequence[Posting]
) -> list[EntryUpdate]:
    """Put the items that are new or changed, and delete the others. Empty if nothing changed.

    As many updates as the changes need: each fits in a transaction, and begins with what the one
    before it has stored. So a later plan completes one that was interrupted.
    """
    wanted: dict[Target, Listing | Posting] = {
        **{(LISTING, partition): listing for partition, listing in listings.items()},
        **{(POSTING, _key_of(posting)): posting for posting in postings},
    }
    updates: list[EntryUpdate] = []
    for changes in _divide(stored, _list_changes(stored.digests, wanted)):
        update = EntryUpdate(stored, changes)
        updates.append(update)
        stored = stored.replace(digests=update.digests, version=stored.version + 1)
    return updates


def pack_updates(updates: Iterable[EntryUpdate]) -> Iterator[list[EntryUpdate]]:
    """In that order, as many together as one transaction takes.

    Two updates of one entry are never together: the first of them fills a transaction.
    """
    batch: list[EntryUpdate] = []
    actions = 0
    for update in updates:
        size = update.actions
        if actions + size > ACTIONS_MAX:
            yield batch
            batch, actions = [], 0
        batch.append(update)
        actions += size
    if batch:
        yield batch


def item_at(entry_id: str, target: Target) -> Listing | Posting:
    """An item with the key of this target, to delete it by."""
    kind, key = target
    if kind == LISTING:
        return Listing(key, entry_id)
    shard, _, posting = key.partition(KEY_SEPARATOR)
    return Posting(shard, posting)


def _key_of(posting: Posting) -> str:
    return f"{posting.shard}{KEY_SEPARATOR}{posting.posting}"


def _list_changes(
    stored: Mapping[Target, str], wanted: Mapping[Target, Listing | Posting]
) -> list[Change]:
    digests = {target: digest_of(item) for target, item in wanted.items()}
    puts: list[Change] = [
        (target, wanted[target], digest)
        for target, digest in digests.items()
        if stored.get(target) != digest
    ]
    return [*puts, *((target, None, "") for target in stored if target not in wanted)]


def _divide(stored: StoredEntry, changes: Iterable[Change]) -> Iterator[list[Change]]:
    """As many changes together as one transaction takes."""
    batch: list[Change] = []
    room = ACTIONS_MAX - _DIGESTS
    for change in changes:
        size = _actions_of(stored, change)
        if size > room:
            yield batch
            batch, room = [], ACTIONS_MAX - _DIGESTS
        batch.append(change)
        room -= size
    if batch:
        yield batch


def _actions_of(stored: StoredEntry, change: Change) -> int:
    """One, and another one for the count of a category."""
    target, item, _ = change
    return 1 if _category_joined_or_left(stored, target, item) is None else 2


def _category_joined_or_left(
    stored: StoredEntry, target: Target, item: Listing | Posting | None
) -> str | None:
    """The category that lists the entry from now on, or no longer."""
    kind, key = target
    is_stored, is_wanted = target in stored.digests, item is not None
    return category_of(key) if kind == LISTING and is_stored != is_wanted else None
