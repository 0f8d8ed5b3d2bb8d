"""The derived tables: read what a unit is, and bring what is stored of it in line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from products.index.catalog_entries import GROUP_PREFIX, CatalogEntry, digest_of
from shared.errors.requests import ConcurrentModification
from shared.storage import stock
from shared.storage.dynamo import batch_get
from shared.storage.models.catalog import Product, ProductGroup
from shared.storage.models.listings import IndexedUnit, Listing, Posting
from shared.storage.transactions import ACTIONS_MAX, Transaction

_PART = "indexed"
_KEY_SEPARATOR = "\n"  # in no key of ours

_LISTING, _POSTING = "listing", "posting"

Item = TypeVar("Item")
Target = tuple[str, str]  # the kind of an item and its key: shelf, or shard and posting
Change = tuple[Target, Listing | Posting | None, str]  # its item and digest; None: take it back


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a unit: a digest of each of its items."""

    unit: str
    digests: Mapping[Target, str]
    version: int  # 0: nothing was stored yet


def stored_of(units: Sequence[str]) -> dict[str, Stored]:
    found = batch_get(*((IndexedUnit, _shelf_of(unit), _PART) for unit in units))
    return {unit: _stored(unit, item) for unit, item in zip(units, found, strict=True)}


def _stored(unit: str, item: IndexedUnit | None) -> Stored:
    if item is None:
        return Stored(unit, {}, 0)
    listings = {(_LISTING, key): digest for key, digest in item.listings_json.items()}
    postings = {(_POSTING, key): digest for key, digest in item.postings_json.items()}
    return Stored(unit, listings | postings, int(item.version))


def units_named(names: Sequence[str]) -> list[CatalogEntry]:
    """As they are now. A product that is a variant of a group is no unit: it has no variants."""
    groups = [name for name in names if name.startswith(GROUP_PREFIX)]
    members = _members_of(groups)
    alone = [name for name in names if not name.startswith(GROUP_PREFIX)]
    wanted = dict.fromkeys([*alone, *(it for variants in members.values() for it in variants)])
    found = Product.find_many(wanted)
    on_sale = {key: it for key, it in found.items() if it.status == "active"}
    held = stock.get_stocks({key: int(it.stock_shards) for key, it in on_sale.items()})
    available = {key: it.available for key, it in held.items()}
    units = [_unit(name, members[name], on_sale, available) for name in groups]
    for name in alone:
        is_variant = name in on_sale and on_sale[name].group is not None
        units.append(_unit(name, [] if is_variant else [name], on_sale, available))
    return units


def store(before: Stored, listings: Mapping[str, Listing], postings: Sequence[Posting]) -> bool:
    """Put what is new or other, take back what is no more. Whether there was anything to do.

    In as many transactions as it takes, each with what is then stored of the unit: one that is cut
    off is gone on with, and of two at once the later to have read wins. Raises ConcurrentModification.
    """
    wanted: dict[Target, Listing | Posting] = {
        **{(_LISTING, shelf): listing for shelf, listing in listings.items()},
        **{(_POSTING, _key_of(posting)): posting for posting in postings},
    }
    stored = dict(before.digests)
    version = before.version
    for batch in _batches(_changes(stored, wanted), ACTIONS_MAX - 1):
        transaction = Transaction()
        for target, item, digest in batch:
            if item is None:
                transaction.delete(_item_at(before.unit, target))
                del stored[target]
            else:
                transaction.put(item)
                stored[target] = digest
        _stage_stored(transaction, Stored(before.unit, stored, version))
        transaction.commit()
        version += 1
    return version > before.version


def _changes(
    stored: Mapping[Target, str], wanted: Mapping[Target, Listing | Posting]
) -> list[Change]:
    digests = {target: digest_of(item) for target, item in wanted.items()}
    other: list[Change] = [
        (target, wanted[target], digest)
        for target, digest in digests.items()
        if stored.get(target) != digest
    ]
    return [*other, *((target, None, "") for target in stored if target not in wanted)]


def _stage_stored(transaction: Transaction, now: Stored) -> None:
    kept: dict[str, dict[str, str]] = {_LISTING: {}, _POSTING: {}}
    for (kind, key), digest in now.digests.items():
        kept[kind][key] = digest
    transaction.put(
        IndexedUnit(
            _shelf_of(now.unit),
            _PART,
            listings_json=kept[_LISTING],
            postings_json=kept[_POSTING],
            version=now.version + 1,
        ),
        only_if=(
            IndexedUnit.version == now.version
            if now.version
            else IndexedUnit.version.does_not_exist()
        ),
        otherwise=ConcurrentModification("Another instance has indexed this."),
    )


def _item_at(unit: str, target: Target) -> Listing | Posting:
    kind, key = target
    if kind == _LISTING:
        return Listing(key, unit)
    shard, _, posting = key.partition(_KEY_SEPARATOR)
    return Posting(shard, posting)


def _key_of(posting: Posting) -> str:
    return f"{posting.shard}{_KEY_SEPARATOR}{posting.posting}"


def _shelf_of(unit: str) -> str:
    """Beside the listings, on a shelf that nobody browses."""
    return f"indexed#{unit}"


def _members_of(groups: Sequence[str]) -> dict[str, list[str]]:
    """The products of each group, by the group's unit."""
    found = batch_get(*((ProductGroup, name.removeprefix(GROUP_PREFIX)) for name in groups))
    return {
        group: [variant.product_id for variant in item.variants] if item else []
        for group, item in zip(groups, found, strict=True)
    }


def _unit(
    name: str,
    product_ids: Sequence[str],
    on_sale: Mapping[str, Product],
    available: Mapping[str, int],
) -> CatalogEntry:
    variants = [on_sale[it] for it in product_ids if it in on_sale]
    return CatalogEntry(
        name, variants, {it.product_id: available[it.product_id] for it in variants}
    )


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
