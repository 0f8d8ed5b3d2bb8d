"""How the provider behaves: correctly, until `PUT /behaviour` asks for something else."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Behaviour(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    # Webhooks
    webhook_url: str = ""  # events wait while it is empty
    copies: int = Field(default=1, ge=1, le=10)  # how often each event is sent
    delay_seconds: float = Field(default=0, ge=0)  # before the first attempt
    shuffle_seconds: float = Field(default=0, ge=0)  # events of this period go in reverse order
    hold: bool = False  # send no event
    signed_ago_seconds: int = 0  # age of the signature
    wrong_secret: bool = False  # sign with another secret

    # Payments and refunds
    refunds: Literal["succeed", "pending", "fail", "refuse"] = "succeed"
    declines: bool = False  # decline every card

    # Calls by the shop
    fail_next: int = Field(default=0, ge=0)  # the next calls fail and change nothing
    lose_next: int = Field(default=0, ge=0)  # the next calls take effect and lose their answer
