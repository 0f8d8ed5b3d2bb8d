"""The derived tables: reads catalog entries, and stores the listings and postings of each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from products.index.catalog_entries import GROUP_PREFIX, CatalogEntry, digest_of
from shared.errors.requests import ConcurrentModification
from shared.records import Record
from shared.storage import stock
from shared.storage.dynamo import batch_get
from shared.storage.models.catalog import Product, ProductGroup
from shared.storage.models.listings import IndexedEntry, Listing, Posting
from shared.storage.transactions import ACTIONS_MAX, Transaction

_SORT_KEY = "indexed"
_KEY_SEPARATOR = "\n"  # no key contains it

_LISTING, _POSTING = "listing", "posting"

Item = TypeVar("Item")
Target = tuple[str, str]  # a kind of item and its key: the partition, or the shard and posting
Change = tuple[Target, Listing | Posting | None, str]  # the item and its digest; None deletes it


class StoredEntry(Record):
    """What the tables hold of an entry: a digest of each of its items."""

    entry_id: str
    digests: Mapping[Target, str]
    version: int  # 0: nothing was stored yet


def get_stored_entries(entry_ids: Sequence[str]) -> dict[str, StoredEntry]:
    keys = [(IndexedEntry, _partition_of(entry_id), _SORT_KEY) for entry_id in entry_ids]
    found = zip(entry_ids, batch_get(*keys), strict=True)
    return {entry_id: _from_item(entry_id, item) for entry_id, item in found}


def _from_item(entry_id: str, item: IndexedEntry | None) -> StoredEntry:
    if item is None:
        return StoredEntry(entry_id, {}, 0)
    listings = {(_LISTING, key): digest for key, digest in item.listings_json.items()}
    postings = {(_POSTING, key): digest for key, digest in item.postings_json.items()}
    return StoredEntry(entry_id, listings | postings, int(item.version))


def get_catalog_entries(entry_ids: Sequence[str]) -> list[CatalogEntry]:
    """The current entries. A product that is a variant gives an entry without variants."""
    group_ids = [entry_id for entry_id in entry_ids if entry_id.startswith(GROUP_PREFIX)]
    product_ids = [entry_id for entry_id in entry_ids if not entry_id.startswith(GROUP_PREFIX)]
    members = _list_members(group_ids)
    found = Product.find_many([*product_ids, *(key for keys in members.values() for key in keys)])
    on_sale = {key: product for key, product in found.items() if product.status == "active"}
    stocks = stock.get_stocks({key: int(product.stock_shards) for key, product in on_sale.items()})
    available = {key: snapshot.available for key, snapshot in stocks.items()}
    for product_id in product_ids:
        is_variant = product_id in on_sale and on_sale[product_id].group is not None
        members[product_id] = [] if is_variant else [product_id]
    return [
        _build_entry(entry_id, members[entry_id], on_sale, available)
        for entry_id in (*group_ids, *product_ids)
    ]


def update_entry(
    before: StoredEntry, listings: Mapping[str, Listing], postings: Sequence[Posting]
) -> bool:
    """Write the items that are new or changed, delete the others. Returns whether any was.

    Takes as many transactions as the changes need, each together with the digests of what is
    stored after it. So a later call completes an interrupted one, and of two calls at once the one
    that has read later wins. Raises ConcurrentModification.
    """
    wanted: dict[Target, Listing | Posting] = {
        **{(_LISTING, partition): listing for partition, listing in listings.items()},
        **{(_POSTING, _key_of(posting)): posting for posting in postings},
    }
    digests = dict(before.digests)
    version = before.version
    for batch in _batches(_list_changes(digests, wanted), ACTIONS_MAX - 1):
        transaction = Transaction()
        for target, item, digest in batch:
            if item is None:
                transaction.delete(_item_at(before.entry_id, target))
                del digests[target]
            else:
                stage_item = transaction.upsert if target in digests else transaction.put
                stage_item(item)
                digests[target] = digest
        _stage_digests(transaction, StoredEntry(before.entry_id, digests, version))
        transaction.commit()
        version += 1
    return version > before.version


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


def _stage_digests(transaction: Transaction, entry: StoredEntry) -> None:
    digests: dict[str, dict[str, str]] = {_LISTING: {}, _POSTING: {}}
    for (kind, key), digest in entry.digests.items():
        digests[kind][key] = digest
    transaction.upsert(
        IndexedEntry(
            _partition_of(entry.entry_id),
            _SORT_KEY,
            listings_json=digests[_LISTING],
            postings_json=digests[_POSTING],
            version=entry.version + 1,
        ),
        only_if=(
            IndexedEntry.version == entry.version
            if entry.version
            else IndexedEntry.version.does_not_exist()
        ),
        otherwise=ConcurrentModification("Another instance has indexed this entry."),
    )


def _item_at(entry_id: str, target: Target) -> Listing | Posting:
    kind, key = target
    if kind == _LISTING:
        return Listing(key, entry_id)
    shard, _, posting = key.partition(_KEY_SEPARATOR)
    return Posting(shard, posting)


def _key_of(posting: Posting) -> str:
    return f"{posting.shard}{_KEY_SEPARATOR}{posting.posting}"


def _partition_of(entry_id: str) -> str:
    """In the table of the listings, but no list that a client can ask for."""
    return f"indexed#{entry_id}"


def _list_members(group_ids: Sequence[str]) -> dict[str, list[str]]:
    """The product ids of each group's variants, by the group's entry id."""
    names = [entry_id.removeprefix(GROUP_PREFIX) for entry_id in group_ids]
    found = batch_get(*((ProductGroup, name) for name in names))
    return {
        entry_id: [variant.product_id for variant in group.variants] if group else []
        for entry_id, group in zip(group_ids, found, strict=True)
    }


def _build_entry(
    entry_id: str,
    product_ids: Sequence[str],
    on_sale: Mapping[str, Product],
    available: Mapping[str, int],
) -> CatalogEntry:
    variants = [on_sale[product_id] for product_id in product_ids if product_id in on_sale]
    units = {variant.product_id: available[variant.product_id] for variant in variants}
    return CatalogEntry(entry_id, variants, units)


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
