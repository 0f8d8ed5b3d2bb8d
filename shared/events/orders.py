"""Events of orders, from being placed to being paid back."""

from typing import Literal

from pydantic import Field

from shared.events.base import DomainEvent, Frozen
from shared.money import Money


class OrderedLine(Frozen):
    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: Money
    line_total: Money


class OrderData(Frozen):
    order_id: str
    buyer_id: str = Field(description="A user's id, or a guest's, of whom nothing else is kept.")
    total: Money


class OrderPlacedData(OrderData):
    lines: list[OrderedLine]


class OrderPlaced(DomainEvent):
    type: Literal["order.placed"] = "order.placed"
    data: OrderPlacedData


class OrderPaid(DomainEvent):
    """The payment is certain: captured, authorized to be captured later, or made by hand."""

    type: Literal["order.paid"] = "order.paid"
    data: OrderData


class ShipmentData(OrderData):
    carrier: str
    tracking_number: str | None


class OrderShipped(DomainEvent):
    type: Literal["order.shipped"] = "order.shipped"
    data: ShipmentData


class OrderDelivered(DomainEvent):
    type: Literal["order.delivered"] = "order.delivered"
    data: OrderData


class OrderCancelled(DomainEvent):
    type: Literal["order.cancelled"] = "order.cancelled"
    data: OrderData


class OrderExpired(DomainEvent):
    """It was not paid in time: its stock is free again."""

    type: Literal["order.expired"] = "order.expired"
    data: OrderData


class CaptureRequested(DomainEvent):
    """The order has left: the payment that was authorized is to be captured."""

    type: Literal["order.capture_requested"] = "order.capture_requested"
    data: OrderData


class VoidRequested(DomainEvent):
    """Nothing is to come of the payment that was begun."""

    type: Literal["order.void_requested"] = "order.void_requested"
    data: OrderData


class AuthorizationVoided(DomainEvent):
    """The order was paid, and the provider has let go of what it had authorized: see to it."""

    type: Literal["order.authorization_voided"] = "order.authorization_voided"
    data: OrderData


class ManualRefundRequired(DomainEvent):
    """It was paid by hand and is over: somebody has to pay it back, and to enter that."""

    type: Literal["order.manual_refund_required"] = "order.manual_refund_required"
    data: OrderData


class RefundData(OrderData):
    refund_id: str
    amount: Money


class RefundRequested(DomainEvent):
    """The payment provider is to be asked for it; what comes of it is another event."""

    type: Literal["order.refund_requested"] = "order.refund_requested"
    data: RefundData


class OrderRefundedData(RefundData):
    is_full: bool = Field(description="Whether nothing is left that could be paid back.")


class OrderRefunded(DomainEvent):
    type: Literal["order.refunded"] = "order.refunded"
    data: OrderRefundedData


class RefundFailed(DomainEvent):
    """The provider could not pay it back: somebody has to."""

    type: Literal["order.refund_failed"] = "order.refund_failed"
    data: RefundData


class ReturnedLine(Frozen):
    product_id: str
    quantity: int


class OrderReturnedData(OrderData):
    lines: list[ReturnedLine]


class OrderReturned(DomainEvent):
    """Units of it are back in stock."""

    type: Literal["order.returned"] = "order.returned"
    data: OrderReturnedData


class ConfirmationRequested(DomainEvent):
    """The mail about the order is to be sent once more."""

    type: Literal["order.confirmation_requested"] = "order.confirmation_requested"
    data: OrderData


class ExportData(Frozen):
    export_id: str


class ExportRequested(DomainEvent):
    """A file of orders is to be written."""

    type: Literal["export.requested"] = "export.requested"
    data: ExportData
