"""The catalog items and the groups that they are variants in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from products import listing_keys, variants
from products.index_queries import Found, merge_pages, prepare_query
from products.listing_keys import ListedProduct
from shared.errors.catalog import CurrencyInUse, ProductNotFound, SkuTaken
from shared.errors.requests import StaleVersion
from shared.events.all_events import CatalogEvent
from shared.http.etags import stale_version
from shared.storage import cursors, outbox, stock
from shared.storage.dynamo import batch_get
from shared.storage.models.catalog import Product, ProductGroup, Stock
from shared.storage.stock import SHARDS_MAX, StockChanged, StockSnapshot
from shared.storage.transactions import Condition, Otherwise, Transaction


class GroupChanged(Exception):
    """Another variant of the group was written meanwhile: look again at what is in it."""


@dataclass(frozen=True, slots=True)
class Known:
    """A product with its stock and, where that was asked for, the group that it is a variant in."""

    product: Product
    held: StockSnapshot
    group: ProductGroup | None = None


@dataclass(frozen=True, slots=True)
class StatusPage:
    known: list[Known]
    next_cursor: str | None


def find(product_id: str) -> Product:
    """As it is now. Raises ProductNotFound."""
    product = Product.find(product_id, consistent=True)
    if product is None:
        raise ProductNotFound("There is no such product.")
    return product


def with_stock(product: Product) -> Known:
    """One BatchGetItem."""
    product_id = product.product_id
    shards = {product_id: int(product.stock_shards)}
    wanted: list[tuple[type[Stock | ProductGroup], str]] = [
        (Stock, key) for key in stock.shard_keys(shards)
    ]
    if product.group:
        wanted.append((ProductGroup, product.group))
    found = batch_get(*wanted)
    held = stock.snapshots_from(shards, [item for item in found if isinstance(item, Stock)])
    group = next((item for item in found if isinstance(item, ProductGroup)), None)
    return Known(product, held[product_id], group)


def read_shown(shown: Sequence[ListedProduct]) -> list[tuple[Product, int]]:
    """Those products that are still on sale, in that order, with what is available of each.

    One BatchGetItem for each 100 items: of twenty products, one. One more where the stock of some
    was split anew since they were listed.
    """
    shards = {it.product_id: it.stock_shards for it in shown}
    keys = [(Product, it) for it in shards] + [(Stock, it) for it in stock.shard_keys(shards)]
    found = batch_get(*keys)
    held = stock.snapshots_from(shards, [item for item in found if isinstance(item, Stock)])
    products = {
        it.product_id: it for it in found if isinstance(it, Product) and it.status == "active"
    }
    split_anew = {
        key: int(it.stock_shards) for key, it in products.items() if it.stock_shards != shards[key]
    }
    held |= stock.get_stocks(split_anew)
    return [(products[key], held[key].available) for key in shards if key in products]


def with_status(status: str, *, limit: int, cursor: str | None, owner: str) -> StatusPage:
    """All products of that status, each variant by itself, newest first: for staff.

    Raises InvalidCursor.
    """
    query = f"products with status {status}"
    at = cursors.decode(cursor, query=query, owner=owner)
    page, has_more = merge_pages(
        [_of_shard(status, shard, at, limit) for shard in range(listing_keys.SHOP_SHARDS)],
        key=lambda it: str(it.listed_at),
        ascending=False,
        limit=limit,
    )
    last = page[-1] if has_more else None
    place = last and {"listed_at": last.listed_at, "product_id": last.product_id}
    next_cursor = cursors.encode(place or None, query=query, owner=owner)
    return StatusPage(read_known([it.product_id for it in page]), next_cursor)


def _of_shard(
    status: str, shard: int, at: cursors.Position | None, limit: int
) -> Callable[[], Found[Product]]:
    name = listing_keys.status_shard(status, shard)
    after = at and {"status_shard": name, **at}
    return prepare_query(
        Product.by_status.query, name, None, after=after, ascending=False, limit=limit
    )


def file_under_status(product: Product) -> None:
    """Give a product the keys that staff's index looks for."""
    shard = listing_keys.shard_of(product.product_id)
    product.status_shard = listing_keys.status_shard(product.status, shard)
    product.listed_at = listing_keys.newest_key(product.created_at, product.product_id)


