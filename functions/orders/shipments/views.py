"""A parcel, as staff see it; `orders.parcel_views` has what the buyer sees."""

from typing import Any, Self

from pydantic import Field

from orders.parcel_views import ParcelView
from shared.http.schemas import View
from shared.storage.models.orders import OrderShipment


class StaffShipmentView(ParcelView):
    by: str | None = Field(description="The id of the staff member.")
    version: int = Field(description="Grows with each change of the parcel.")

    @classmethod
    def from_model(cls, shipment: OrderShipment, **more: Any) -> Self:
        version = int(shipment.version or 1)
        return super().from_model(shipment, by=shipment.by, version=version, **more)


class ShipmentList(View):
    items: list[StaffShipmentView]
