"""The one way in which an order is changed: read, decide, write if nobody was faster."""

from collections.abc import Callable
from dataclasses import dataclass

from orders.lifecycle import repository
from orders.lifecycle.repository import StageExtra
from orders.lifecycle.transitions import Effects
from shared.errors.base import Unavailable
from shared.errors.requests import ConcurrentModification
from shared.retries import pause
from shared.storage.models.orders import Order

TRIES = 5  # at an order that others change at the same moment

Decide = Callable[[Order], Effects | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    order: Order
    is_new: bool  # or else there was nothing to do, and nothing was written


def update_order(order_id: str, decide: Decide, also: StageExtra | None = None) -> Order:
    """The order as `carry_out` leaves it, whether that was new or not."""
    return try_update_order(order_id, decide, also).order


def try_update_order(order_id: str, decide: Decide, also: StageExtra | None = None) -> Outcome:
    """The order as `decide` has made it, stored with its effects and with what `also` stages.

    Where `decide` finds nothing to do, nothing is written. It is asked again about what the order
    has become when somebody was faster. Raises OrderNotFound, Unavailable, and its refusals.
    """
    for retry in range(TRIES):
        if retry:
            pause(retry)
        order, stored = repository.read(order_id)
        effects = decide(order)
        if effects is None:
            return Outcome(order, is_new=False)
        try:
            repository.save(order, stored, effects, also)
        except ConcurrentModification:
            continue
        return Outcome(order, is_new=True)
    raise Unavailable
