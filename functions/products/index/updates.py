"""What an entry's listings and postings need to become current, divided into transactions. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from products.index.catalog_entries import digest_of
from shared.storage.models.listings import Listing, Posting
from shared.storage.transactions import ACTIONS_MAX

LISTING, POSTING = "listing", "posting"
KEY_SEPARATOR = "\n"  # no key contains it

Target = tuple[str, str]  # a kind of item and its key: the partition, or the shard and posting
Change = tuple[Target, Listing | Posting | None, str]  # the item and its digest; None deletes it

_DIGESTS = 1  # the action that stores an entry's digests
_CHANGES_MAX = ACTIONS_MAX - _DIGESTS


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """What the tables hold of an entry: a digest of each of its items."""

    entry_id: str
    digests: Mapping[Target, str]
    version: int  # 0: nothing was stored yet


@dataclass(frozen=True, slots=True)
class EntryUpdate:
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
    changes = _list_changes(stored.digests, wanted)
    updates: list[EntryUpdate] = []
    for start in range(0, len(changes), _CHANGES_MAX):
        update = EntryUpdate(stored, changes[start : start + _CHANGES_MAX])
        updates.append(update)
        stored = replace(stored, digests=update.digests, version=stored.version + 1)
    return updates


def pack_updates(updates: Iterable[EntryUpdate]) -> Iterator[list[EntryUpdate]]:
    """In that order, as many together as one transaction takes.

    Two updates of one entry are never together: the first of them fills a transaction.
    """
    batch: list[EntryUpdate] = []
    actions = 0
    for update in updates:
        size = len(update.changes) + _DIGESTS
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
