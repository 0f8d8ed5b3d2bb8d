"""Orders as the events about them tell of them. Pure."""

from collections.abc import Mapping
from typing import Any

from shared.events import (
    AboutOrder,
    AboutRefund,
    CaptureRequested,
    ConfirmationRequested,
    OrderCancelled,
    OrderDelivered,
    OrderedLine,
    OrderExpired,
    OrderPaid,
    OrderPlaced,
    OrderPlacedData,
    OrderRefunded,
    OrderReturned,
    OrderShipped,
    PaymentLost,
    Refunded,
    RefundFailed,
    RefundOwed,
    RefundRequested,
    Return,
    ReturnedLine,
    Shipment,
    VoidRequested,
)
from shared.models import Order, OrderRefund, OrderShipment
from shared.money import Money


def placed(order: Order) -> OrderPlaced:
    lines = [
        OrderedLine(
            product_id=line.product_id,
            sku=line.sku,
            name=line.name,
            quantity=int(line.quantity),
            unit_price=_money(order, line.unit_price_minor),
            line_total=_money(order, line.line_total_minor),
        )
        for line in order.lines
    ]
    return OrderPlaced(data=OrderPlacedData(**_about(order), lines=lines))


def paid(order: Order) -> OrderPaid:
    return OrderPaid(data=AboutOrder(**_about(order)))


def shipped(order: Order, shipment: OrderShipment) -> OrderShipped:
    return OrderShipped(
        data=Shipment(
            **_about(order),
            carrier=shipment.carrier,
            tracking_number=shipment.tracking_number,
        )
    )


def delivered(order: Order) -> OrderDelivered:
    return OrderDelivered(data=AboutOrder(**_about(order)))


def cancelled(order: Order) -> OrderCancelled:
    return OrderCancelled(data=AboutOrder(**_about(order)))


def expired(order: Order) -> OrderExpired:
    return OrderExpired(data=AboutOrder(**_about(order)))


def returned(order: Order, quantities: Mapping[str, int]) -> OrderReturned:
    lines = [ReturnedLine(product_id=key, quantity=it) for key, it in quantities.items()]
    return OrderReturned(data=Return(**_about(order), lines=lines))


def capture_requested(order: Order) -> CaptureRequested:
    return CaptureRequested(data=AboutOrder(**_about(order)))


def void_requested(order: Order) -> VoidRequested:
    return VoidRequested(data=AboutOrder(**_about(order)))


def payment_lost(order: Order) -> PaymentLost:
    return PaymentLost(data=AboutOrder(**_about(order)))


def refund_owed(order: Order) -> RefundOwed:
    return RefundOwed(data=AboutOrder(**_about(order)))


def refund_requested(order: Order, refund: OrderRefund) -> RefundRequested:
    return RefundRequested(data=AboutRefund(**_about_refund(order, refund)))


def refunded(order: Order, refund: OrderRefund, *, is_full: bool) -> OrderRefunded:
    return OrderRefunded(data=Refunded(**_about_refund(order, refund), is_full=is_full))


def refund_failed(order: Order, refund: OrderRefund) -> RefundFailed:
    return RefundFailed(data=AboutRefund(**_about_refund(order, refund)))


def confirmation_requested(order: Order) -> ConfirmationRequested:
    return ConfirmationRequested(data=AboutOrder(**_about(order)))


def _about(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "buyer_id": order.buyer_id,
        "total": _money(order, order.totals.total_minor),
    }


def _about_refund(order: Order, refund: OrderRefund) -> dict[str, Any]:
    return {
        **_about(order),
        "refund_id": refund.refund_id,
        "amount": _money(order, refund.amount_minor),
    }


def _money(order: Order, amount_minor: float) -> Money:
    return Money(amount_minor=int(amount_minor), currency=order.currency)
