from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from products.fields import AVAILABLE_MAX, CountedUnits
from shared.http.schemas import NO_DEFAULT, RequestBody, View, shown_as
from shared.http.text_fields import Text
from shared.storage.models.catalog import StockMovement
from shared.storage.stock_shards import StockSnapshot

AVAILABLE_TO_STAFF = "Units for sale. Below 0, so many units are back-ordered."
MovementKind = Literal["count", "adjustment", "import"]
Reason = Annotated[
    str,
    Text(200),
    Field(description="Why the stock changes. The list of movements shows it."),
]


class StockCount(RequestBody):
    available: CountedUnits
    reason: Reason = "count"


class StockAdjustment(RequestBody):
    change: int = Field(
        ge=-AVAILABLE_MAX,
        le=AVAILABLE_MAX,
        description="Units to add. A negative number removes units.",
        json_schema_extra={"not": {"const": 0}},
    )
    reason: Reason = Field(default="adjustment", json_schema_extra=NO_DEFAULT)

    @field_validator("change")
    @classmethod
    def _refuse_zero(cls, change: int) -> int:
        if change == 0:
            raise PydanticCustomError(
                "no_change",
                "Must not be 0: send the units to add, or a negative number to remove units",
            )
        return change


class StockView(View):
    product_id: str
    available: int = Field(description=AVAILABLE_TO_STAFF)
    version: int = Field(description="Grows with each change of the stock, also with each sale.")
    allocated: int = Field(
        description="Units in open orders: not yet shipped, and not cancelled or expired."
    )

    @classmethod
    def from_model(cls, stock: StockSnapshot) -> Self:
        return cls(
            product_id=stock.product_id,
            available=stock.available,
            version=stock.version,
            allocated=stock.allocated,
        )


class MovementView(View):
    """A change that staff made to the stock. Sales are not movements: orders record them."""

    id: str
    kind: Annotated[str, shown_as(MovementKind)] = Field(
        description="`count`: staff set the stock. `adjustment`: staff added or removed units. "
        "`import`: an imported file set the stock."
    )
    change: int = Field(description="Units added. A negative number means units removed.")
    reason: str
    by: str = Field(description="The id of the user who made the change.")
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
