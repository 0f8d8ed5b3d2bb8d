"""Events of orders and of their payments, refunds, returns and exports."""

from typing import Literal

from shared.events.base import DomainEvent, Frozen
from shared.events.order_data import (
    BuyerChangedData,
    CancellationData,
    DisputeData,
    OrderData,
    OrderRefundedData,
    OrderReturnedData,
    RefundData,
    ShipmentData,
)


class OrderPlaced(DomainEvent):
    """A buyer placed an order. It is not paid yet, unless it costs nothing."""

    type: Literal["order.placed"] = "order.placed"
    data: OrderData


class OrderPaid(DomainEvent):
    """The payment is certain: captured, authorized, or received by staff."""

    type: Literal["order.paid"] = "order.paid"
    data: OrderData


class OrderPartiallyShipped(DomainEvent):
    """Staff shipped a parcel, and more is to be shipped. Each such parcel has one."""

    type: Literal["order.partially_shipped"] = "order.partially_shipped"
    data: ShipmentData


class OrderShipped(DomainEvent):
    """Staff shipped the order, or the last parcel of it. Nothing is left to ship."""

    type: Literal["order.shipped"] = "order.shipped"
    data: ShipmentData


class OrderDelivered(DomainEvent):
    """Staff entered that the buyer has the order."""

    type: Literal["order.delivered"] = "order.delivered"
    data: OrderData


class OrderCancelled(DomainEvent):
    """The buyer or staff cancelled the order. Units that were not shipped are available again."""

    type: Literal["order.cancelled"] = "order.cancelled"
    data: OrderData


class OrderExpired(DomainEvent):
    """The order was not paid in time. Its units are available again."""

    type: Literal["order.expired"] = "order.expired"
    data: OrderData


class OrderAddressChanged(DomainEvent):
    """Staff gave the order another address. The event does not have it."""

    type: Literal["order.address_changed"] = "order.address_changed"
    data: OrderData


class OrderBuyerChanged(DomainEvent):
    """Staff gave the order to another buyer. `buyer_id` is the new one."""

    type: Literal["order.buyer_changed"] = "order.buyer_changed"
    data: BuyerChangedData


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


class RefundRequested(DomainEvent):
    """Request the refund from the payment provider. Its result is another event."""

    type: Literal["order.refund_requested"] = "order.refund_requested"
    data: RefundData


class OrderRefunded(DomainEvent):
    """A refund succeeded: the buyer gets this amount back."""

    type: Literal["order.refunded"] = "order.refunded"
    data: OrderRefundedData


class RefundFailed(DomainEvent):
    """The provider could not pay the refund. Staff must pay it."""

    type: Literal["order.refund_failed"] = "order.refund_failed"
    data: RefundData


class OrderDisputed(DomainEvent):
    """The buyer's bank claims the payment back. Staff must answer at the payment provider."""

    type: Literal["order.disputed"] = "order.disputed"
    data: DisputeData


class DisputeClosed(DomainEvent):
    """The dispute has ended. With the status `lost` the money is gone."""

    type: Literal["order.dispute_closed"] = "order.dispute_closed"
    data: DisputeData


class OrderPartiallyCancelled(DomainEvent):
    """Staff cancelled units before they were shipped. `lines` has these units only."""

    type: Literal["order.partially_cancelled"] = "order.partially_cancelled"
    data: CancellationData


class OrderReturned(DomainEvent):
    """Units came back, to the stock if they are counted. `lines` has these units only."""

    type: Literal["order.returned"] = "order.returned"
    data: OrderReturnedData


class ConfirmationRequested(DomainEvent):
    """Staff asked to mail the order's confirmation again."""

    type: Literal["order.confirmation_requested"] = "order.confirmation_requested"
    data: OrderData


class ExportData(Frozen):
    export_id: str


class ExportRequested(DomainEvent):
    """Staff requested an export: write its file."""

    type: Literal["export.requested"] = "export.requested"
    data: ExportData


OrderEvent = (
    OrderPlaced
    | OrderPaid
    | OrderPartiallyShipped
    | OrderShipped
    | OrderDelivered
    | OrderCancelled
    | OrderPartiallyCancelled
    | OrderExpired
    | OrderAddressChanged
    | OrderBuyerChanged
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
