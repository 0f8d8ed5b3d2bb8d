"""An order, as its buyer sees it; `fulfilment.views` adds what staff see."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from orders.lifecycle import balances
from orders.lifecycle.buyers import is_guest
from orders.lifecycle.transitions import PROVIDER_ACTOR, SHOP_ACTOR, Status
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

PaymentStatus = Literal["none", "started", "authorized", "captured", "manual", "void"]
RefundStatus = Literal["requested", "succeeded", "failed"]

TAX_INCLUDED = "Whether the prices, and so the total, include the tax."


class AddressView(View):
    """The shipping address. Only the country remains when the buyer's account was deleted."""

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
    line_total: Money = Field(description="Before the discount.")
    discount: Money = Field(description="The line's share of the order's discount.")
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
    returned: int = Field(description="Units that are back in stock.")


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
    event: str | None = Field(description="What happened; null when the status changed.")
    at: datetime
    by: str
    reason: str | None

    @classmethod
    def from_model(cls, step: OrderStep, *, by: str) -> Self:
        return cls(status=step.status, event=step.event, at=step.at, by=by, reason=step.reason)


class PaymentView(View):
    status: PaymentStatus
    received: Money
    refunded: Money = Field(description="The sum of the refunds that succeeded.")

    @classmethod
    def from_model(cls, order: Order, **more: Any) -> Self:
        return cls(
            status=_payment_status(order.payment),
            received=money(balances.received_minor(order), order.currency),
            refunded=money(balances.refunded_minor(order), order.currency),
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


class OrderView(View):
    """An order, as its buyer sees it."""

    id: str
    status: Status
    lines: list[OrderLineView]
    totals: TotalsView
    tax_included: bool = Field(description=TAX_INCLUDED)
    promotion_code: str | None
    shipping_address: AddressView
    payment: PaymentView
    refunds: list[RefundView]
    shipment: ShipmentView | None
    history: list[OrderStepView] = Field(
        description="`by` is the buyer's id, `staff`, `payments` or `shop`."
    )
    placed_at: datetime
    expires_at: datetime | None = Field(
        description="When the order expires unless it is paid; null once it is paid or finished."
    )
    version: int

    @classmethod
    def from_model(cls, order: Order, **more: Any) -> Self:
        """`more` has the fields that a wider view adds or replaces."""
        currency = order.currency
        fields = {
            "id": order.order_id,
            "status": order.status,
            "lines": [
                OrderLineView.from_model(line, currency, returned=int(line.returned))
                for line in order.lines
            ],
            "totals": TotalsView.from_model(order.totals, currency),
            "tax_included": bool(order.tax_included),
            "promotion_code": order.promotion.code if order.promotion else None,
            "shipping_address": AddressView.from_model(order.shipping_address),
            "payment": PaymentView.from_model(order),
            "refunds": [RefundView.from_model(refund, currency) for refund in order.refunds],
            "shipment": ShipmentView.from_model(order.shipment) if order.shipment else None,
            "history": list(_buyer_history(order)),
            "placed_at": order.placed_at,
            "expires_at": order.expires_at,
            "version": int(order.version),
        }
        return cls(**fields | more)


def _buyer_history(order: Order) -> Iterator[OrderStepView]:
    """The history without the ids of staff."""
    for step in order.history:
        # A guest's steps belong to the account that the order was linked to later.
        is_buyer = step.by == order.buyer_id or is_guest(step.by)
        actor = step.by if step.by in (SHOP_ACTOR, PROVIDER_ACTOR) else "staff"
        yield OrderStepView.from_model(step, by=order.buyer_id if is_buyer else actor)


class GuestOrderView(OrderView):
    order_token: str = Field(
        description="Grants access to this order for 90 days. Keep it as secret as a password."
    )


def money(amount_minor: float, currency: str) -> Money:
    return Money(amount_minor=int(amount_minor), currency=currency)
