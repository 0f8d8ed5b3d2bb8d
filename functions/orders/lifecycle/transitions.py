"""What an order may become, and what goes with it. Pure: an order is changed in memory alone.

| from | to |
|---|---|
| pending_payment | paid, cancelled, expired |
| paid | shipped, cancelled, refunded |
| shipped | delivered, cancelled (by staff), refunded |
| delivered | cancelled (by staff), refunded |
| cancelled, expired, refunded | nothing: money that still comes in is paid back |

It is refunded once all that was received has been paid back.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orders.lifecycle import anonymize
from shared import clock
from shared.errors.orders import OrderEntryLimitReached, OrderStatusConflict
from shared.events.all_events import OrderEvent
from shared.storage.models.orders import Order, OrderStep

STATUSES = (
    "pending_payment",
    "paid",
    "shipped",
    "delivered",
    "cancelled",
    "expired",
    "refunded",
)
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "pending_payment": frozenset({"paid", "cancelled", "expired"}),
    "paid": frozenset({"shipped", "cancelled", "refunded"}),
    "shipped": frozenset({"delivered", "cancelled", "refunded"}),
    "delivered": frozenset({"cancelled", "refunded"}),
    "cancelled": frozenset(),
    "expired": frozenset(),
    "refunded": frozenset(),
}
FINISHED = frozenset(status for status, after in TRANSITIONS.items() if not after)
BEFORE_SHIPPING = frozenset({"pending_payment", "paid"})


@dataclass(frozen=True, slots=True)
class StockMove:
    """What is added to a shard of a product's stock."""

    product_id: str
    shard: int
    available: int
    allocated: int


@dataclass(slots=True)
class Effects:
    """What is written together with the order."""

    events: list[OrderEvent] = field(default_factory=list)
    stock: list[StockMove] = field(default_factory=list)
    gives_promotion_back: bool = False

    def add(self, more: "Effects") -> None:
        self.events += more.events
        self.stock += more.stock


ENTRIES_MAX = 100  # refunds, returns or notes of one order
BYTES_MAX = 300_000  # of the 400 KB of an item; the rest is for what comes by itself


def advance(order: Order, to: str, *, by: str, reason: str | None = None) -> None:
    """The order in its next status. Raises OrderStatusConflict."""
    if to not in TRANSITIONS[order.status]:
        raise conflict(order, to)
    order.status = to
    order.history.append(OrderStep(status=to, at=clock.utc_now(), by=by, reason=reason))
    order.awaits = None
    order.expires_at = None
    if order.is_erased_when_sent:
        anonymize.erase(order)


def record(order: Order, event: str, *, by: str, reason: str | None = None) -> None:
    """In the history: what has happened to an order that is what it was before."""
    step = OrderStep(status=order.status, event=event, at=clock.utc_now(), by=by, reason=reason)
    order.history.append(step)


def require_room(order: Order, entries: Sequence[object]) -> None:
    """For one more. Raises OrderEntryLimitReached."""
    size = len(json.dumps(order.serialize(), ensure_ascii=False).encode())
    if len(entries) >= ENTRIES_MAX or size > BYTES_MAX:
        raise OrderEntryLimitReached(
            "The order has no room for more of these.", entries_max=ENTRIES_MAX
        )


def conflict(order: Order, wanted: str) -> OrderStatusConflict:
    allowed = sorted(TRANSITIONS[order.status])
    return OrderStatusConflict(
        f"The order is {order.status}: it cannot become {wanted}.",
        status=order.status,
        allowed=allowed,
    )
