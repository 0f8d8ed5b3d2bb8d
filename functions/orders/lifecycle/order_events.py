"""The events about an order, built from the order. Pure."""

from collections.abc import Mapping
from typing import Any

from shared.events.order_data import (
    BuyerChangedData,
    CancellationData,
    DisputeData,
    OrderData,
    OrderedLine,
    OrderRefundedData,
    OrderReturnedData,
    OrderTotalsData,
    RefundData,
    ReturnedLine,
    ShipmentData,
    TaxData,
)
from shared.events.orders import (
    AuthorizationVoided,
    CaptureRequested,
    ConfirmationRequested,
    DisputeClosed,
    ManualRefundRequired,
    OrderAddressChanged,
    OrderBuyerChanged,
    OrderCancelled,
    OrderDelivered,
    OrderDisputed,
    OrderExpired,
    OrderPaid,
    OrderPartiallyCancelled,
    OrderPartiallyShipped,
    OrderPlaced,
    OrderRefunded,
    OrderReturned,
    OrderShipped,
    RefundFailed,
    RefundRequested,
    VoidRequested,
)
from shared.money import Money
from shared.storage.models.orders import (
    Order,
    OrderCancellation,
    OrderDispute,
    OrderRefund,
    OrderShipment,
)


def placed(order: Order) -> OrderPlaced:
    return OrderPlaced(data=OrderData(**_order_fields(order)))


def paid(order: Order) -> OrderPaid:
    return OrderPaid(data=OrderData(**_order_fields(order)))


def shipped(order: Order, shipment: OrderShipment | None) -> OrderShipped:
    """Nothing is left to ship; without a shipment, because the rest was cancelled."""
    return OrderShipped(data=ShipmentData(**_shipment_fields(order, shipment)))


def partially_shipped(order: Order, shipment: OrderShipment) -> OrderPartiallyShipped:
    return OrderPartiallyShipped(data=ShipmentData(**_shipment_fields(order, shipment)))


def partially_cancelled(order: Order, cancellation: OrderCancellation) -> OrderPartiallyCancelled:
    return OrderPartiallyCancelled(
        data=CancellationData(
            **_order_facts(order),
            lines=_unit_lines(order, cancellation.quantities_json),
            cancellation_id=cancellation.cancellation_id,
            amount=_money(order, cancellation.amount_minor),
        )
    )


def delivered(order: Order) -> OrderDelivered:
    return OrderDelivered(data=OrderData(**_order_fields(order)))


def cancelled(order: Order) -> OrderCancelled:
    return OrderCancelled(data=OrderData(**_order_fields(order)))


def expired(order: Order) -> OrderExpired:
    return OrderExpired(data=OrderData(**_order_fields(order)))


def returned(order: Order, quantities: Mapping[str, int]) -> OrderReturned:
    """`quantities` has the returned units by product."""
    lines = _unit_lines(order, quantities)
    return OrderReturned(data=OrderReturnedData(**_order_facts(order), lines=lines))


def address_changed(order: Order) -> OrderAddressChanged:
    return OrderAddressChanged(data=OrderData(**_order_fields(order)))


def buyer_changed(order: Order, *, previous_id: str) -> OrderBuyerChanged:
    data = BuyerChangedData(**_order_fields(order), previous_buyer_id=previous_id)
    return OrderBuyerChanged(data=data)


def capture_requested(order: Order) -> CaptureRequested:
    return CaptureRequested(data=OrderData(**_order_fields(order)))


def void_requested(order: Order) -> VoidRequested:
    return VoidRequested(data=OrderData(**_order_fields(order)))


def authorization_voided(order: Order) -> AuthorizationVoided:
    return AuthorizationVoided(data=OrderData(**_order_fields(order)))


def manual_refund_required(order: Order) -> ManualRefundRequired:
    return ManualRefundRequired(data=OrderData(**_order_fields(order)))


