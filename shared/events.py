"""The domain events: what has happened, in the past tense, for anyone who subscribes to the bus.

An event names people by id only: no e-mail, address, password, token or card. Its `id` is its
outbox row's, so that a consumer can drop repeats.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from shared import clock, ids, observability
from shared.money import Money


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Event(_Frozen):
    id: str = Field(default_factory=lambda: ids.new_id("evt"))
    version: Literal[1] = 1
    occurred_at: datetime = Field(default_factory=clock.utc_now)
    correlation_id: str = Field(default_factory=observability.correlation_id)


class UserRegisteredData(_Frozen):
    user_id: str


class UserRegistered(_Event):
    type: Literal["user.registered"] = "user.registered"
    data: UserRegisteredData


class OrderedLine(_Frozen):
    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: Money
    line_total: Money


class OrderPlacedData(_Frozen):
    order_id: str
    buyer_id: str
    lines: list[OrderedLine]
    total: Money


class OrderPlaced(_Event):
    type: Literal["order.placed"] = "order.placed"
    data: OrderPlacedData


Event = Annotated[UserRegistered | OrderPlaced, Field(discriminator="type")]
_any_event: TypeAdapter[UserRegistered | OrderPlaced] = TypeAdapter(Event)


def parse(document: str | bytes | dict[str, object]) -> UserRegistered | OrderPlaced:
    """The event in that JSON or that dict. Raises pydantic's ValidationError."""
    if isinstance(document, dict):
        return _any_event.validate_python(document)
    return _any_event.validate_json(document)
