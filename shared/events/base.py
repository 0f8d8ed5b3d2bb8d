"""The base classes of all events."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared import clock, ids, observability


class Frozen(BaseModel):
    # A function stages few kinds of events. Building the schemas of all would slow cold starts.
    model_config = ConfigDict(frozen=True, defer_build=True)


class DomainEvent(Frozen):
    """`id` is also the id of the outbox row, so a consumer can drop repeats."""

    id: str = Field(default_factory=lambda: ids.new_id("evt"))
    version: Literal[1] = 1
    occurred_at: datetime = Field(default_factory=clock.utc_now)
    correlation_id: str = Field(default_factory=observability.correlation_id)
    type: str  # each event has its own, such as `order.placed`
