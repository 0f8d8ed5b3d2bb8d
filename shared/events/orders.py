"""Events of orders, from being placed to being paid back."""

from typing import Literal

from pydantic import Field

from shared.events.base import Frozen, Happening
from shared.money import Money


class OrderedLine(Frozen):
    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: Money
    line_total: Money


class AboutOrder(Frozen):
    order_id: str
    buyer_id: str = Field(description="A user's id, or a guest's, of whom nothing else is kept.")
    total: Money


class OrderPlacedData(AboutOrder):
    lines: list[OrderedLine]


class OrderPlaced(Happening):
    type: Literal["order.placed"] = "order.placed"
    data: OrderPlacedData


class OrderPaid(Happening):
    """The payment is certain: captured, authorized to be captured later, or made by hand."""

    type: Literal["order.paid"] = "order.paid"
    data: AboutOrder


class Shipment(AboutOrder):
    carrier: str
    tracking_number: str | None


class OrderShipped(Happening):
    type: Literal["order.shipped"] = "order.shipped"
    data: Shipment


class OrderDelivered(Happening):
    type: Literal["order.delivered"] = "order.delivered"
    data: AboutOrder


class OrderCancelled(Happening):
    type: Literal["order.cancelled"] = "order.cancelled"
    data: AboutOrder


class OrderExpired(Happening):
    """It was not paid in time: its stock is free again."""

    type: Literal["order.expired"] = "order.expired"
    data: AboutOrder


class CaptureRequested(Happening):
    """The order has left: the payment that was authorized is to be captured."""

    type: Literal["order.capture_requested"] = "order.capture_requested"
    data: AboutOrder


class VoidRequested(Happening):
    """Nothing is to come of the payment that was begun."""

    type: Literal["order.void_requested"] = "order.void_requested"
    data: AboutOrder


class PaymentLost(Happening):
    """The order was paid, and the provider has let go of what it had authorized: see to it."""

    type: Literal["order.payment_lost"] = "order.payment_lost"
    data: AboutOrder


class RefundOwed(Happening):
    """It was paid by hand and is over: somebody has to pay it back, and to enter that."""

    type: Literal["order.refund_owed"] = "order.refund_owed"
    data: AboutOrder


class AboutRefund(AboutOrder):
    refund_id: str
    amount: Money


class RefundRequested(Happening):
    """The payment provider is to be asked for it; what comes of it is another event."""

    type: Literal["order.refund_requested"] = "order.refund_requested"
    data: AboutRefund


class Refunded(AboutRefund):
    is_full: bool = Field(description="Whether nothing is left that could be paid back.")


class OrderRefunded(Happening):
    type: Literal["order.refunded"] = "order.refunded"
    data: Refunded


class RefundFailed(Happening):
    """The provider could not pay it back: somebody has to."""

    type: Literal["order.refund_failed"] = "order.refund_failed"
    data: AboutRefund


class ReturnedLine(Frozen):
    product_id: str
    quantity: int


class Return(AboutOrder):
    lines: list[ReturnedLine]


class OrderReturned(Happening):
    """Units of it are back in stock."""

    type: Literal["order.returned"] = "order.returned"
    data: Return


class ConfirmationRequested(Happening):
    """The mail about the order is to be sent once more."""

    type: Literal["order.confirmation_requested"] = "order.confirmation_requested"
    data: AboutOrder


class AboutExport(Frozen):
    export_id: str


class ExportRequested(Happening):
    """A file of orders is to be written."""

    type: Literal["export.requested"] = "export.requested"
    data: AboutExport
