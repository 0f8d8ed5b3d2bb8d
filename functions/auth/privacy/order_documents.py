"""The part of a stored order that is about its buyer, as a JSON-ready document. Pure.

An allow-list: an attribute that is not named here is not exported. Ids and words of the shop's
staff, and internal attributes, stay out.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.storage.models.orders import (
    Order,
    OrderCancellation,
    OrderLine,
    OrderPayment,
    OrderRefund,
    OrderShipment,
    OrderStep,
    OrderTax,
    OrderTotals,
    ShippingAddress,
)

Document = dict[str, Any]

GUEST_PREFIX = "gst_"  # of the buyer's id before the order was linked to the account


def document_from_order(order: Order) -> Document:
    """Return money as `{"amount_minor", "currency"}` and times as RFC 3339 in UTC with `Z`."""
    currency = order.currency
    return {
        "id": order.order_id,
        "status": order.status,
        "currency": currency,
        "lines": [_line(line, currency) for line in order.lines],
        "totals": _totals(order.totals, currency),
        "tax_included": bool(order.tax_included),
        **_promotion(order),
        "shipping_address": _address(order.shipping_address),
        "guest_email": order.guest_email,
        "payment": _payment(order.payment, currency) if order.payment else None,
        "refunds": [_refund(refund, currency) for refund in order.refunds],
        "shipments": [_parcel(parcel) for parcel in order.shipments],
        "shipment": _shipment(order),
        "cancellations": [_cancellation(each, currency) for each in order.cancellations],
        "history": [_step(step, order) for step in order.history],
        "placed_at": _time(order.placed_at),
        "expires_at": _time(order.expires_at),
    }


def _promotion(order: Order) -> Document:
    promotion = order.promotion
    if promotion is None:
        return {"promotion_code": None, "promotion_name": None}
    return {
        "promotion_code": None if promotion.is_automatic else promotion.code,
        "promotion_name": promotion.name,
    }


def _line(line: OrderLine, currency: str) -> Document:
    return {
        "product_id": line.product_id,
        "sku": line.sku,
        "name": line.name,
        "quantity": int(line.quantity),
        "returned": int(line.returned),
        "cancelled": int(line.cancelled or 0),
        "unit_price": _money(line.unit_price_minor, currency),
        "line_total": _money(line.line_total_minor, currency),
        "discount": _money(line.discount_minor, currency),
        "tax": _money(line.tax_minor, currency),
        "tax_class": line.tax_class,
        "tax_rate_ppm": int(line.tax_rate_ppm),
        "taxes": [_tax(tax, currency) for tax in line.list_taxes()],
        "stock_policy": line.stock_policy,
        "backordered": int(line.backordered),
    }


def _tax(tax: OrderTax, currency: str) -> Document:
    return {
        "name": tax.name,
        "rate_ppm": tax.find_rate(),
        "amount": _money(tax.amount_minor, currency),
    }


def _totals(totals: OrderTotals, currency: str) -> Document:
    return {
        "items": _money(totals.items_minor, currency),
        "discount": _money(totals.discount_minor, currency),
        "shipping": _money(totals.shipping_minor, currency),
        "tax": _money(totals.tax_minor, currency),
        "taxes": [_tax(tax, currency) for tax in totals.list_taxes()],
        "total": _money(totals.total_minor, currency),
    }


def _address(address: ShippingAddress) -> Document:
    return {
        "name": address.name,
        "company": address.company,
        "line1": address.line1,
        "line2": address.line2,
        "postal_code": address.postal_code,
        "city": address.city,
        "region": address.region,
        "country": address.country,
        "phone": address.phone,
    }


def _payment(payment: OrderPayment, currency: str) -> Document:
    return {
        "status": payment.status,
        "captured": _money(payment.captured_minor, currency),
        "manual": _money(payment.manual_minor, currency),
    }


def _refund(refund: OrderRefund, currency: str) -> Document:
    """Without its reason, which staff wrote."""
    return {
        "id": refund.refund_id,
        "amount": _money(refund.amount_minor, currency),
        "status": refund.status,
        "at": _time(refund.at),
    }


def _parcel(parcel: OrderShipment) -> Document:
    return {
        "id": parcel.shipment_id,
        "lines": _units(parcel.quantities_json),
        "carrier": parcel.carrier,
        "tracking_number": parcel.tracking_number,
        "tracking_url": parcel.tracking_url,
        "at": _time(parcel.at),
    }


def _cancellation(cancellation: OrderCancellation, currency: str) -> Document:
    """Without its reason, which staff wrote."""
    return {
        "id": cancellation.cancellation_id,
        "lines": _units(cancellation.quantities_json),
        "amount": _money(cancellation.amount_minor, currency),
        "tax": _money(cancellation.tax_minor, currency),
        "taxes": [_tax(tax, currency) for tax in cancellation.taxes],
        "at": _time(cancellation.at),
    }


def _units(quantities: Mapping[str, int]) -> list[Document]:
    return [
        {"product_id": product_id, "quantity": int(quantity)}
        for product_id, quantity in quantities.items()
    ]


def _shipment(order: Order) -> Document | None:
    if order.shipment is None:
        return None
    return {
        "carrier": order.shipment.carrier,
        "tracking_number": order.shipment.tracking_number,
    }


def _step(step: OrderStep, order: Order) -> Document:
    """`by` is `buyer` or `shop`. Only the buyer's own reasons are included."""
    buyers = (order.buyer_id, order.history[0].by)  # the second placed it
    is_buyer = step.by in buyers or step.by.startswith(GUEST_PREFIX)
    return {
        "status": step.status,
        "event": step.event,
        "at": _time(step.at),
        "by": "buyer" if is_buyer else "shop",
        "reason": step.reason if is_buyer else None,
    }


def _money(amount_minor: float, currency: str) -> Document:
    return {"amount_minor": int(amount_minor), "currency": currency}


def _time(time: datetime | None) -> str | None:
    if time is None:
        return None
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
