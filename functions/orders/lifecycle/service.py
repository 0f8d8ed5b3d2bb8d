"""The one way to change an order: read it, decide, and write unless somebody else wrote first."""

from collections.abc import Callable

from orders.lifecycle import repository
from orders.lifecycle.effects import Effects
from orders.lifecycle.repository import StageExtra
from shared import observability
from shared.errors.base import Unavailable
from shared.errors.requests import ConcurrentModification
from shared.records import Record
from shared.retries import retry
from shared.storage.models.orders import Order

UPDATE_ATTEMPTS = 5  # while others change the same order

Decide = Callable[[Order], Effects | None]


class Outcome(Record):
    order: Order
    is_new: bool  # False: the change was made before, and nothing was written


def update_order(
    order_id: str,
    decide: Decide,
    stage_extra: StageExtra | None = None,
    *,
    last_read: Order | None = None,
) -> Order:
    """The order as `try_update_order` leaves it, whether it was changed or not."""
    return try_update_order(order_id, decide, stage_extra, last_read=last_read).order


def try_update_order(
    order_id: str,
    decide: Decide,
    stage_extra: StageExtra | None = None,
    *,
    last_read: Order | None = None,
) -> Outcome:
    """Apply `decide` to the order; store it with its effects and what `stage_extra` adds.

    When `decide` returns None nothing is written. When somebody else changed the order first,
    this reads the order again and calls `decide` again. With `last_read`, the unchanged order that
    the caller read before, it starts with that: only for a `decide` that certainly changes it,
    because nothing else notices an older change. Raises OrderNotFound, Unavailable, and what
    `decide` and `stage_extra` raise.
    """

    def attempt() -> Outcome:
        nonlocal last_read
        if last_read is None:
            order, stored = repository.read_for_update(order_id)
        else:
            order, stored, last_read = last_read, last_read.serialize(), None
        effects = decide(order)
        if effects is None:
            return Outcome(order, is_new=False)
        repository.save_order(order, stored, effects, stage_extra)
        if effects.incident:
            facts = {"order_id": order_id, "reason": effects.incident}
            observability.logger.error("payment needs review", extra=facts)
        return Outcome(order, is_new=True)

    try:
        return retry(attempt, on=(ConcurrentModification,), attempts=UPDATE_ATTEMPTS)
    except ConcurrentModification as error:
        raise Unavailable from error
