"""Import of products and stock, under the rules of the API.

Rows are compared with the stored products and written only where they differ: the same file again
writes nothing. A count holds for the moment at which this module reads the stock. So units that are
sold during the import stay sold, and a busy shop does not delay an import.
"""

from collections.abc import Sequence

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

from products import identifiers, repository
from products.fields import CountedUnits
from products.groups.repository import GroupChanges
from products.product_edits import (
    apply_changes,
    changed_backorders_max,
    changed_fields,
    product_created_event,
    product_from_request,
    product_updated_event,
    require_currency_unused,
)
from products.repository import StockedProduct
from products.schemas import NewProduct
from products.stock.service import new_movement
from shared.catalog_names import sku_key
from shared.errors.base import AppError, Unavailable
from shared.errors.catalog import StockNotTracked
from shared.errors.requests import ConcurrentModification
from shared.events.catalog import CatalogEvent
from shared.records import Record
from shared.storage import outbox, stock
from shared.storage.models.catalog import BACKORDER, UNTRACKED, Product
from shared.storage.stock_shards import StockSnapshot
from shared.storage.transactions import Transaction

# For a product with one shard: item, stock, movement. More shards, or a group, take more.
ACTIONS_PER_ROW = 3
ACTIONS_PER_WRITE = 1  # besides those of the rows: all events are one row of the outbox


class ImportedProduct(NewProduct):
    """A row of an import: a product and its available units.

    Units below 0 need the policy `backorder` in the same row, and no units the policy `untracked`.
    """

    available: CountedUnits | None

    @field_validator("available")
    @classmethod
    def _check_policy(cls, available: int | None, info: ValidationInfo) -> int | None:
        policy = info.data.get("stock_policy")
        if available is None and policy != UNTRACKED:
            raise PydanticKnownError("int_type")
        if available is not None and available < 0 and policy != BACKORDER:
            raise PydanticKnownError("greater_than_equal", {"ge": 0})
        return available

    @property
    def sku_key(self) -> str:
        """Equal for two rows that are of one product."""
        return sku_key(self.sku)


class RefusedRow(Record):
    """A row that is a valid product but cannot replace the stored one."""

    index: int  # among the rows of the call
    refusal: AppError


class _RowChange(Record):
    """The difference between the stored product and a row."""

    before: Product | None
    after: Product
    changed: list[str]
    stock: StockSnapshot
    stock_change: int

    @property
    def backorders_max(self) -> int | None:
        """What orders require of the stock from now on; None if that stays as it is."""
        return changed_backorders_max(self.before, self.after) if self.before else None

    @property
    def new_currency(self) -> str | None:
        return self.after.currency if "currency" in self.changed else None


def stage_rows(
    transaction: Transaction, rows: Sequence[ImportedProduct], *, by: str, reason: str
) -> list[RefusedRow]:
    """Create or update a product for each row. Each SKU may occur once. A row keeps what it omits.

    The commit raises ConcurrentModification when a product or its group was edited, or a stock
    became too small, since the read, and StockChanged after a reshard. Then stage the rows again,
    in a new transaction. Raises Unavailable.
    """
    stored = repository.find_stocked_products([identifiers.product_ids_of(row.sku) for row in rows])
    refused: list[RefusedRow] = []
    events: list[CatalogEvent] = []
    groups = GroupChanges()
    for index, (row, found) in enumerate(zip(rows, stored, strict=True)):
        try:
            change = _compare(row, found)
            groups.add(change.before, change.after)
        except Unavailable:  # says nothing about the row
            raise
        except AppError as refusal:
            refused.append(RefusedRow(index, refusal))
            continue
        _stage_stock(transaction, change, by=by, reason=reason)
        events += _stage_product(transaction, change)
    groups.stage(transaction, otherwise=ConcurrentModification())
    outbox.stage_events(transaction, events)
    return refused


def _compare(row: ImportedProduct, stored: StockedProduct | None) -> _RowChange:
    """Raises CurrencyInUse, CurrencyNotAccepted and StockNotTracked.

    Raises InvalidFields if the stored product breaks today's rules.
    """
    before = stored.product if stored else None
    new = _merge(before, row) if before else row  # which is valid as it is
    after = product_from_request(new, before)
    snapshot = stored.stock if stored else StockSnapshot.empty(after.product_id)
    changed = changed_fields(before, after) if before else []
    if before:
        require_currency_unused(before, after, snapshot)
    return _RowChange(before, after, changed, snapshot, _stock_change(row, after, snapshot))


def _stock_change(row: ImportedProduct, after: Product, before: StockSnapshot) -> int:
    """The units to add. The stock of a product that is not counted stays as it is."""
    if after.stock_policy != UNTRACKED:
        return (row.available or 0) - before.available
    if row.available:
        raise StockNotTracked(
            "The stock of this product is not counted. Leave `available` empty, or set "
            "`stock_policy` to `tracked`."
        )
    return 0


def _merge(before: Product, row: ImportedProduct) -> NewProduct:
    """The stored product with the row's fields. Raises InvalidFields."""
    return apply_changes(before, row.model_dump(include=row.model_fields_set - {"available"}))


def _stage_product(transaction: Transaction, change: _RowChange) -> list[CatalogEvent]:
    before, after, changed = change.before, change.after, change.changed
    if before and not changed:
        return []
    repository.stage_product(transaction, before, after, otherwise=ConcurrentModification())
    if before is None:
        return [product_created_event(after)]
    return [product_updated_event(before, after, changed)]


def _stage_stock(transaction: Transaction, change: _RowChange, *, by: str, reason: str) -> None:
    currency, backorders_max = change.new_currency, change.backorders_max
    units, limit = change.stock_change, change.after.backorders_max
    change_by_shard = change.stock.allocate_change(units, limit) if units else {}
    if change_by_shard is None:
        return
    if not change_by_shard and not currency and backorders_max is None:
        return
    stock.stage_change(
        transaction,
        change.stock,
        change_by_shard,
        otherwise=ConcurrentModification(),
        currency=currency,
        backorders_max=backorders_max,
        may_be_short=limit > 0,
    )
    if units:
        transaction.put(new_movement(change.stock.product_id, "import", units, reason, by=by))
    if change.before and not change.changed:  # otherwise the write of the product requires it
        stock.require_counted(transaction, change.before)
