from pydantic import Field

from orders.schemas import OrderRequest, OrderView
from shared.email_addresses import Email


class GuestOrderRequest(OrderRequest):
    email: Email


class GuestOrderView(OrderView):
    order_token: str = Field(
        description="Opens this order and no other, for 90 days: keep it as you would a password."
    )
