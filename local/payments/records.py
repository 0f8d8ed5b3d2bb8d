"""What the provider keeps about payments, and how it shows them. No I/O."""

from typing import Any, Literal

from pydantic import BaseModel


class Refund(BaseModel):
    id: str
    payment_id: str
    order_id: str
    refund_id: str | None  # the shop's id; None for a refund in the dashboard
    amount_minor: int
    currency: str
    status: Literal["pending", "succeeded", "failed"]
    created: int
    ends_as: Literal["succeeded", "failed"] = "succeeded"

    def to_response(self) -> dict[str, Any]:
        return self.model_dump(exclude={"ends_as"})


class Dispute(BaseModel):
    id: str
    payment_id: str
    order_id: str
    amount_minor: int
    currency: str
    status: str
    reason: str
    created: int


class Payment(BaseModel):
    id: str
    order_id: str
    amount_minor: int
    currency: str
    capture: Literal["automatic", "manual"]
    status: Literal["awaiting", "authorized", "captured", "void"] = "awaiting"
    captured_minor: int = 0
    client_secret: str
    created: int
    refunds: list[Refund] = []
    disputes: list[Dispute] = []

    def to_response(self) -> dict[str, Any]:
        """For the shop, which created the payment: with the secret that lets a buyer pay."""
        return self.model_dump(exclude={"refunds": {"__all__": {"ends_as"}}, "disputes": True})

    def to_public(self) -> dict[str, Any]:
        """For buyers and events: without the secret."""
        return self.model_dump(exclude={"client_secret", "refunds", "disputes"})


class Attempt(BaseModel):
    """One attempt to send a webhook, and the shop's answer."""

    at: int
    status: int | None  # None without an answer
    outcome: str  # the shop's word, or the error's name


class Event(BaseModel):
    id: str
    type: str
    created: int
    data: dict[str, Any]
    payment_id: str = ""
    attempts: int = 0
    delivered: bool = False
    answers: list[Attempt] = []  # to the latest attempts

    def to_webhook(self) -> dict[str, Any]:
        return self.model_dump(include={"id", "type", "created", "data"})

    def to_response(self) -> dict[str, Any]:
        return self.model_dump(exclude={"payment_id", "answers"})
