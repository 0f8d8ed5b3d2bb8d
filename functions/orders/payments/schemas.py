"""What a payment and the answer to a webhook are shown as."""

from typing import Literal, Self

from pydantic import Field

from orders.payments.provider import Payment
from shared.http.schemas import View
from shared.money import Money
from shared.storage.models.orders import Order


class StartedPaymentView(View):
    provider: str = Field(examples=["stripe"])
    payment_id: str = Field(description="The provider's own.")
    client_secret: str = Field(
        description="With which the provider's part of the shop's page completes the payment."
    )
    status: Literal["started", "authorized", "captured"]
    amount: Money

    @classmethod
    def from_model(cls, order: Order, payment: Payment, *, provider: str) -> Self:
        return cls(
            provider=provider,
            payment_id=payment.payment_id,
            client_secret=payment.client_secret,
            status=payment.status,
            amount=Money(amount_minor=int(order.totals.total_minor), currency=order.currency),
        )


class WebhookAnswer(View):
    outcome: Literal["applied", "repeated", "ignored", "refused"]
    reason: str | None = Field(
        default=None, description="Why it was refused. Sending it again would change nothing."
    )
