"""Products and stock as a file has them, under the rules of the API.

Rows are read beside what is known of them and written only where they differ: the same file again
writes nothing. A count is taken for what there was when it was read here, so that what is sold at
that moment stays sold, and a busy shop does not hold up an import.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from products import repository
from products.fields import Available
from products.repository import Known
from products.schemas import NewProduct, to_request
from products.service import (
    changed_fields,
    product_created_event,
    product_of,
    product_updated_event,
)
from products.stock.service import new_movement
from shared import ids
from shared.errors.base import AppError
from shared.errors.requests import ConcurrentModification
from shared.events.all_events import CatalogEvent
from shared.http.schemas import validate
from shared.storage import outbox, stock
from shared.storage.models.catalog import Product
from shared.storage.stock import StockSnapshot
from shared.storage.transactions import Transaction

ACTIONS_PER_ROW = 3  # at most, for a product whose stock is one shard: item, stock, movement
ACTIONS_PER_WRITE = 1  # beside those of the rows: all events are one row of the outbox


class ImportedProduct(NewProduct):
    """A row of an import: a product, and how many of it there are."""

    available: Available


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is a product, but cannot be written over the one that is there."""

    at: int  # among those given
    refusal: AppError


def stage(
    transaction: Transaction, rows: Sequence[ImportedProduct], *, by: str, reason: str
) -> list[RefusedRow]:
    """Upsert by SKU, no SKU twice among them. What a row leaves out is left as it is.

    The commit raises ConcurrentModification when a product was edited, or a stock is short, since this
    was staged, and StockChanged when one was split anew: stage the rows again, in a new
    transaction.
    """
    ids_of_rows = [ids.derived_id("prd", row.sku) for row in rows]
    known = {it.product.product_id: it for it in repository.read_known(ids_of_rows)}
    refused: list[RefusedRow] = []
    happened: list[CatalogEvent] = []
    for at, (product_id, row) in enumerate(zip(ids_of_rows, rows, strict=True)):
        difference = _difference(row, known.get(product_id))
        if isinstance(difference, AppError):
            refused.append(RefusedRow(at, difference))
            continue
        _stage_stock(transaction, difference, by=by, reason=reason)
        happened += _stage_product(transaction, difference)
    outbox.stage_events(transaction, happened)
    return refused


@dataclass(frozen=True, slots=True)
class _Difference:
    """Between what there is and what a row says."""

    before: Product | None
    after: Product
    changed: list[str]
    held: StockSnapshot
    stock_change: int


def _difference(row: ImportedProduct, known: Known | None) -> _Difference | AppError:
    """What the row changes, or why it cannot."""
    said = row.model_dump(include=row.model_fields_set - {"available"})
    before = known.product if known else None
    try:
        new = validate(NewProduct, {**to_request(before), **said} if before else said)
    except AppError as refusal:  # what is stored may be older than today's rules
        return refusal
    after = product_of(new, before)
    held = known.held if known else StockSnapshot.nothing(after.product_id)
    changed = changed_fields(before, after) if before else []
    if before and held.allocated and "currency" in changed:
        return repository.currency_in_use(before)
    return _Difference(before, after, changed, held, row.available - held.available)


def _stage_product(transaction: Transaction, difference: _Difference) -> list[CatalogEvent]:
    before, after, changed = difference.before, difference.after, difference.changed
    if before and not changed:
        return []
    repository.stage_write(transaction, before, after, otherwise=_concurrent_modification())
    if before is None:
        return [product_created_event(after)]
    return [product_updated_event(before, after, changed)]


def _stage_stock(
    transaction: Transaction, difference: _Difference, *, by: str, reason: str
) -> None:
    held, change = difference.held, difference.stock_change
    parts = held.parts_of(change) if change else {}
    currency = difference.after.currency if "currency" in difference.changed else None
    if parts is None or not (parts or currency):
        return
    stock.stage_change(
        transaction,
        held,
        parts,
        otherwise=_concurrent_modification(),
        demanded=stock.is_unallocated if currency else None,
        currency=currency,
    )
    if change:
        transaction.put(new_movement(held.product_id, "import", change, reason, by=by))
    if difference.before and not difference.changed:  # else the product's own write demands it
        stock.require_shard_count(transaction, difference.before)


def _concurrent_modification() -> ConcurrentModification:
    return ConcurrentModification("Some of these products were edited or sold meanwhile.")
