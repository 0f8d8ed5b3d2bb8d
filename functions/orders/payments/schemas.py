"""Responses of the payment routes."""

from typing import Literal, Self

from pydantic import Field

from orders.lifecycle.balances import STARTED
from orders.payments.provider import UNKNOWN, Payment
from shared.http.schemas import View
from shared.money import Money
from shared.storage.models.orders import Order

StartedPaymentStatus = Literal["started", "authorized", "captured"]
WebhookOutcome = Literal["applied", "repeated", "ignored", "refused"]


class StartedPaymentView(View):
    provider: str = Field(description="The payment provider.", examples=["stripe"])
    payment_id: str = Field(description="The payment provider's id of the payment.")
    client_secret: str = Field(
        description="Pass it to the payment provider's library on your checkout page. The library "
        "completes the payment. The secret works for this payment only."
    )
    status: StartedPaymentStatus = Field(
        description="`started`: the buyer must still complete the payment."
    )
    amount: Money = Field(description="The amount that the buyer pays.")

    @classmethod
    def from_model(cls, order: Order, payment: Payment, *, provider: str) -> Self:
        return cls(
            provider=provider,
            payment_id=payment.payment_id,
            client_secret=payment.client_secret,
            status=STARTED if payment.status == UNKNOWN else payment.status,
            amount=Money(amount_minor=int(order.totals.total_minor), currency=order.currency),
        )


class WebhookResultView(View):
    outcome: WebhookOutcome = Field(
        description="`applied`: the order has changed. `repeated`: the event was applied before. "
        "`ignored`: the shop does not use this event. `refused`: `reason` says why."
    )
    reason: str | None = Field(
        default=None,
        description="Why the shop refused the event; otherwise null. Do not send a refused event "
        "again: the result would be the same.",
    )
