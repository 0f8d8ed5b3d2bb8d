"""The parts of an order, as clients are shown them."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from orders.lifecycle import balances
from shared.http.schemas import View
from shared.money import Money
from shared.storage.models.orders import (
    Order,
    OrderLine,
    OrderPayment,
    OrderRefund,
    OrderShipment,
    OrderStep,
    OrderTotals,
    ShippingAddress,
)

Status = Literal[
    "pending_payment", "paid", "shipped", "delivered", "cancelled", "expired", "refunded"
]
PaymentStatus = Literal["none", "started", "authorized", "captured", "manual", "void"]
RefundStatus = Literal["requested", "succeeded", "failed"]


class AddressView(View):
    """Where an order goes. Of a buyer whose account was deleted only the country is kept."""

    name: str | None
    line1: str | None
    line2: str | None
    postal_code: str | None
    city: str | None
    region: str | None
    country: str

    @classmethod
    def from_model(cls, address: ShippingAddress) -> Self:
        return cls(
            name=address.name or None,
            line1=address.line1 or None,
            line2=address.line2,
            postal_code=address.postal_code or None,
            city=address.city or None,
            region=address.region,
            country=address.country,
        )


class QuotedLineView(View):
    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: Money
    line_total: Money = Field(description="Before its discount.")
    discount: Money = Field(description="Its share of the order's.")
    tax: Money
    tax_rate_ppm: int = Field(description="Parts per million: 190000 is 19 %.")
    tax_class: str

    @classmethod
    def from_model(cls, line: OrderLine, currency: str, **more: Any) -> Self:
        return cls(
            product_id=line.product_id,
            sku=line.sku,
            name=line.name,
            quantity=int(line.quantity),
            unit_price=money(line.unit_price_minor, currency),
            line_total=money(line.line_total_minor, currency),
            discount=money(line.discount_minor, currency),
            tax=money(line.tax_minor, currency),
            tax_rate_ppm=int(line.tax_rate_ppm),
            tax_class=line.tax_class,
            **more,
        )


class OrderLineView(QuotedLineView):
    returned: int = Field(description="Units of it that are back in stock.")


class TotalsView(View):
    items: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money

    @classmethod
    def from_model(cls, totals: OrderTotals, currency: str) -> Self:
        return cls(
            items=money(totals.items_minor, currency),
            discount=money(totals.discount_minor, currency),
            shipping=money(totals.shipping_minor, currency),
            tax=money(totals.tax_minor, currency),
            total=money(totals.total_minor, currency),
        )


class OrderStepView(View):
    status: Status
    event: str | None = Field(description="What happened, if the status stayed what it was.")
    at: datetime
    by: str
    reason: str | None

    @classmethod
    def from_model(cls, step: OrderStep, *, by: str) -> Self:
        return cls(status=step.status, event=step.event, at=step.at, by=by, reason=step.reason)


class PaymentView(View):
    status: PaymentStatus
    received: Money
    refunded: Money = Field(description="What of it has been paid back.")

    @classmethod
    def from_model(cls, order: Order, **more: Any) -> Self:
        return cls(
            status=_payment_status(order.payment),
            received=money(balances.received_minor(order), order.currency),
            refunded=money(balances.paid_back_minor(order), order.currency),
            **more,
        )


def _payment_status(payment: OrderPayment | None) -> str:
    if payment is None:
        return "none"
    if payment.manual_minor and payment.status != balances.CAPTURED:
        return "manual"
    return payment.status or "none"


class RefundView(View):
    id: str
    amount: Money
    status: RefundStatus
    reason: str | None
    at: datetime

    @classmethod
    def from_model(cls, refund: OrderRefund, currency: str, **more: Any) -> Self:
        return cls(
            id=refund.refund_id,
            amount=money(refund.amount_minor, currency),
            status=refund.status,
            reason=refund.reason,
            at=refund.at,
            **more,
        )


class ShipmentView(View):
    carrier: str
    tracking_number: str | None

    @classmethod
    def from_model(cls, shipment: OrderShipment) -> Self:
        return cls(carrier=shipment.carrier, tracking_number=shipment.tracking_number)


def money(amount_minor: float, currency: str) -> Money:
    return Money(amount_minor=int(amount_minor), currency=currency)