def refund_requested(order: Order, refund: OrderRefund) -> RefundRequested:
    return RefundRequested(data=RefundData(**_refund_fields(order, refund)))


def refunded(
    order: Order, refund: OrderRefund, *, amount_minor: int, is_full: bool
) -> OrderRefunded:
    """`amount_minor` is the part of the refund that counts."""
    fields = _refund_fields(order, refund) | {"amount": _money(order, amount_minor)}
    return OrderRefunded(data=OrderRefundedData(**fields, is_full=is_full))


def refund_failed(order: Order, refund: OrderRefund) -> RefundFailed:
    return RefundFailed(data=RefundData(**_refund_fields(order, refund)))


def disputed(order: Order, dispute: OrderDispute) -> OrderDisputed:
    return OrderDisputed(data=DisputeData(**_dispute_fields(order, dispute)))


def dispute_closed(order: Order, dispute: OrderDispute) -> DisputeClosed:
    return DisputeClosed(data=DisputeData(**_dispute_fields(order, dispute)))


def confirmation_requested(order: Order) -> ConfirmationRequested:
    return ConfirmationRequested(data=OrderData(**_order_fields(order)))


def _order_facts(order: Order) -> dict[str, Any]:
    totals = order.totals
    total = _money(order, totals.total_minor)
    return {
        "order_id": order.order_id,
        "buyer_id": order.buyer_id,
        "total": total,
        "currency": order.currency,
        "totals": OrderTotalsData(
            items=_money(order, totals.items_minor),
            discount=_money(order, totals.discount_minor),
            shipping=_money(order, totals.shipping_minor),
            tax=_money(order, totals.tax_minor),
            taxes=_taxes(order),
            total=total,
        ),
    }


def _taxes(order: Order) -> list[TaxData]:
    return [
        TaxData(
            name=tax.name,
            rate_ppm=tax.find_rate(),
            amount=_money(order, tax.amount_minor),
        )
        for tax in order.totals.list_taxes()
    ]


def _order_fields(order: Order) -> dict[str, Any]:
    lines = [
        OrderedLine(
            product_id=line.product_id,
            sku=line.sku,
            name=line.name,
            quantity=int(line.quantity),
            unit_price=_money(order, line.unit_price_minor),
            line_total=_money(order, line.line_total_minor),
            stock_policy=line.stock_policy,
            backordered=int(line.backordered),
        )
        for line in order.lines
    ]
    return {**_order_facts(order), "lines": lines}


def _unit_lines(order: Order, quantities: Mapping[str, int]) -> list[ReturnedLine]:
    return [
        ReturnedLine(
            product_id=line.product_id,
            sku=line.sku,
            name=line.name,
            quantity=quantities[line.product_id],
        )
        for line in order.lines
        if quantities.get(line.product_id)
    ]


def _shipment_fields(order: Order, shipment: OrderShipment | None) -> dict[str, Any]:
    latest = shipment or order.shipments[-1]
    quantities = shipment.quantities_json or {} if shipment else {}
    return {
        **_order_fields(order),
        "carrier": latest.carrier,
        "tracking_number": latest.tracking_number,
        "tracking_url": latest.tracking_url,
        "shipment_id": shipment.shipment_id if shipment else None,
        "shipped_lines": _unit_lines(order, quantities),
    }


def _refund_fields(order: Order, refund: OrderRefund) -> dict[str, Any]:
    return {
        **_order_fields(order),
        "refund_id": refund.refund_id,
        "amount": _money(order, refund.amount_minor),
    }


def _dispute_fields(order: Order, dispute: OrderDispute) -> dict[str, Any]:
    return {
        **_order_fields(order),
        "dispute_id": dispute.dispute_id,
        "amount": _money(order, dispute.amount_minor),
        "status": dispute.status,
        "reason": dispute.reason,
    }


def _money(order: Order, amount_minor: float) -> Money:
    return Money(amount_minor=int(amount_minor), currency=order.currency)
