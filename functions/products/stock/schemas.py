from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from products.fields import AVAILABLE_MAX, Available
from shared.http.schemas import ONE_LINE, RequestBody, View
from shared.storage.models.catalog import StockMovement
from shared.storage.stock import StockSnapshot

Reason = Annotated[
    str,
    Field(min_length=1, max_length=200, pattern=ONE_LINE, description="For whoever looks later."),
]


class StockCount(RequestBody):
    available: Available
    reason: Reason = "count"


class StockAdjustment(RequestBody):
    change: int = Field(
        ge=-AVAILABLE_MAX, le=AVAILABLE_MAX, description="How many came in; negative: went out."
    )
    reason: Reason = "adjustment"

    @field_validator("change")
    @classmethod
    def _is_one(cls, change: int) -> int:
        if change == 0:
            raise PydanticCustomError("no_change", "Must not be 0")
        return change


class StockView(View):
    product_id: str
    available: int
    version: int = Field(description="Grows with each sale, too.")
    allocated: int = Field(description="Units that open orders have taken.")

    @classmethod
    def from_model(cls, held: StockSnapshot) -> Self:
        return cls(
            product_id=held.product_id,
            available=held.available,
            version=held.version,
            allocated=held.allocated,
        )


class MovementView(View):
    """One change of stock by staff. What orders take is in the orders."""

    id: str
    kind: Literal["count", "adjustment", "import"]
    change: int
    reason: str
    by: str = Field(description="The user whose change it was.")
    at: datetime

    @classmethod
    def from_model(cls, movement: StockMovement) -> Self:
        return cls(
            id=movement.movement_id,
            kind=movement.kind,
            change=int(movement.change),
            reason=movement.reason,
            by=movement.by,
            at=movement.at,
        )
