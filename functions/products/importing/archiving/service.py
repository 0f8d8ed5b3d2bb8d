"""Products that a file no longer has: found by their ids, and archived."""

from collections.abc import Callable, Iterator, Sequence

from products import listing_keys, repository
from products.importing.schemas import ImportedRow
from products.importing.service import ImportContext, stage_rows
from shared.errors.requests import ConcurrentModification
from shared.retries import retry
from shared.storage.stock import StockChanged
from shared.storage.transactions import Transaction

CURRENT = ("active", "draft")
ARCHIVED_PER_WRITE = 30  # a product takes two actions, and its group one
_ATTEMPTS = 6


def list_current_ids() -> Iterator[str]:
    """The ids of all products that are not archived. The index may lag by some seconds."""
    for status in CURRENT:
        for shard in range(listing_keys.SHOP_SHARDS):
            yield from repository.list_ids_by_status(status, shard)


def archive(
    product_ids: Sequence[str],
    context: ImportContext,
    stage_count: Callable[[Transaction, int], None],
) -> int:
    """Archive these products, at most ARCHIVED_PER_WRITE. Returns how many were not archived yet.

    `stage_count` adds that number to what the caller counts, in the same transaction. Raises
    ConcurrentModification and Unavailable.
    """

    def archive_once() -> int:
        found = repository.list_stocked_products(product_ids)
        current = [each.product for each in found if each.product.status in CURRENT]
        transaction = Transaction()
        rows = [ImportedRow({"sku": each.sku, "status": "archived"}) for each in current]
        results = stage_rows(transaction, rows, context)
        archived = sum(result.outcome == "updated" for result in results)
        if archived:
            stage_count(transaction, archived)
            transaction.commit()
        return archived

    return retry(archive_once, on=(ConcurrentModification, StockChanged), attempts=_ATTEMPTS)
