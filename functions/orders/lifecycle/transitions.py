"""Which status an order may take next, and its history. Pure: this changes the order in memory.

| from | to |
|---|---|
| pending_payment | paid, cancelled, expired |
| paid | partially_shipped, shipped, cancelled, refunded |
| partially_shipped | shipped, cancelled (by staff), refunded |
| shipped | delivered, cancelled (by staff), refunded |
| delivered | cancelled (by staff), refunded |
| cancelled, expired, refunded | none: money that arrives later is refunded |

An order becomes `refunded` when everything that was received for it has been paid back.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from orders.lifecycle.buyers import is_guest
from shared import clock
from shared.errors.orders import OrderEntryLimitReached, OrderStatusConflict
from shared.storage.models.orders import Order, OrderRefund, OrderStep, ShippingAddress

Status = Literal[
    "pending_payment",
    "paid",
    "partially_shipped",
    "shipped",
    "delivered",
    "cancelled",
    "expired",
    "refunded",
]
STATUSES: tuple[str, ...] = get_args(Status)
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "pending_payment": frozenset({"paid", "cancelled", "expired"}),
    "paid": frozenset({"partially_shipped", "shipped", "cancelled", "refunded"}),
    "partially_shipped": frozenset({"shipped", "cancelled", "refunded"}),
    "shipped": frozenset({"delivered", "cancelled", "refunded"}),
    "delivered": frozenset({"cancelled", "refunded"}),
    "cancelled": frozenset(),
    "expired": frozenset(),
    "refunded": frozenset(),
}
FINISHED = frozenset(status for status, following in TRANSITIONS.items() if not following)
BEFORE_SHIPPING = frozenset({"pending_payment", "paid"})
# Paid for, with units that are still to be shipped: the order needs its address.
TO_SHIP = frozenset({"paid", "partially_shipped"})
SHIPPING = frozenset({"partially_shipped", "shipped", "delivered"})  # a parcel has left

# `by` in the history where no person acts.
SHOP_ACTOR = "shop"  # a schedule, or the shop's own rules
PROVIDER_ACTOR = "payments"  # the payment provider

ENTRIES_MAX = 100  # refunds, returns or notes of one order
BYTES_MAX = 300_000  # of DynamoDB's 400 KB an item; the rest is for history that cannot be refused
STEP_BYTES = 300  # of a history entry without its reason

# Replaces the fingerprint of an anonymized order's request: an address could be guessed from the
# real one. The buyer's account is gone, so nobody can send that request again.
ANONYMIZED = "anonymized"


def change_status(order: Order, to: str, *, by: str, reason: str | None = None) -> None:
    """Give the order its next status. Raises OrderStatusConflict."""
    require_next(order, to)
    order.status = to
    order.history.append(OrderStep(status=to, at=clock.utc_now(), by=by, reason=reason))
    order.awaits = None
    order.expires_at = None
    if order.awaits_anonymization and to not in TO_SHIP:
        anonymize(order)


def require_next(order: Order, to: str) -> None:
    """Raises OrderStatusConflict."""
    if to not in next_statuses(order):
        raise status_conflict(order, to)


def next_statuses(order: Order) -> frozenset[str]:
    """None for a status that only newer code knows: this code may change the rest of the order."""
    return TRANSITIONS.get(order.status, frozenset())


def record_event(order: Order, event: str, *, by: str, reason: str | None = None) -> None:
    """Add an event to the history that leaves the status as it is."""
    step = OrderStep(status=order.status, event=event, at=clock.utc_now(), by=by, reason=reason)
    order.history.append(step)


def anonymize(order: Order) -> None:
    """Remove the address and every text of the buyer. The country stays, for the taxes."""
    order.shipping_address = ShippingAddress(
        name="", line1="", postal_code="", city="", country=order.shipping_address.country
    )
    for shipment in order.shipments:
        shipment.tracking_url = None  # some carriers' links contain the postal code
    order.guest_email = None
    order.fingerprint = ANONYMIZED
    order.awaits_anonymization = False
    for step in order.history:
        if step.by == order.buyer_id or is_guest(step.by):
            step.reason = None


def require_room_for_entry(
    order: Order, entries: Sequence[object], *, entries_max: int | None = None
) -> None:
    """Check that one more entry fits into the order's item. Raises OrderEntryLimitReached.

    What the provider will still report of the refunds has its room already.
    """
    # `default`: newer code may have stored bytes.
    size = len(json.dumps(order.serialize(), ensure_ascii=False, default=str).encode())
    size += sum(map(_unreported_bytes, order.refunds))
    entries_max = ENTRIES_MAX if entries_max is None else entries_max
    if len(entries) >= entries_max or size > BYTES_MAX:
        raise OrderEntryLimitReached(entries_max=entries_max)


def _unreported_bytes(refund: OrderRefund) -> int:
    """What reports of this refund may still add to the history: that it succeeded, then failed."""
    if refund.status == "failed":
        return 0
    if refund.status == "succeeded":
        return STEP_BYTES
    return 2 * STEP_BYTES + len((refund.reason or "").encode())


def status_conflict(order: Order, wanted: str) -> OrderStatusConflict:
    return OrderStatusConflict(
        f"The order is {order.status} and cannot become {wanted}. Get the order before you retry.",
        status=order.status,
        allowed=sorted(next_statuses(order)),
    )
