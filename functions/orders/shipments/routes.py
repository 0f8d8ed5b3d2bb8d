from aws_lambda_powertools.event_handler import Response

from orders.fulfilment.views import StaffOrderDetail
from orders.shipments import service as shipments
from orders.shipments.schemas import CancellationRequest, NewShipment, ShipmentPatch
from orders.shipments.views import ShipmentList, StaffShipmentView
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import IdempotencyKey, IfMatch, IfNoneMatch
from shared.http.responses import created_response, ok_response
from shared.security.permissions import Permission

routes = Routes()


@routes.get("/v1/staff/orders/<order_id>/shipments", tags=["Fulfilment"])
@requires(Permission.READ_ALL_ORDERS)
def list_shipments(order_id: str) -> ShipmentList:
    """List the parcels of an order, the oldest first."""
    found = shipments.list_shipments(order_id)
    return ShipmentList(items=[StaffShipmentView.from_model(shipment) for shipment in found])


@routes.post("/v1/staff/orders/<order_id>/shipments", status_code=201, tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def create_shipment(
    order_id: str, request: NewShipment, idempotency_key: IdempotencyKey
) -> Response[StaffOrderDetail]:
    """Ship a part of an order in a parcel, and mail the buyer what is in it.

    While units are still to be shipped, the order is `partially_shipped`. With the last of them it
    becomes `shipped`. An order takes 50 parcels; the last one must have all that is left.

    If the payment is only authorized, the shop captures it with the first parcel, without what was
    cancelled before. If you send the same `Idempotency-Key` again, nothing more changes and you get
    the order in its current state.
    """
    outcome, shipment_id = shipments.create_shipment(
        routes.caller, order_id, request, idempotency_key
    )
    return created_response(
        StaffOrderDetail.from_model(outcome.order),
        location=f"/v1/staff/orders/{order_id}/shipments/{shipment_id}",
        idempotency_replayed="false" if outcome.is_new else "true",
    )


@routes.get("/v1/staff/orders/<order_id>/shipments/<shipment_id>", tags=["Fulfilment"])
@requires(Permission.READ_ALL_ORDERS)
def get_shipment(
    order_id: str, shipment_id: str, if_none_match: IfNoneMatch = None
) -> Response[StaffShipmentView]:
    """Get a parcel of an order."""
    view = StaffShipmentView.from_model(shipments.get_shipment(order_id, shipment_id))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.patch("/v1/staff/orders/<order_id>/shipments/<shipment_id>", tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def update_shipment(
    order_id: str, shipment_id: str, changes: ShipmentPatch, if_match: IfMatch
) -> Response[StaffShipmentView]:
    """Correct the carrier, tracking number or link of a parcel (RFC 7396).

    Omitted fields keep their values. The shop sends no mail about a correction; the buyer sees it
    in the order. It is possible until the order is delivered, cancelled or refunded.
    """
    shipment = shipments.update_shipment(
        routes.caller, order_id, shipment_id, changes, ExpectedVersion.parse(if_match)
    )
    view = StaffShipmentView.from_model(shipment)
    return ok_response(view, version=view.version)


@routes.post("/v1/staff/orders/<order_id>/cancellations", status_code=201, tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def cancel_order_units(
    order_id: str, request: CancellationRequest, idempotency_key: IdempotencyKey
) -> Response[StaffOrderDetail]:
    """Cancel units of a paid order that are still to be shipped, and pay them back.

    The units can be sold again. The shop refunds their share of what their lines cost, after the
    discount and with tax, and mails the buyer. Shipping is refunded only if nothing of the order
    ships: if you cancel all of an order before its first parcel, you cancel the order. Staff refund
    a manual payment themselves. If you cancel all that is left later, the order is `shipped`.

    If the order is paid, you need the permission `orders:refund` too. If you send the same
    `Idempotency-Key` again, nothing more changes and you get the order in its current state.
    """
    outcome = shipments.cancel_units(routes.caller, order_id, request, idempotency_key)
    return created_response(
        StaffOrderDetail.from_model(outcome.order),
        location=f"/v1/staff/orders/{order_id}",
        idempotency_replayed="false" if outcome.is_new else "true",
    )
