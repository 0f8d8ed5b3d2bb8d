"""The products that go into an export, by the time of their creation."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

from products import listing_keys
from products.categories import repository as categories
from products.categories.tree import CategoryTree
from products.index_queries import QueryPage, merge_pages, prepare_query
from products.repository import StockedProduct, list_stocked_products
from shared.exports.repository import retry_read
from shared.storage.dynamo import BATCH_MAX
from shared.storage.models.catalog import Product, ProductGroup


def list_product_batches(statuses: Collection[str]) -> Iterator[list[StockedProduct]]:
    """Iterate over the products with these statuses, up to BATCH_MAX at a time, with their stock.

    In the order of creation, then of ids: it never changes, so each product comes once, and the
    same products come in the same order. Each is as it is when it is read; one that has left the
    statuses is omitted. For each batch: one Query of each shard of each status, all at once, so
    that a product whose status changes between the Queries of one batch alone can be missed; then
    one BatchGetItem for the products, and one for each 100 shards of their stock. Raises
    Unavailable.
    """
    position: dict[str, str] | None = None
    while True:
        keys, has_more = retry_read(partial(_list_keys, statuses, position))
        products = find_products([key.product_id for key in keys])
        yield [each for each in products if each.product.status in statuses]
        if not has_more:
            return
        position = {"listed_at": str(keys[-1].listed_at), "product_id": keys[-1].product_id}


def find_products(product_ids: Sequence[str]) -> list[StockedProduct]:
    """Those that exist, in that order, with their stock. Raises Unavailable."""
    return retry_read(lambda: list_stocked_products(list(dict.fromkeys(product_ids))))


def find_groups(groups: Collection[str]) -> dict[str, ProductGroup]:
    """One BatchGetItem for each 100 groups. Raises Unavailable."""
    return retry_read(lambda: ProductGroup.find_many(groups))


def get_category_tree() -> CategoryTree:
    """One GetItem and one Query. Raises Unavailable."""
    return retry_read(categories.get_tree)


def _list_keys(statuses: Collection[str], position: dict[str, str] | None) -> QueryPage[Product]:
    """The index's keys of the next products. One that changes its status may come twice."""
    return merge_pages(
        [
            _prepare_query(listing_keys.status_shard(status, shard), position)
            for status in sorted(statuses)
            for shard in range(listing_keys.SHOP_SHARDS)
        ],
        key=lambda product: str(product.listed_at),
        ascending=True,
        limit=BATCH_MAX,
    )


def _prepare_query(
    status_shard: str, position: dict[str, str] | None
) -> Callable[[], QueryPage[Product]]:
    after = position and {"status_shard": status_shard, **position}
    return prepare_query(
        Product.by_status.query, status_shard, None, after=after, ascending=True, limit=BATCH_MAX
    )
