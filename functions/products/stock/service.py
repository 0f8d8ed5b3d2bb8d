"""Stock as staff set and adjust it. Each change has a reason and is recorded as a movement."""

import hashlib

from products import browse_cache
from products.fields import AVAILABLE_MAX
from products.repository import StockedProduct
from products.stock import repository
from products.stock.repository import MovementExists
from products.stock.schemas import StockAdjustment, StockCount
from shared import clock, ids
from shared.errors.base import AppError
from shared.errors.catalog import InsufficientStock, StockNotTracked
from shared.errors.requests import IdempotencyKeyReused
from shared.http.etags import ExpectedVersion
from shared.http.schemas import invalid_fields_error
from shared.records import Record
from shared.retries import retry_on_stale_version
from shared.storage.cursors import ItemPage
from shared.storage.models.catalog import UNTRACKED, Product, StockMovement
from shared.storage.stock import StockChanged
from shared.storage.stock_shards import StockSnapshot


class AdjustedStock(Record):
    stock: StockSnapshot
    is_replay: bool


def get_stock(product_id: str) -> StockSnapshot:
    """The current stock. Raises ProductNotFound."""
    return repository.get_stocked_product(product_id).stock


def set_stock(
    product_id: str, count: StockCount, expected: ExpectedVersion, *, by: str
) -> StockSnapshot:
    """Set the available units to the number that staff counted.

    Raises StaleVersion if units were sold since `expected`: setting them would sell them twice. If
    any version is expected, the count holds for the moment of the read, and later sales are
    subtracted from it. Raises ProductNotFound, StockNotTracked, ConcurrentModification, and
    InvalidFields for a count below 0 of a product that cannot be back-ordered.
    """

    def set_once() -> StockSnapshot:
        before = repository.get_stocked_product(product_id)
        expected.check(before.stock.version)
        _require_countable(before.product, count)
        change = count.available - before.stock.available
        movement = new_movement(product_id, "count", change, count.reason, by=by)
        if not expected.is_any:
            repository.set_stock(before, count.available, movement)
        else:
            # Shards are not read in one instant: another count may have moved units between them.
            is_sharded = len(before.stock.shards) > 1
            changes = before.stock.allocate_change(change, before.product.backorders_max) or {}
            repository.change_stock(before, changes, movement, only_if_unchanged=is_sharded)
        return before.stock

    before = retry_on_stale_version(set_once, expected, also_on=(StockChanged,))
    browse_cache.forget()
    return repository.refresh_stock(before)


def adjust_stock(
    product_id: str,
    adjustment: StockAdjustment,
    key: str,
    expected: ExpectedVersion | None,
    *,
    by: str,
) -> AdjustedStock:
    """Add units or remove them, whatever is sold at the same time.

    A repeated request with the same key changes nothing more. Raises ProductNotFound,
    StockNotTracked, InsufficientStock, IdempotencyKeyReused, StaleVersion if a version is expected,
    and ConcurrentModification.
    """
    movement = new_movement(product_id, "adjustment", adjustment.change, adjustment.reason, by=by)
    movement.movement_id = ids.derived_id("mov", product_id, by, key)
    movement.fingerprint = _fingerprint(adjustment)
    try:
        before = _store_adjustment(movement, expected)
    except (AppError, MovementExists) as refusal:
        # If an earlier attempt succeeded, its result is the answer, whatever refuses this one.
        stored = repository.find_movement(product_id, movement.movement_id)
        if stored is None:
            raise
        if stored.fingerprint != movement.fingerprint:
            raise IdempotencyKeyReused from refusal
        return AdjustedStock(get_stock(product_id), is_replay=True)
    browse_cache.forget()
    return AdjustedStock(repository.refresh_stock(before), is_replay=False)


def list_movements(
    product_id: str, *, limit: int, cursor: str | None, staff_id: str
) -> ItemPage[StockMovement]:
    """Newest first. Raises ProductNotFound and InvalidCursor."""
    page = repository.list_movements(product_id, limit=limit, cursor=cursor, owner=staff_id)
    if not page.items:
        repository.get_stocked_product(product_id)  # raises ProductNotFound
    return page


def new_movement(product_id: str, kind: str, change: int, reason: str, *, by: str) -> StockMovement:
    now = clock.utc_now()
    movement_id = ids.new_id("mov")
    return StockMovement(
        product_id,
        movement_id,
        kind=kind,
        change=change,
        reason=reason,
        by=by,
        at=now,
        moved_at=f"{now.isoformat(timespec='microseconds')}#{movement_id}",
    )


def _store_adjustment(movement: StockMovement, expected: ExpectedVersion | None) -> StockSnapshot:
    """Returns the stock before. Raises MovementExists, and the refusals of `adjust_stock`."""
    is_exact = expected is not None and not expected.is_any

    def adjust_once() -> StockSnapshot:
        before = repository.get_stocked_product(movement.product_id)
        if expected:
            expected.check(before.stock.version)
        _require_counted(before.product)
        changes = _allocate_change(before, int(movement.change))
        repository.change_stock(before, changes, movement, only_if_unchanged=is_exact)
        return before.stock

    return retry_on_stale_version(adjust_once, expected, also_on=(StockChanged,))


def _require_counted(product: Product) -> None:
    if product.stock_policy == UNTRACKED:
        raise StockNotTracked


def _require_countable(product: Product, count: StockCount) -> None:
    _require_counted(product)
    if count.available < 0 and not product.backorders_max:
        message = "Must be 0 or more: the product cannot be back-ordered"
        raise _invalid("available", "too_small", message)


def _allocate_change(before: StockedProduct, change: int) -> dict[int, int]:
    available, backorders_max = before.stock.available, before.product.backorders_max
    if available + change > AVAILABLE_MAX:
        message = f"Must not raise the stock above {AVAILABLE_MAX:,} units"
        raise _invalid("change", "too_large", message)
    if available + change < -AVAILABLE_MAX:
        message = f"Must not lower the stock below -{AVAILABLE_MAX:,} units"
        raise _invalid("change", "too_small", message)
    changes = before.stock.allocate_change(change, backorders_max)
    if changes is None:
        raise InsufficientStock(
            f"Only {max(0, available)} units are available; cannot remove {-change}.",
            available=max(0, available),
            change=change,
        )
    return changes


def _invalid(field: str, code: str, message: str) -> AppError:
    return invalid_fields_error([{"loc": ("body", field), "type": code, "msg": message}])


def _fingerprint(adjustment: StockAdjustment) -> str:
    # Without defaults: a field that a later version adds must not make a retry another request.
    content = adjustment.model_dump_json(exclude_defaults=True)
    return hashlib.sha256(content.encode()).hexdigest()
