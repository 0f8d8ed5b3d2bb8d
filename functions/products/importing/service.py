"""Import of products and stock, under the rules of the API.

Rows are compared with the stored products and written only where they differ: the same file again
writes nothing. A count holds for the moment at which this module reads the stock. So units that are
sold during the import stay sold, and a busy shop does not delay an import.
"""

from collections.abc import Sequence
from dataclasses import field

from products import identifiers, repository
from products.groups.repository import GroupChanges
from products.importing.categories.service import CategoriesByName
from products.importing.schemas import (
    ImportedRow,
    NewVersion,
    Outcome,
    Refusal,
    StockCounts,
    read_sku,
    refusal_of,
    revise,
)
from products.product_edits import (
    changed_backorders_max,
    changed_fields,
    product_created_event,
    product_updated_event,
    require_currency_unused,
)
from products.repository import StockedProduct
from products.stock.service import new_movement
from shared.errors.base import AppError, Unavailable
from shared.errors.requests import ConcurrentModification
from shared.events.catalog import CatalogEvent
from shared.records import Record
from shared.storage import outbox, stock
from shared.storage.models.catalog import Product
from shared.storage.transactions import Transaction

__all__ = [
    "ACTIONS_PER_ROW",
    "ACTIONS_PER_WRITE",
    "CategoriesByName",
    "ImportContext",
    "ImportedRow",
    "Refusal",
    "RowResult",
    "find_ids",
    "find_products",
    "stage_rows",
]

# For a product with one shard: item, stock, movement. More shards, or a group, take more.
ACTIONS_PER_ROW = 3
ACTIONS_PER_WRITE = 1  # besides those of the rows: all events are one row of the outbox


class ImportContext(Record):
    """What holds for all rows of a run."""

    by: str  # the user who imports
    reason: str  # of the stock movements
    categories: CategoriesByName
    counts: StockCounts = "available"
    stops_at_refusal: bool = False  # the rows after a refused one are left out
    is_check: bool = False  # nothing is written, so the groups that rows join are kept here
    groups: GroupChanges = field(default_factory=GroupChanges)


class RowResult(Record):
    outcome: Outcome | None = None  # None: the row is refused
    refusal: Refusal | None = None
    changed: tuple[str, ...] = ()  # the fields that an update changes, and `available`


class _Change(Record):
    """The difference between a stored product and a row."""

    version: NewVersion
    changed: list[str]

    @property
    def backorders_max(self) -> int | None:
        """What orders require of the stock from now on; None if that stays as it is."""
        before = self.version.before
        return changed_backorders_max(before, self.version.after) if before else None

    @property
    def new_currency(self) -> str | None:
        return self.version.after.currency if "currency" in self.changed else None

    @property
    def all_changed(self) -> tuple[str, ...]:
        units = ("available",) if self.version.units and self.version.before else ()
        return (*self.changed, *units)

    @property
    def outcome(self) -> Outcome:
        if self.version.before is None:
            return "created"
        return "updated" if self.changed or self.version.units else "unchanged"


def stage_rows(
    transaction: Transaction, rows: Sequence[ImportedRow], context: ImportContext
) -> list[RowResult]:
    """Create or update a product for each row. Each SKU may occur once. A row keeps what it omits.

    Returns the result of each row, or of those up to the first refused one. The commit raises
    ConcurrentModification when a product or its group was edited, or a stock became too small,
    since the read, and StockChanged after a reshard. Then stage the rows again, in a new
    transaction. Raises Unavailable.
    """
    skus = [_read_sku(row) for row in rows]
    ids = [[] if isinstance(sku, Refusal) else identifiers.product_ids_of(sku) for sku in skus]
    stored = repository.find_stocked_products(ids)
    events: list[CatalogEvent] = []
    groups = context.groups if context.is_check else GroupChanges()
    conflict = ConcurrentModification()
    results: list[RowResult] = []
    for row, sku, found in zip(rows, skus, stored, strict=True):
        try:
            if isinstance(sku, Refusal):
                raise sku
            change = _compare(row, found, context)
            groups.add(change.version.before, change.version.after)
        except Unavailable:  # says nothing about the row
            raise
        except (AppError, Refusal) as error:
            refusal = refusal_of(error) if isinstance(error, AppError) else error
            results.append(RowResult(refusal=refusal))
            if context.stops_at_refusal:
                break
            continue
        _stage_stock(transaction, change, context, conflict)
        events += _stage_product(transaction, change, conflict)
        results.append(RowResult(change.outcome, changed=change.all_changed))
    if not context.is_check:
        groups.stage(transaction, otherwise=conflict)
    outbox.stage_events(transaction, events)
    return results


def _read_sku(row: ImportedRow) -> str | Refusal:
    try:
        return read_sku(row)
    except Refusal as refusal:
        return refusal


def _compare(row: ImportedRow, stored: StockedProduct | None, context: ImportContext) -> _Change:
    """Raises Refusal, CurrencyInUse, CurrencyNotAccepted and what a new category is refused for."""
    if stored and row.only_if_new:
        row = ImportedRow({"sku": row.fields["sku"]})
    names = row.fields.get("category_names")
    category = context.categories.path_of(names) if names else None
    before, snapshot = (stored.product, stored.stock) if stored else (None, None)
    version = revise(row, before, snapshot, context.counts, category)
    if before is None:
        return _Change(version, [])
    require_currency_unused(before, version.after, version.stock)
    return _Change(version, changed_fields(before, version.after))


def _stage_product(
    transaction: Transaction, change: _Change, conflict: Exception
) -> list[CatalogEvent]:
    before, after, changed = change.version.before, change.version.after, change.changed
    if before and not changed:
        return []
    repository.stage_product(transaction, before, after, otherwise=conflict)
    if before is None:
        return [product_created_event(after)]
    return [product_updated_event(before, after, changed)]


def _stage_stock(
    transaction: Transaction, change: _Change, context: ImportContext, conflict: Exception
) -> None:
    currency, backorders_max = change.new_currency, change.backorders_max
    version, units = change.version, change.version.units
    limit = version.after.backorders_max
    change_by_shard = version.stock.allocate_change(units, limit) if units else {}
    if change_by_shard is None:
        return
    if not change_by_shard and not currency and backorders_max is None:
        return
    stock.stage_change(
        transaction,
        version.stock,
        change_by_shard,
        otherwise=conflict,
        currency=currency,
        backorders_max=backorders_max,
        may_be_short=limit > 0,
    )
    if units:
        moved = new_movement(
            version.stock.product_id, "import", units, context.reason, by=context.by
        )
        transaction.put(moved)
    if version.before and not change.changed:  # otherwise the write of the product requires it
        stock.require_counted(transaction, version.before)


def find_products(skus: Sequence[str]) -> list[Product | None]:
    """The product with each SKU; None if there is none. One BatchGetItem for each 100 ids."""
    return repository.find_products([find_ids(sku) for sku in skus])


def find_ids(sku: str) -> list[str]:
    """The ids that a product with this SKU can have."""
    return identifiers.product_ids_of(sku.strip())
