"""Ships an order in one or several parcels. Pure; as in `decisions`.

The first parcel has the payment captured, whatever is still to be shipped: a payment is captured
once. What is cancelled afterwards is refunded.
"""

from collections.abc import Mapping

from orders.lifecycle import balances, open_requests, order_events, order_quantities
from orders.lifecycle.decisions import require_same_request
from orders.lifecycle.effects import Effects
from orders.lifecycle.transitions import (
    TO_SHIP,
    change_status,
    record_event,
    require_room_for_entry,
    status_conflict,
)
from shared import clock, ids
from shared.records import Record
from shared.storage.models.orders import Order, OrderShipment

# Of one order. The last one must have all that is left, so that an order can always be shipped.
SHIPMENTS_MAX = 50
EDITABLE = frozenset({"partially_shipped", "shipped"})  # statuses; then the parcel has arrived


class Tracking(Record):
    """Who carries a parcel, and where the buyer can follow it."""

    carrier: str
    tracking_number: str | None = None
    tracking_url: str | None = None


def ship(order: Order, tracking: Tracking, *, by: str) -> Effects | None:
    """Ship all that is left. A repetition has the carrier and number of the last parcel.

    Raises OrderStatusConflict, also when the authorization was lost or everything is refunded.
    """
    if order.status in ("shipped", "delivered") and _is_of(order.shipment, tracking):
        return None
    return _ship(order, order_quantities.choose_open(order, None), tracking, by=by)


def create_shipment(  # noqa: PLR0913 (the fields of a parcel)
    order: Order,
    quantities: Mapping[str, int] | None,
    tracking: Tracking,
    *,
    by: str,
    key: str,
    fingerprint: str,
) -> Effects | None:
    """Ship these units by product, or all that is left. `key` identifies the parcel.

    Raises OpenQuantityExceeded, IdempotencyKeyReused, OrderEntryLimitReached, and
    OrderStatusConflict as `ship` does.
    """
    known = find_shipment(order, shipment_id(order, key))
    if known:
        require_same_request(known.fingerprint, fingerprint)
        return None
    _require_shippable(order)
    chosen = order_quantities.choose_open(order, quantities)
    return _ship(order, chosen, tracking, by=by, key=key, fingerprint=fingerprint)


def shipment_id(order: Order, key: str) -> str:
    return ids.derived_id("shp", order.order_id, "requested", key)


def find_shipment(order: Order, shipment_id: str) -> OrderShipment | None:
    return next(
        (
            shipment
            for shipment in order_quantities.list_shipments(order)
            if shipment.shipment_id == shipment_id
        ),
        None,
    )


def edit_tracking(
    order: Order, known: OrderShipment, tracking: Tracking, *, by: str
) -> Effects | None:
    """Correct one of the order's parcels. Raises OrderStatusConflict once it must have arrived."""
    if _is_of(known, tracking) and known.tracking_url == tracking.tracking_url:
        return None
    if order.status not in EDITABLE:
        raise status_conflict(order, "shipped with another carrier or number")
    order_quantities.store_counts(order)
    shipment = find_shipment(order, known.shipment_id) or known
    shipment.carrier = tracking.carrier
    shipment.tracking_number = tracking.tracking_number
    shipment.tracking_url = tracking.tracking_url
    shipment.version = int(known.version) + 1
    _set_latest(order)
    record_event(order, "shipment_updated", by=by)
    return Effects()


def _require_shippable(order: Order) -> None:
    """Raises OrderStatusConflict."""
    is_payment_lost = balances.is_fully_claimed(order) or balances.has_lost_authorization(order)
    if order.status not in TO_SHIP or is_payment_lost or not order_quantities.count_open(order):
        raise status_conflict(order, "shipped")


def _ship(  # noqa: PLR0913 (the fields of a parcel)
    order: Order,
    quantities: Mapping[str, int],
    tracking: Tracking,
    *,
    by: str,
    key: str | None = None,
    fingerprint: str | None = None,
) -> Effects:
    _require_shippable(order)
    is_last = sum(quantities.values()) == order_quantities.count_open(order)
    if not is_last:
        require_room_for_entry(order, order.shipments, entries_max=SHIPMENTS_MAX - 1)
    order_quantities.store_counts(order)
    effects = Effects(stock=order_quantities.ship(order, quantities))
    shipment = OrderShipment(
        carrier=tracking.carrier,
        tracking_number=tracking.tracking_number,
        tracking_url=tracking.tracking_url,
        shipment_id=ids.new_id("shp") if key is None else shipment_id(order, key),
        quantities_json=dict(quantities),
        by=by,
        at=clock.utc_now(),
        fingerprint=fingerprint,
        version=1,
    )
    order.shipments.append(shipment)
    _set_latest(order)
    _change_status(order, is_last=is_last, by=by)
    event = order_events.shipped if is_last else order_events.partially_shipped
    effects.events.append(event(order, shipment))
    if open_requests.is_uncaptured(order):
        is_needed = balances.due_minor(order) > 0
        request = order_events.capture_requested if is_needed else order_events.void_requested
        effects.events.append(request(order))
    return effects


def _change_status(order: Order, *, is_last: bool, by: str) -> None:
    if is_last:
        change_status(order, "shipped", by=by)
    elif order.status == "paid":
        change_status(order, "partially_shipped", by=by)
    else:
        record_event(order, "shipment_created", by=by)


def _set_latest(order: Order) -> None:
    last = order.shipments[-1]
    order.shipment = OrderShipment(carrier=last.carrier, tracking_number=last.tracking_number)


def _is_of(known: OrderShipment | None, tracking: Tracking) -> bool:
    return (
        known is not None
        and known.carrier == tracking.carrier
        and known.tracking_number == tracking.tracking_number
    )
