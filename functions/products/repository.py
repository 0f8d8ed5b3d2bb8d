"""The catalog items and the groups of which they are variants."""

from collections.abc import Callable, Iterator, Sequence

from products import identifiers, listing_keys
from products.groups.repository import GroupChanged, GroupChanges
from products.index_queries import QueryPage, merge_pages, prepare_query
from products.listing_keys import ListedProduct
from products.product_edits import changed_backorders_max, require_currency_unused
from shared.errors.catalog import ProductNotFound, SkuTaken
from shared.errors.requests import StaleVersion
from shared.events.catalog import CatalogEvent
from shared.http.etags import stale_version
from shared.records import Record
from shared.storage import cursors, outbox, stock
from shared.storage.dynamo import batch_get
from shared.storage.models.catalog import Product, ProductGroup, Stock
from shared.storage.stock import StockChanged
from shared.storage.stock_conditions import is_unchanged
from shared.storage.stock_shards import (
    SHARDS_MAX,
    StockSnapshot,
    shard_keys,
    snapshots_from_items,
)
from shared.storage.transactions import Condition, Otherwise, Transaction

_IS_NEW: Condition = Product.product_id.does_not_exist()  # an import adds it to each row


class StockedProduct(Record):
    """A product with its stock and, where the reader asked for it, its group."""

    product: Product
    stock: StockSnapshot
    group: ProductGroup | None = None


class StatusPage(Record):
    products: list[StockedProduct]
    next_cursor: str | None


def get_product(product_id: str) -> Product:
    """The current product. Raises ProductNotFound."""
    product = Product.find(product_id, consistent=True)
    if product is None:
        raise ProductNotFound
    return product


def get_stock_and_group(product: Product) -> StockedProduct:
    """One BatchGetItem."""
    product_id = product.product_id
    shard_counts = {product_id: int(product.stock_shards)}
    keys: list[tuple[type[Stock | ProductGroup], str]] = [
        (Stock, key) for key in shard_keys(shard_counts)
    ]
    if product.group:
        keys.append((ProductGroup, product.group))
    found = batch_get(*keys)
    stocks = snapshots_from_items(shard_counts, [item for item in found if isinstance(item, Stock)])
    group = next((item for item in found if isinstance(item, ProductGroup)), None)
    return StockedProduct(product, stocks[product_id], group)


def list_products_on_sale(listed: Sequence[ListedProduct]) -> list[tuple[Product, int]]:
    """Those products that are still on sale, in that order, with their available units.

    One BatchGetItem for each 100 items: one for twenty products. One more where a stock has another
    number of shards than when its product was listed.
    """
    shard_counts = {product.product_id: product.stock_shards for product in listed}
    product_keys = [(Product, product_id) for product_id in shard_counts]
    found = batch_get(*product_keys, *((Stock, key) for key in shard_keys(shard_counts)))
    stocks = snapshots_from_items(shard_counts, [item for item in found if isinstance(item, Stock)])
    products = {
        item.product_id: item
        for item in found
        if isinstance(item, Product) and item.status == "active"
    }
    resharded = {
        product_id: int(product.stock_shards)
        for product_id, product in products.items()
        if product.stock_shards != shard_counts[product_id]
    }
    stocks |= stock.get_stocks(resharded)
    return [
        (products[product_id], stocks[product_id].available)
        for product_id in shard_counts
        if product_id in products
    ]


def list_products_by_status(
    statuses: Sequence[str], *, limit: int, cursor: str | None, owner: str
) -> StatusPage:
    """All products with one of these statuses, each variant by itself, newest first. For staff.

    Four Queries for each status, at once, and two BatchGetItem. Raises InvalidCursor.
    """
    query = f"products with status {', '.join(sorted(set(statuses)))}"
    position = cursors.decode(cursor, query=query, owner=owner)
    page, has_more = merge_pages(
        [
            _prepare_status_query(status, shard, position, limit)
            for status in sorted(set(statuses))
            for shard in range(listing_keys.SHOP_SHARDS)
        ],
        key=lambda product: str(product.listed_at),
        ascending=False,
        limit=limit,
    )
    last = page[-1] if has_more else None
    end = last and {"listed_at": last.listed_at, "product_id": last.product_id}
    next_cursor = cursors.encode(end or None, query=query, owner=owner)
    # The index may show a product twice while its status changes.
    listed = dict.fromkeys(key.product_id for key in page)
    return StatusPage(list_stocked_products(list(listed)), next_cursor)


def _prepare_status_query(
    status: str, shard: int, position: cursors.Position | None, limit: int
) -> Callable[[], QueryPage[Product]]:
    hash_key = listing_keys.status_shard(status, shard)
    after = position and {"status_shard": hash_key, **position}
    return prepare_query(
        Product.by_status.query, hash_key, None, after=after, ascending=False, limit=limit
    )


