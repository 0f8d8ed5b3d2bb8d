"""The bodies of requests to the provider."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class RequestBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PaymentBody(RequestBody):
    order_id: str = Field(min_length=1)
    amount_minor: int = Field(gt=0)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    capture: Literal["automatic", "manual"]


class AmountBody(RequestBody):
    amount_minor: int = Field(gt=0)


class RefundBody(AmountBody):
    payment_id: str
    refund_id: str


class DisputeBody(AmountBody):
    status: str = Field(pattern=r"^[a-z_]{1,100}$")


class ConfirmBody(RequestBody):
    client_secret: str
    card: Literal["ok", "declined"]


class EmptyBody(RequestBody):
    pass
