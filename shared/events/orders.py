"""Events of orders and of their payments, refunds, returns and exports."""

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
    buyer_id: str = Field(description="The id of a user, or of a guest without an account.")
    total: Money


class OrderPlacedData(OrderData):
    lines: list[OrderedLine]


class OrderPlaced(DomainEvent):
    type: Literal["order.placed"] = "order.placed"
    data: OrderPlacedData


class OrderPaid(DomainEvent):
    """The payment is certain: captured, authorized, or received by staff."""

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
    """The order was not paid in time. Its units are available again."""

    type: Literal["order.expired"] = "order.expired"
    data: OrderData


class CaptureRequested(DomainEvent):
    """The order was shipped: capture its authorized payment."""

    type: Literal["order.capture_requested"] = "order.capture_requested"
    data: OrderData


class VoidRequested(DomainEvent):
    """The order no longer needs the payment that was started: void it."""

    type: Literal["order.void_requested"] = "order.void_requested"
    data: OrderData


class AuthorizationVoided(DomainEvent):
    """The provider voided the payment of an order that counted as paid. Staff must act."""

    type: Literal["order.authorization_voided"] = "order.authorization_voided"
    data: OrderData


class ManualRefundRequired(DomainEvent):
    """The order ended after a manual payment: staff must pay it back and enter the refund."""

    type: Literal["order.manual_refund_required"] = "order.manual_refund_required"
    data: OrderData


class RefundData(OrderData):
    refund_id: str
    amount: Money


class RefundRequested(DomainEvent):
    """Request the refund from the payment provider. Its result is another event."""

    type: Literal["order.refund_requested"] = "order.refund_requested"
    data: RefundData


class OrderRefundedData(RefundData):
    is_full: bool = Field(description="Whether everything that was received is refunded.")


class OrderRefunded(DomainEvent):
    type: Literal["order.refunded"] = "order.refunded"
    data: OrderRefundedData


class RefundFailed(DomainEvent):
    """The provider could not pay the refund. Staff must pay it."""

    type: Literal["order.refund_failed"] = "order.refund_failed"
    data: RefundData


class DisputeData(OrderData):
    dispute_id: str = Field(description="The payment provider's id of the dispute.")
    amount: Money
    status: str = Field(description="The payment provider's word, such as `needs_response`.")
    reason: str = Field(description="The payment provider's word, such as `fraudulent`.")


class OrderDisputed(DomainEvent):
    """The buyer's bank claims the payment back. Staff must answer at the payment provider."""

    type: Literal["order.disputed"] = "order.disputed"
    data: DisputeData


class DisputeClosed(DomainEvent):
    """The dispute has ended. With the status `lost` the money is gone."""

    type: Literal["order.dispute_closed"] = "order.dispute_closed"
    data: DisputeData


class ReturnedLine(Frozen):
    product_id: str
    quantity: int


class OrderReturnedData(OrderData):
    lines: list[ReturnedLine]


class OrderReturned(DomainEvent):
    """Returned units are back in stock."""

    type: Literal["order.returned"] = "order.returned"
    data: OrderReturnedData


class ConfirmationRequested(DomainEvent):
    """Mail the order's confirmation again."""

    type: Literal["order.confirmation_requested"] = "order.confirmation_requested"
    data: OrderData


class ExportData(Frozen):
    export_id: str


class ExportRequested(DomainEvent):
    """Write the file of an export."""

    type: Literal["export.requested"] = "export.requested"
    data: ExportData


OrderEvent = (
    OrderPlaced
    | OrderPaid
    | OrderShipped
    | OrderDelivered
    | OrderCancelled
    | OrderExpired
    | CaptureRequested
    | VoidRequested
    | AuthorizationVoided
    | ManualRefundRequired
    | RefundRequested
    | OrderRefunded
    | RefundFailed
    | OrderDisputed
    | DisputeClosed
    | OrderReturned
    | ConfirmationRequested
)
