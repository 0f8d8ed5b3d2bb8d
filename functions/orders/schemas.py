from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from shared.models import Order, OrderLine, OrderStep, ShippingAddress
from shared.money import Money
from shared.schemas import ONE_LINE, RequestBody, View

LINES_MAX = 50  # one transaction of 100 actions holds them with the order and its event to spare
QUANTITY_MAX = 10_000  # a typing error rather than an order

Status = Literal[
    "pending_payment", "paid", "shipped", "delivered", "cancelled", "expired", "refunded"
]


class RequestedLine(RequestBody):
    product_id: str = Field(min_length=1, max_length=64)
    quantity: int = Field(ge=1, le=QUANTITY_MAX)


class Address(RequestBody):
    name: str = Field(min_length=1, max_length=100, pattern=ONE_LINE)
    line1: str = Field(min_length=1, max_length=200, pattern=ONE_LINE)
    line2: str | None = Field(default=None, max_length=200, pattern=ONE_LINE)
    postal_code: str = Field(min_length=1, max_length=20, pattern=ONE_LINE)
    city: str = Field(min_length=1, max_length=100, pattern=ONE_LINE)
    region: str | None = Field(default=None, max_length=100, pattern=ONE_LINE)
    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2.", examples=["DE"])


class OrderRequest(RequestBody):
    """No price: what a line costs is read from the catalog."""

    lines: list[RequestedLine] = Field(min_length=1, max_length=LINES_MAX)
    shipping_address: Address


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
    def of(cls, address: ShippingAddress) -> Self:
        return cls(
            name=address.name or None,
            line1=address.line1 or None,
            line2=address.line2,
            postal_code=address.postal_code or None,
            city=address.city or None,
            region=address.region,
            country=address.country,
        )


class OrderLineView(View):
    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: Money
    line_total: Money

    @classmethod
    def of(cls, line: OrderLine, currency: str) -> Self:
        return cls(
            product_id=line.product_id,
            sku=line.sku,
            name=line.name,
            quantity=int(line.quantity),
            unit_price=Money(amount_minor=int(line.unit_price_minor), currency=currency),
            line_total=Money(amount_minor=int(line.line_total_minor), currency=currency),
        )


class TotalsView(View):
    items: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money


class OrderStepView(View):
    status: Status
    event: str | None = Field(description="What happened, if the status stayed what it was.")
    at: datetime
    by: str
    reason: str | None

    @classmethod
    def of(cls, step: OrderStep) -> Self:
        return cls(status=step.status, event=step.event, at=step.at, by=step.by, reason=step.reason)


class OrderView(View):
    id: str
    status: Status
    lines: list[OrderLineView]
    totals: TotalsView
    shipping_address: AddressView
    history: list[OrderStepView]
    placed_at: datetime
    version: int

    @classmethod
    def of(cls, order: Order) -> Self:
        def money(amount_minor: float) -> Money:
            return Money(amount_minor=int(amount_minor), currency=order.currency)

        totals = order.totals
        return cls(
            id=order.order_id,
            status=order.status,
            lines=[OrderLineView.of(line, order.currency) for line in order.lines],
            totals=TotalsView(
                items=money(totals.items_minor),
                discount=money(totals.discount_minor),
                shipping=money(totals.shipping_minor),
                tax=money(totals.tax_minor),
                total=money(totals.total_minor),
            ),
            shipping_address=AddressView.of(order.shipping_address),
            history=[OrderStepView.of(step) for step in order.history],
            placed_at=order.placed_at,
            version=int(order.version),
        )
