"""What Listings and Search must hold of a unit: a product, or a group of variants. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from products import listing_keys
from products.search.words import postings_of
from shared.events.all_events import CatalogEvent
from shared.events.catalog import ProductArchived, ProductUpdated
from shared.storage.models.catalog import Product
from shared.storage.models.listings import Listing, Posting

GROUP_PREFIX = "grp#"
SHELVES_MAX = 400  # of a group: what is stored of a unit must fit in an item


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """What a shelf has one of: its variants that are on sale, with what there is of each."""

    name: str
    variants: Sequence[Product]
    available: Mapping[str, int]


def unit_of_group(group: str) -> str:
    return f"{GROUP_PREFIX}{group}"


def touched_by(happened: CatalogEvent) -> set[str]:
    """The units that may have to be indexed anew. A product in a group is no unit of its own, but
    it may have been.
    """
    groups = {happened.data.group}
    if isinstance(happened, ProductUpdated | ProductArchived):
        groups.add(happened.data.previous_group)
    return {happened.data.product_id} | {unit_of_group(group) for group in groups if group}


def listings_of(unit: CatalogEntry) -> dict[str, Listing]:
    """By shelf. The shop and the categories of its variants show the cheapest of all that can be
    had: so a unit has the same place on each, and a list of several categories shows it once. A tag
    shows the cheapest of those that have it.
    """
    tagged: dict[str, list[Product]] = {}
    for variant in unit.variants:
        for tag in map(str, variant.tags):
            tagged.setdefault(listing_keys.tag_shelf(tag), []).append(variant)
    standing: dict[str, Sequence[Product]] = {
        shelf: unit.variants
        for variant in unit.variants
        for shelf in listing_keys.paths_of(unit.name, variant.category)
    }
    standing |= tagged
    first = list(standing.items())[:SHELVES_MAX]
    return {shelf: _listing(unit, shelf, variants) for shelf, variants in first}


def postings_for(unit: CatalogEntry) -> list[Posting]:
    if not unit.variants:
        return []
    return postings_of(unit.name, unit.variants, _shown(unit, unit.variants))


def digest_of(item: Listing | Posting) -> str:
    """Another one if anything of the item is another."""
    content = json.dumps(item.to_dynamodb_dict(), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _listing(unit: CatalogEntry, shelf: str, variants: Sequence[Product]) -> Listing:
    shown = _shown(unit, variants)
    price_shelf = listing_keys.price_shelf(shelf, shown.currency)
    is_stocked = unit.available[shown.product_id] > 0
    return Listing(
        shelf,
        unit.name,
        product_id=shown.product_id,
        stock_shards=shown.stock_shards,
        newest_key=listing_keys.newest_key(min(it.created_at for it in unit.variants), unit.name),
        name_key=listing_keys.name_key(shown.name, unit.name),
        price_key=listing_keys.price_key(int(shown.price_minor), unit.name),
        price_shelf=price_shelf,
        stocked_shelf=shelf if is_stocked else None,
        stocked_price_shelf=price_shelf if is_stocked else None,
    )


def _shown(unit: CatalogEntry, variants: Iterable[Product]) -> Product:
    return min(
        variants,
        key=lambda it: (
            unit.available[it.product_id] == 0,
            it.price_minor,
            it.created_at,
            it.product_id,
        ),
    )
