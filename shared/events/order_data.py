"""What the events of orders say."""

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from shared.events.base import Frozen
from shared.money import Money


class OrderedLine(Frozen):
    """What has a default is missing in events that an earlier release wrote."""

    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: Money
    line_total: Money
    stock_policy: str | SkipJsonSchema[None] = None
    backordered: int | SkipJsonSchema[None] = None


class TaxData(Frozen):
    name: str
    rate_ppm: int | None
    amount: Money


class OrderTotalsData(Frozen):
    items: Money
    discount: Money
    shipping: Money
    tax: Money
    taxes: list[TaxData] = Field(default=[])
    total: Money


class OrderFacts(Frozen):
    """What has a default is missing in events that an earlier release wrote."""

    order_id: str
    buyer_id: str
    total: Money
    currency: str | SkipJsonSchema[None] = None
    totals: OrderTotalsData | SkipJsonSchema[None] = None


class OrderData(OrderFacts):
    lines: list[OrderedLine] = Field(default=[])


class BuyerChangedData(OrderData):
    previous_buyer_id: str


class ReturnedLine(Frozen):
    product_id: str
    sku: str | SkipJsonSchema[None] = None
    name: str | SkipJsonSchema[None] = None
    quantity: int


class ShipmentData(OrderData):
    carrier: str
    tracking_number: str | None
    tracking_url: str | None = None
    shipment_id: str | None = None
    shipped_lines: list[ReturnedLine] = Field(default=[])


class CancellationData(OrderFacts):
    lines: list[ReturnedLine] = Field(default=[])
    cancellation_id: str
    amount: Money


class RefundData(OrderData):
    refund_id: str
    amount: Money


class OrderRefundedData(RefundData):
    is_full: bool


class DisputeData(OrderData):
    dispute_id: str
    amount: Money
    status: str
    reason: str


class OrderReturnedData(OrderFacts):
    lines: list[ReturnedLine]
