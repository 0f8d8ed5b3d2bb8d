"""How the provider is to behave: well, unless somebody wants to see what happens otherwise."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Behaviour(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    webhook_url: str = ""  # none: events wait to be told
    copies: int = Field(default=1, ge=1, le=10)  # of each event
    delay_seconds: float = Field(default=0, ge=0)  # before an event is first told
    shuffle_seconds: float = Field(default=0, ge=0)  # of events that are told in reverse order
    hold: bool = False  # tell nothing for now
    signed_ago_seconds: int = 0
    wrong_secret: bool = False  # sign with another
    refunds: Literal["succeed", "pending", "fail", "refuse"] = "succeed"
    declines: bool = False  # whatever the card
    fail_next: int = Field(default=0, ge=0)  # so many of the shop's calls, undone
    lose_next: int = Field(default=0, ge=0)  # the answers to so many, which are done
