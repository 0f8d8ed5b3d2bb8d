"""Counting and adjusting stock: each change has a reason and leaves a movement."""

import hashlib
from dataclasses import dataclass

from products import browse_cache
from products.fields import AVAILABLE_MAX
from products.stock import repository
from products.stock.repository import AlreadyMoved
from products.stock.schemas import StockAdjustment, StockCount
from shared import clock, ids
from shared.errors.base import AppError
from shared.errors.catalog import InsufficientStock
from shared.errors.requests import ConcurrentModification, IdempotencyKeyReused
from shared.http.etags import ExpectedVersion
from shared.http.schemas import invalid_fields_error
from shared.storage.cursors import ItemPage
from shared.storage.models.catalog import StockMovement
from shared.storage.stock import StockChanged, StockSnapshot

TRIES = 5  # at a change that sales get in the way of


@dataclass(frozen=True, slots=True)
class Adjusted:
    held: StockSnapshot
    is_replay: bool


def get_stock(product_id: str) -> StockSnapshot:
    """As it is now. Raises ProductNotFound."""
    return repository.known(product_id).held


def count(
    product_id: str, count: StockCount, expected: ExpectedVersion, *, by: str
) -> StockSnapshot:
    """What was counted is what there is; sold since `expected`, it must be counted again.

    With any version expected, it is what there was when this read it: sales that come in between
    are taken off. Raises ProductNotFound, StaleVersion, and ConcurrentModification.
    """
    for _ in range(TRIES):
        before = repository.known(product_id)
        held = before.held
        expected.check(held.version)
        change = count.available - held.available
        movement = new_movement(product_id, "count", change, count.reason, by=by)
        try:
            if not expected.is_any:
                repository.count(before, count.available, movement)
            else:
                # Shards are not read in one instant: another count may have moved units between.
                is_split = len(held.shards) > 1
                parts = held.parts_of(change) or {}
                repository.move(before, parts, movement, if_nothing_changed=is_split)
        except StockChanged:
            continue
        browse_cache.forget()
        return repository.read_again(held)
    raise _too_busy()


def adjust(
    product_id: str,
    adjustment: StockAdjustment,
    key: str,
    expected: ExpectedVersion | None,
    *,
    by: str,
) -> Adjusted:
    """So many more, or fewer, than there are: right whatever is sold at the same time.

    Sent again with the same key, it changes nothing more. Raises ProductNotFound, InsufficientStock,
    IdempotencyKeyReused, StaleVersion if a version is expected, and ConcurrentModification.
    """
    movement = new_movement(product_id, "adjustment", adjustment.change, adjustment.reason, by=by)
    movement.movement_id = ids.derived_id("mov", product_id, by, key)
    movement.fingerprint = _fingerprint(adjustment)
    try:
        before = _move(movement, expected)
    except (AppError, AlreadyMoved) as refusal:
        # Whatever stands in the way now, a first attempt that went through is the answer.
        moved = repository.find_movement(product_id, movement.movement_id)
        if moved is None:
            raise
        if moved.fingerprint != movement.fingerprint:
            raise IdempotencyKeyReused(
                "This Idempotency-Key has made another adjustment. Use a new key for a new one."
            ) from refusal
        return Adjusted(get_stock(product_id), is_replay=True)
    browse_cache.forget()
    return Adjusted(repository.read_again(before), is_replay=False)


def movements(
    product_id: str, *, limit: int, cursor: str | None, staff_id: str
) -> ItemPage[StockMovement]:
    """Newest first. Raises ProductNotFound and InvalidCursor."""
    page = repository.movements_of(product_id, limit=limit, cursor=cursor, owner=staff_id)
    if not page.items:
        repository.known(product_id)
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


def _move(movement: StockMovement, expected: ExpectedVersion | None) -> StockSnapshot:
    """What there was before. Raises AlreadyMoved, and the refusals of `adjust`."""
    is_exact = expected is not None and not expected.is_any
    for _ in range(TRIES):
        before = repository.known(movement.product_id)
        if expected:
            expected.check(before.held.version)
        parts = _parts(before.held, int(movement.change))
        try:
            repository.move(before, parts, movement, if_nothing_changed=is_exact)
        except StockChanged:
            continue
        return before.held
    raise _too_busy()


def _parts(before: StockSnapshot, change: int) -> dict[int, int]:
    if before.available + change > AVAILABLE_MAX:
        too_many = f"There would be more than {AVAILABLE_MAX:,}"
        problem = {"loc": ("body", "change"), "type": "less_than_equal", "msg": too_many}
        raise invalid_fields_error([problem])
    parts = before.parts_of(change)
    if parts is None:
        raise InsufficientStock("There are not so many.", available=before.available, change=change)
    return parts


def _fingerprint(adjustment: StockAdjustment) -> str:
    # Without defaults: a field that a later version adds must not make a retry another request.
    asked_for = adjustment.model_dump_json(exclude_defaults=True)
    return hashlib.sha256(asked_for.encode()).hexdigest()


def _too_busy() -> ConcurrentModification:
    return ConcurrentModification(
        "This product is being bought faster than its stock can be changed."
    )
