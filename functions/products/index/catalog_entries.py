"""The listings and postings of a catalog entry: a product alone, or a group of variants. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from products import listing_keys
from products.categories.tree import NO_CATEGORIES, CategoryTree
from products.index.price_steps import build_other_prices
from products.search.postings import build_postings
from shared.events.catalog import CatalogEvent, ProductArchived, ProductUpdated
from shared.records import Record
from shared.storage.models.catalog import Product
from shared.storage.models.listings import Listing, Posting

GROUP_PREFIX = "grp#"
PARTITIONS_MAX = 400  # of one entry: the digests of all its listings must fit in an item of 400 KB


class CatalogEntry(Record):
    """What lists show once: its variants on sale, with the units of each that can be ordered.

    An entry without variants is not listed.
    """

    entry_id: str
    variants: Sequence[Product]
    available: Mapping[str, int]
    tree: CategoryTree = NO_CATEGORIES  # which categories list the products of another

    @property
    def categories(self) -> set[str]:
        """The paths of its variants' own categories."""
        return {variant.category for variant in self.variants if variant.category}


def group_entry_id(group: str) -> str:
    return f"{GROUP_PREFIX}{group}"


def entries_affected_by(event: CatalogEvent) -> set[str]:
    """The ids of the entries that the index may have to update.

    A variant is no entry, but the product's own id is among them: it may have been one before.
    """
    groups = {event.data.group}
    if isinstance(event, ProductUpdated | ProductArchived):
        groups.add(event.data.previous_group)
    return {event.data.product_id} | {group_entry_id(group) for group in groups if group}


def build_listings(entry: CatalogEntry) -> dict[str, Listing]:
    """The entry's listings by partition.

    The shop and the categories of its variants show the cheapest variant in stock. So the entry has
    the same position in each, and a list of several categories shows it once. A tag shows the
    cheapest in stock of the variants with that tag. Each other price of the entry in a list is in a
    partition of its own, for price ranges; those of the last lists are left out above the limit.
    """
    by_tag: dict[str, list[Product]] = {}
    for variant in entry.variants:
        for tag in map(str, variant.tags):
            by_tag.setdefault(listing_keys.tag_partition(tag), []).append(variant)
    variants_by_partition: dict[str, Sequence[Product]] = {
        partition: entry.variants
        for variant in entry.variants
        for partition in listing_keys.partitions_of(
            entry.entry_id, entry.tree.ancestors_of(variant.category) if variant.category else ()
        )
    }
    variants_by_partition |= by_tag
    first = dict(list(variants_by_partition.items())[:PARTITIONS_MAX])
    listings = {
        partition: _build_listing(entry, partition, variants)
        for partition, variants in first.items()
    }
    others = (
        listing
        for partition, variants in first.items()
        for listing in build_other_prices(listings[partition], variants, entry.available)
    )
    room = PARTITIONS_MAX - len(listings)
    return listings | {listing.partition: listing for listing in islice(list(others), room)}


def build_entry_postings(entry: CatalogEntry) -> list[Posting]:
    if not entry.variants:
        return []
    listed = _choose_listed(entry, entry.variants)
    return build_postings(entry.entry_id, entry.variants, listed)


def digest_of(item: Listing | Posting) -> str:
    """Differs if any attribute of the item differs."""
    content = json.dumps(item.to_dynamodb_dict(), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _build_listing(entry: CatalogEntry, partition: str, variants: Sequence[Product]) -> Listing:
    listed = _choose_listed(entry, variants)
    created_at = min(variant.created_at for variant in entry.variants)
    price_partition = listing_keys.price_partition(partition, listed.currency)
    is_stocked = entry.available[listed.product_id] > 0
    return Listing(
        partition,
        entry.entry_id,
        product_id=listed.product_id,
        stock_shards=listed.stock_shards,
        newest_key=listing_keys.newest_key(created_at, entry.entry_id),
        name_key=listing_keys.name_key(listed.name, entry.entry_id),
        price_key=listing_keys.price_key(int(listed.price_minor), entry.entry_id),
        price_partition=price_partition,
        stocked_partition=partition if is_stocked else None,
        stocked_price_partition=price_partition if is_stocked else None,
    )


def _choose_listed(entry: CatalogEntry, variants: Iterable[Product]) -> Product:
    """The cheapest in stock; the cheapest of all where none is in stock."""
    return min(
        variants,
        key=lambda variant: (
            entry.available[variant.product_id] == 0,
            variant.price_minor,
            variant.created_at,
            variant.product_id,
        ),
    )