def list_ids_by_status(status: str, shard: int) -> Iterator[str]:
    """The ids of the products in one shard of a status. The index may lag."""
    for key in Product.by_status.query(listing_keys.status_shard(status, shard)):
        yield key.product_id


def list_stocked_products(product_ids: Sequence[str]) -> list[StockedProduct]:
    """Those of the products that exist, in that order, with their stock but without groups."""
    found = find_stocked_products([[product_id] for product_id in product_ids])
    return [product for product in found if product]


def find_stocked_products(alternatives: Sequence[Sequence[str]]) -> list[StockedProduct | None]:
    """As `find_products`. Another BatchGetItem for each 100 shards of their stocks."""
    products = find_products(alternatives)
    stocks = stock.get_stocks(
        {product.product_id: int(product.stock_shards) for product in products if product}
    )
    return [
        StockedProduct(product, stocks[product.product_id]) if product else None
        for product in products
    ]


def find_products(alternatives: Sequence[Sequence[str]]) -> list[Product | None]:
    """For each list of ids, the product that has the first of them that any product has.

    Without groups. One BatchGetItem for each 100 ids.
    """
    found = Product.find_many(product_id for ids in alternatives for product_id in ids)
    return [next((found[each] for each in ids if each in found), None) for ids in alternatives]


def create_product(product: Product, event: CatalogEvent) -> ProductGroup | None:
    """Store a product and its event. Returns its group, with the product in it.

    Raises SkuTaken, OptionsTaken, MixedCurrencies, GroupFull and GroupChanged.
    """
    transaction = Transaction()  # its token keeps a retry after a lost reply from SkuTaken
    taken = SkuTaken(sku=product.sku)
    stage_product(transaction, None, product, otherwise=taken)
    for product_id in identifiers.product_ids_of(product.sku):
        if product_id != product.product_id:  # an earlier release may have stored it there
            transaction.check(Product, product_id, only_if=_IS_NEW, otherwise=taken)
    groups = GroupChanges()
    group = groups.add(None, product)
    groups.stage(transaction, otherwise=GroupChanged())
    outbox.stage_event(transaction, event)
    transaction.commit()
    return group


def update_product(before: Product, after: Product, event: CatalogEvent) -> None:
    """Store the next version of a product and its event.

    Raises StaleVersion when somebody changed `before`, CurrencyInUse, OptionsTaken,
    MixedCurrencies, GroupFull and GroupChanged. Raises StockChanged when units were sold during a
    reshard or a change of currency, or when the stock does not fit a new policy any more.
    """
    transaction = Transaction()
    stage_product(transaction, before, after, otherwise=_stale_product)
    _stage_stock_change(transaction, before, after)
    groups = GroupChanges()
    groups.add(before, after)
    groups.stage(transaction, otherwise=GroupChanged())
    outbox.stage_event(transaction, event)
    transaction.commit()


def stage_product(
    transaction: Transaction, before: Product | None, after: Product, *, otherwise: Otherwise
) -> None:
    """Write a new product, or what changed of one that nobody changed since `before`."""
    if before is None:
        transaction.put(after, only_if=_IS_NEW, otherwise=otherwise)
        return
    changes = after.changes_since(before.serialize())
    is_as_read: Condition = Product.version == before.version
    transaction.update(after, changes, only_if=is_as_read, otherwise=otherwise)


def _stale_product(found: Product | None) -> StaleVersion:
    return stale_version(found.version if found else 0)


def _stage_stock_change(transaction: Transaction, before: Product, after: Product) -> None:
    is_resharded = before.stock_shards != after.stock_shards
    currency = after.currency if before.currency != after.currency else None
    backorders_max = changed_backorders_max(before, after)
    if not is_resharded and not currency and backorders_max is None:
        return
    # A reshard reads every shard that there can be, so that no unit is lost in one it removes.
    shards = SHARDS_MAX if is_resharded else int(before.stock_shards)
    snapshot = stock.get_stocks({before.product_id: shards})[before.product_id]
    require_currency_unused(before, after, snapshot)
    # A reshard and another currency require every shard as it was read, also where there was none:
    # so no order has allocated units since, and no first delivery has divided its units among other
    # shards.
    if is_resharded and not snapshot.is_empty:
        stock.stage_stock_set(
            transaction,
            snapshot,
            snapshot.available,
            int(after.stock_shards),
            otherwise=StockChanged(),
            currency=currency,
            backorders_max=after.backorders_max or backorders_max,
        )
    else:
        stock.stage_change(
            transaction,
            snapshot,
            {},
            otherwise=StockChanged(),
            shard_condition=is_unchanged if is_resharded or currency else None,
            currency=currency,
            backorders_max=backorders_max,
        )
