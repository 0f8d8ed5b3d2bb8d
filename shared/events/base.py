"""What every event is."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared import clock, ids, observability


class Frozen(BaseModel):
    # Built when first used: a function stages a few of them, and all would cost each cold start.
    model_config = ConfigDict(frozen=True, defer_build=True)


class DomainEvent(Frozen):
    """`id` is its outbox row's, so that a consumer can drop repeats."""

    id: str = Field(default_factory=lambda: ids.new_id("evt"))
    version: Literal[1] = 1
    occurred_at: datetime = Field(default_factory=clock.utc_now)
    correlation_id: str = Field(default_factory=observability.correlation_id)
