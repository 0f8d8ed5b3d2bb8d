from pydantic import Field

from orders.schemas import OrderRequest, OrderView, QuoteRequest
from shared.mailboxes import Email


class GuestOrderRequest(OrderRequest):
    email: Email


class GuestQuoteRequest(QuoteRequest):
    email: Email | None = Field(
        default=None, description="With it, a promotion's limit for each customer is looked at."
    )


class GuestOrderView(OrderView):
    order_token: str = Field(
        description="Opens this order and no other, for 90 days: keep it as you would a password."
    )
