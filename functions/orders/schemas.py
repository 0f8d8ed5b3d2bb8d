from collections.abc import Iterator
from datetime import datetime
from typing import Any, Self

from pydantic import Field

from orders.buyers import is_guest
from orders.fields import AddressLine, Name, PostalCode, PromotionCode
from orders.lifecycle.decisions import SHOP
from orders.lifecycle.provider_events import PROVIDER
from orders.views import (
    AddressView,
    OrderLineView,
    OrderStepView,
    PaymentView,
    RefundView,
    ShipmentView,
    Status,
    TotalsView,
)
from shared.countries import Country
from shared.http.schemas import ONE_LINE, RequestBody, View
from shared.money import Money
from shared.storage.models.orders import Order

LINES_MAX = 50  # one transaction of 100 actions holds them with all that goes with them to spare
QUANTITY_MAX = 10_000  # a typing error rather than an order


class RequestedLine(RequestBody):
    product_id: str = Field(min_length=1, max_length=64)
    quantity: int = Field(ge=1, le=QUANTITY_MAX)


class Address(RequestBody):
    name: Name
    line1: AddressLine
    line2: str | None = Field(default=None, max_length=200, pattern=ONE_LINE)
    postal_code: PostalCode
    city: Name
    region: str | None = Field(default=None, max_length=100, pattern=ONE_LINE)
    country: Country


class PartOfAddress(RequestBody):
    """A whole address, or as much of it as is known; the country and the region count."""

    name: Name | None = None
    line1: AddressLine | None = None
    line2: str | None = Field(default=None, max_length=200, pattern=ONE_LINE)
    postal_code: PostalCode | None = None
    city: Name | None = None
    region: str | None = Field(default=None, max_length=100, pattern=ONE_LINE)
    country: Country


class OrderRequest(RequestBody):
    """No price: what a line costs is read from the catalog."""

    lines: list[RequestedLine] = Field(min_length=1, max_length=LINES_MAX)
    shipping_address: Address
    promotion_code: PromotionCode | None = None
    quoted_total: Money | None = Field(
        default=None,
        description="What the buyer was shown. An order that would cost anything else is refused.",
    )


class QuoteRequest(RequestBody):
    lines: list[RequestedLine] = Field(min_length=1, max_length=LINES_MAX)
    shipping_address: PartOfAddress
    promotion_code: PromotionCode | None = None


class CancelRequest(RequestBody):
    reason: str | None = Field(default=None, min_length=1, max_length=500, pattern=ONE_LINE)


class OrderView(View):
    """As its buyer is shown it."""

    id: str
    status: Status
    lines: list[OrderLineView]
    totals: TotalsView
    tax_included: bool = Field(description="Whether the prices, and so the total, have the tax.")
    promotion_code: str | None
    shipping_address: AddressView
    payment: PaymentView
    refunds: list[RefundView]
    shipment: ShipmentView | None
    history: list[OrderStepView] = Field(
        description="`by` is the buyer's own id, `staff`, `payments` or `shop`."
    )
    placed_at: datetime
    expires_at: datetime | None = Field(description="Until then it waits to be paid.")
    version: int

    @classmethod
    def from_model(cls, order: Order, **more: Any) -> Self:
        """`more` is what a wider view adds, or shows otherwise."""
        currency = order.currency
        shown = {
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
            "history": list(_told_to_its_buyer(order)),
            "placed_at": order.placed_at,
            "expires_at": order.expires_at,
            "version": int(order.version),
        }
        return cls(**shown | more)


def _told_to_its_buyer(order: Order) -> Iterator[OrderStepView]:
    """The history without the ids of the shop's people."""
    for step in order.history:
        # What a guest did before their address had an account is that account's.
        is_buyer = step.by == order.buyer_id or is_guest(step.by)
        named = step.by if step.by in (SHOP, PROVIDER) else "staff"
        yield OrderStepView.from_model(step, by=order.buyer_id if is_buyer else named)