def read_known(product_ids: Sequence[str]) -> list[Known]:
    """Those products, whatever their status, in that order, with their stock; without groups."""
    products = Product.find_many(product_ids)
    held = stock.get_stocks({key: int(it.stock_shards) for key, it in products.items()})
    return [Known(products[key], held[key]) for key in product_ids if key in products]


def add(product: Product, created: CatalogEvent) -> ProductGroup | None:
    """The group that it is in then. Raises SkuTaken, OptionsTaken, GroupFull and GroupChanged."""
    transaction = Transaction()  # its token tells a lost reply from a SKU that is taken
    taken = SkuTaken("There is a product with this SKU.", sku=product.sku)
    stage_write(transaction, None, product, otherwise=taken)
    group = _stage_membership(transaction, None, product)
    outbox.stage_event(transaction, created)
    transaction.commit()
    return group


def change(before: Product, after: Product, told: CatalogEvent) -> None:
    """Raises StaleVersion when it is not `before` any more, and what `add` raises of groups.

    And CurrencyInUse, or StockChanged when something was sold while the stock was split anew.
    """
    transaction = Transaction()
    stage_write(transaction, before, after, otherwise=_stale)
    _stage_membership(transaction, before, after)
    _stage_stock(transaction, before, after)
    outbox.stage_event(transaction, told)
    transaction.commit()


def stage_write(
    transaction: Transaction, before: Product | None, after: Product, *, otherwise: Otherwise
) -> None:
    """The product that is new, or that nobody has changed since `before`."""
    as_read: Condition = (
        Product.version == before.version if before else Product.product_id.does_not_exist()
    )
    transaction.put(after, only_if=as_read, otherwise=otherwise)


def _stale(found: Product | None) -> StaleVersion:
    return stale_version(found.version if found else 0)


def _stage_stock(transaction: Transaction, before: Product, after: Product) -> None:
    splits_anew = before.stock_shards != after.stock_shards
    changes_currency = before.currency != after.currency
    if not splits_anew and not changes_currency:
        return
    # When splitting anew, all that there may ever have been: nothing stays in one out of sight.
    shards = SHARDS_MAX if splits_anew else int(before.stock_shards)
    held = stock.get_stocks({before.product_id: shards})[before.product_id]
    if changes_currency and held.allocated:
        raise currency_in_use(before)
    currency = after.currency if changes_currency else None
    if splits_anew and held.version:
        stock.stage_stock_set(  # as it was read: so nothing has come on order either
            transaction,
            held,
            held.available,
            int(after.stock_shards),
            otherwise=StockChanged(),
            currency=currency,
        )
    elif changes_currency:
        stock.stage_change(
            transaction,
            held,
            {},
            otherwise=StockChanged(),  # as it was read: so nothing has come on order either
            demanded=stock.unchanged,
            currency=currency,
        )


def currency_in_use(product: Product) -> CurrencyInUse:
    return CurrencyInUse(
        f"Orders in {product.currency} are open for this product; its currency can change once "
        "they are closed.",
        currency=product.currency,
        product_id=product.product_id,
    )


def _stage_membership(
    transaction: Transaction, before: Product | None, after: Product
) -> ProductGroup | None:
    """Keep the groups in step: the one it has left, and the one it is in, which is returned."""
    left = before.group if before and before.group != after.group else None
    joined = after.group if before is None or _looks_other_in_group(before, after) else None
    found = {name: ProductGroup.find(name, consistent=True) for name in (left, joined) if name}
    if left and (group := found[left]):
        _stage_group(transaction, group, variants.without_member(group, after))
    if not joined:
        return None
    group = variants.with_member(found[joined], after)
    _stage_group(transaction, found[joined], group)
    return group


def _looks_other_in_group(before: Product, after: Product) -> bool:
    """Whether what a group holds of its variants is another now."""
    fields = ("group", "options_json", "status", "currency")
    return any(getattr(before, it) != getattr(after, it) for it in fields)


def _stage_group(
    transaction: Transaction, before: ProductGroup | None, after: ProductGroup
) -> None:
    as_read: Condition = (
        ProductGroup.version == before.version if before else ProductGroup.group.does_not_exist()
    )
    transaction.put(after, only_if=as_read, otherwise=GroupChanged())
