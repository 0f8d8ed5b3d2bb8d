"""What staff do with a part of an order: ship it in a parcel, or cancel it and pay it back."""

from functools import partial

from orders.fulfilment.service import fingerprint_of, update_as_staff
from orders.lifecycle import balances, cancellations, order_quantities, shipping
from orders.lifecycle import repository as orders
from orders.lifecycle.effects import Effects
from orders.lifecycle.service import Outcome
from orders.lifecycle.shipping import Tracking
from orders.shipments.schemas import CancellationRequest, NewShipment, ShipmentPatch
from shared.errors.accounts import Forbidden
from shared.errors.parcels import ShipmentNotFound
from shared.http.etags import ExpectedVersion
from shared.security.permissions import Permission, Principal
from shared.storage.models.orders import Order, OrderShipment


def list_shipments(order_id: str) -> list[OrderShipment]:
    """The oldest first. Raises OrderNotFound."""
    return order_quantities.list_shipments(orders.get_order(order_id))


def get_shipment(order_id: str, shipment_id: str) -> OrderShipment:
    """Raises OrderNotFound and ShipmentNotFound."""
    return _find(orders.get_order(order_id), shipment_id)


def create_shipment(
    staff: Principal, order_id: str, request: NewShipment, key: str
) -> tuple[Outcome, str]:
    """The order, and the parcel's id.

    Raises OrderNotFound, Unavailable, and what `shipping.create_shipment` does.
    """
    quantities, tracking = request.to_quantities(), request.to_tracking()
    decide = partial(
        shipping.create_shipment,
        quantities=quantities,
        tracking=tracking,
        by=staff.user_id,
        key=key,
        fingerprint=fingerprint_of(quantities, request.model_dump(exclude={"lines"})),
    )
    outcome = update_as_staff(staff, "create_shipment", order_id, decide)
    return outcome, shipping.shipment_id(outcome.order, key)


def update_shipment(
    staff: Principal,
    order_id: str,
    shipment_id: str,
    changes: ShipmentPatch,
    expected: ExpectedVersion,
) -> OrderShipment:
    """Raises OrderNotFound, ShipmentNotFound, OrderStatusConflict, StaleVersion and Unavailable."""

    def decide(order: Order) -> Effects | None:
        known = _find(order, shipment_id)
        expected.check(int(known.version))
        before = Tracking(known.carrier, known.tracking_number, known.tracking_url)
        return shipping.edit_tracking(order, known, changes.apply_to(before), by=staff.user_id)

    outcome = update_as_staff(staff, "update_shipment", order_id, decide)
    return _find(outcome.order, shipment_id)


def cancel_units(
    staff: Principal, order_id: str, request: CancellationRequest, key: str
) -> Outcome:
    """Raises OrderNotFound, Unavailable, Forbidden, and what `cancellations.cancel_units` does."""
    quantities = request.to_quantities()

    def decide(order: Order) -> Effects | None:
        if balances.received_minor(order) and not staff.may(Permission.REFUND_ORDERS):
            raise Forbidden(
                "Cancelling units of this order refunds them. Ask somebody who may refund orders.",
                permission=Permission.REFUND_ORDERS,
            )
        return cancellations.cancel_units(
            order,
            quantities,
            by=staff.user_id,
            reason=request.reason,
            key=key,
            fingerprint=fingerprint_of(quantities, request.reason),
        )

    return update_as_staff(staff, "cancel_order_units", order_id, decide)


def _find(order: Order, shipment_id: str) -> OrderShipment:
    """Raises ShipmentNotFound."""
    shipment = shipping.find_shipment(order, shipment_id)
    if shipment is None:
        raise ShipmentNotFound
    return shipment
