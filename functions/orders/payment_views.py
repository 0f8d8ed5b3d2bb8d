"""The payment and the refunds of an order, as its buyer sees them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from orders.lifecycle import balances
from orders.pricing.views import money
from shared.http.schemas import View, shown_as
from shared.money import Money
from shared.storage.models.orders import Order, OrderPayment, OrderRefund

PaymentStatus = Literal["none", "started", "authorized", "captured", "manual", "void"]
RefundStatus = Literal["requested", "succeeded", "failed"]


class PaymentView(View):
    status: Annotated[str, shown_as(PaymentStatus)] = Field(
        description="`none`: no payment is started. `started`: the buyer must still complete it. "
        "`authorized`: the payment provider has reserved the money. `captured`: the payment "
        "provider has the money. `manual`: the shop received the money itself. `void`: the payment "
        "has ended without money."
    )
    received: Money = Field(description="The money that the shop has received for the order.")
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
    status: Annotated[str, shown_as(RefundStatus)] = Field(
        description="`requested`: the provider has not confirmed it yet."
    )
    reason: str | None = Field(description="The reason that was given, or null.")
    at: datetime = Field(description="When the refund was requested.")

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
