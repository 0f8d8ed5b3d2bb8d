"""The events about an order, built from the order. Pure."""

from collections.abc import Mapping
from typing import Any

from shared.events.orders import (
    AuthorizationVoided,
    CaptureRequested,
    ConfirmationRequested,
    DisputeClosed,
    DisputeData,
    ManualRefundRequired,
    OrderCancelled,
    OrderData,
    OrderDelivered,
    OrderDisputed,
    OrderedLine,
    OrderExpired,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderRefundedData,
    OrderReturned,
    OrderReturnedData,
    OrderShipped,
    OrderTotalsData,
    RefundData,
    RefundFailed,
    RefundRequested,
    ReturnedLine,
    ShipmentData,
    VoidRequested,
)
from shared.money import Money
from shared.storage.models.orders import Order, OrderDispute, OrderRefund, OrderShipment


def placed(order: Order) -> OrderPlaced:
    return OrderPlaced(data=OrderData(**_order_fields(order)))


def paid(order: Order) -> OrderPaid:
    return OrderPaid(data=OrderData(**_order_fields(order)))


def shipped(order: Order, shipment: OrderShipment) -> OrderShipped:
    return OrderShipped(
        data=ShipmentData(
            **_order_fields(order),
            carrier=shipment.carrier,
            tracking_number=shipment.tracking_number,
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
    lines = [
        ReturnedLine(
            product_id=line.product_id,
            sku=line.sku,
            name=line.name,
            quantity=quantities[line.product_id],
        )
        for line in order.lines
        if line.product_id in quantities
    ]
    return OrderReturned(data=OrderReturnedData(**_order_facts(order), lines=lines))


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
            total=total,
        ),
    }


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
