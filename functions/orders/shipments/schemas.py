"""What staff send about parcels and about units that they cancel."""

from typing import Annotated, Any

from pydantic import Field

from orders.checkout.schemas import LINES_MAX
from orders.fulfilment.schemas import (
    TRACKING_URL,
    Carrier,
    Reason,
    ReturnedLine,
    ShipRequest,
    TrackingNumber,
    TrackingUrl,
    to_quantities,
)
from orders.lifecycle.shipping import Tracking
from shared.http.schemas import NO_DEFAULT, NOT_NULL, RequestBody

OpenLines = Annotated[
    list[ReturnedLine],
    Field(
        min_length=1,
        max_length=LINES_MAX,
        description="If several lines have the same product, the shop adds their quantities.",
    ),
]
_ALL_OPEN = "Null takes all units that are still to be shipped."


class NewShipment(ShipRequest):
    """A parcel."""

    lines: OpenLines | None = Field(default=None, description=f"What is in it. {_ALL_OPEN}")

    def to_quantities(self) -> dict[str, int] | None:
        return None if self.lines is None else to_quantities(self.lines)


class ShipmentPatch(RequestBody):
    carrier: Annotated[Carrier, NOT_NULL] = Field(default="", json_schema_extra=NO_DEFAULT)
    tracking_number: TrackingNumber | None = Field(
        default=None, description="Null removes it.", json_schema_extra=NO_DEFAULT
    )
    tracking_url: TrackingUrl | None = Field(
        default=None,
        description=f"{TRACKING_URL} Null removes it.",
        json_schema_extra=NO_DEFAULT,
    )

    def apply_to(self, known: Tracking) -> Tracking:
        changes: dict[str, Any] = self.model_dump(exclude_unset=True)
        return known.replace(**changes)


class CancellationRequest(RequestBody):
    lines: OpenLines | None = Field(default=None, description=f"What to cancel. {_ALL_OPEN}")
    reason: Reason | None = None

    def to_quantities(self) -> dict[str, int] | None:
        return None if self.lines is None else to_quantities(self.lines)
