"""The derived tables: reads catalog entries, and stores the listings and postings of each."""

from collections.abc import Mapping, Sequence

from products.categories.counts import stage_counts
from products.index.catalog_entries import GROUP_PREFIX, CatalogEntry
from products.index.updates import (
    LISTING,
    POSTING,
    EntryUpdate,
    StoredEntry,
    Target,
    count_changes,
    item_at,
)
from shared.errors.requests import ConcurrentModification
from shared.storage import stock
from shared.storage.dynamo import batch_get
from shared.storage.models.catalog import Product, ProductGroup
from shared.storage.models.listings import IndexedEntry
from shared.storage.transactions import Transaction

_SORT_KEY = "indexed"


def get_stored_entries(entry_ids: Sequence[str]) -> dict[str, StoredEntry]:
    keys = [(IndexedEntry, _partition_of(entry_id), _SORT_KEY) for entry_id in entry_ids]
    found = zip(entry_ids, batch_get(*keys), strict=True)
    return {entry_id: _from_item(entry_id, item) for entry_id, item in found}


def _from_item(entry_id: str, item: IndexedEntry | None) -> StoredEntry:
    if item is None:
        return StoredEntry(entry_id, {}, 0)
    listings = {(LISTING, key): digest for key, digest in item.listings_json.items()}
    postings = {(POSTING, key): digest for key, digest in item.postings_json.items()}
    return StoredEntry(entry_id, listings | postings, int(item.version))


def get_catalog_entries(entry_ids: Sequence[str]) -> list[CatalogEntry]:
    """The current entries. A product that is a variant gives an entry without variants."""
    group_ids = [entry_id for entry_id in entry_ids if entry_id.startswith(GROUP_PREFIX)]
    product_ids = [entry_id for entry_id in entry_ids if not entry_id.startswith(GROUP_PREFIX)]
    members = _list_members(group_ids)
    found = Product.find_many([*product_ids, *(key for keys in members.values() for key in keys)])
    on_sale = {key: product for key, product in found.items() if product.status == "active"}
    stocks = stock.get_stocks({key: int(product.stock_shards) for key, product in on_sale.items()})
    available = {key: product.orderable(stocks[key].available) for key, product in on_sale.items()}
    for product_id in product_ids:
        is_variant = product_id in on_sale and on_sale[product_id].group is not None
        members[product_id] = [] if is_variant else [product_id]
    return [
        _build_entry(entry_id, members[entry_id], on_sale, available)
        for entry_id in (*group_ids, *product_ids)
    ]


def store_updates(updates: Sequence[EntryUpdate]) -> None:
    """Store these updates of different entries in one transaction, with the digests after each.

    So of two updates of an entry at once, the one that has read later wins. Raises
    ConcurrentModification, and then nothing is stored of any of the entries.
    """
    transaction = Transaction()
    for update in updates:
        _stage_changes(transaction, update)
        _stage_digests(transaction, update.stored, update.digests)
    stage_counts(transaction, count_changes(updates))
    transaction.commit()


def _stage_changes(transaction: Transaction, update: EntryUpdate) -> None:
    for target, item, _ in update.changes:
        if item is None:
            transaction.delete(item_at(update.entry_id, target))
        elif target in update.stored.digests:
            transaction.upsert(item)
        else:
            transaction.put(item)


def _stage_digests(
    transaction: Transaction, before: StoredEntry, after: Mapping[Target, str]
) -> None:
    digests: dict[str, dict[str, str]] = {LISTING: {}, POSTING: {}}
    for (kind, key), digest in after.items():
        digests[kind][key] = digest
    transaction.upsert(
        IndexedEntry(
            _partition_of(before.entry_id),
            _SORT_KEY,
            listings_json=digests[LISTING],
            postings_json=digests[POSTING],
            version=before.version + 1,
        ),
        only_if=(
            IndexedEntry.version == before.version
            if before.version
            else IndexedEntry.version.does_not_exist()
        ),
        otherwise=ConcurrentModification("Another instance has indexed this entry."),
    )


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
