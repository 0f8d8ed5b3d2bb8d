"""The parts of an order that were shipped or cancelled, as its buyer sees them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from pydantic import Field

from orders.pricing.views import ChargedTaxView, money
from shared.http.schemas import View
from shared.money import Money
from shared.storage.models.orders import OrderCancellation, OrderShipment


class LineUnitsView(View):
    product_id: str
    quantity: int

    @classmethod
    def from_quantities(cls, quantities: Mapping[str, int] | None) -> list[Self]:
        return [
            cls(product_id=product_id, quantity=quantity)
            for product_id, quantity in (quantities or {}).items()
        ]


class ShipmentView(View):
    carrier: str
    tracking_number: str | None = Field(description="Null if staff gave none.")

    @classmethod
    def from_model(cls, shipment: OrderShipment, **more: Any) -> Self:
        return cls(carrier=shipment.carrier, tracking_number=shipment.tracking_number, **more)


class ParcelView(ShipmentView):
    """A parcel of an order."""

    id: str
    lines: list[LineUnitsView] = Field(description="The units in the parcel.")
    tracking_url: str | None = Field(description="Null if staff gave none.")
    shipped_at: datetime | None = Field(description="When staff recorded the parcel.")

    @classmethod
    def from_model(cls, shipment: OrderShipment, **more: Any) -> Self:
        return super().from_model(
            shipment,
            id=shipment.shipment_id,
            lines=LineUnitsView.from_quantities(shipment.quantities_json),
            tracking_url=shipment.tracking_url,
            shipped_at=shipment.at,
            **more,
        )


class CancellationView(View):
    """Units that staff cancelled before they were shipped."""

    id: str
    lines: list[LineUnitsView]
    amount: Money = Field(
        description="What the units cost, after the discount and with tax. The buyer gets it back, "
        "or does not pay it."
    )
    tax: Money = Field(description="The sum of all taxes in the amount.")
    taxes: list[ChargedTaxView] = Field(description="Each tax in the amount.")
    reason: str | None = Field(description="The reason that was given, or null.")
    at: datetime

    @classmethod
    def from_model(cls, cancellation: OrderCancellation, currency: str) -> Self:
        return cls(
            id=cancellation.cancellation_id,
            lines=LineUnitsView.from_quantities(cancellation.quantities_json),
            amount=money(cancellation.amount_minor, currency),
            tax=money(cancellation.tax_minor, currency),
            taxes=[ChargedTaxView.from_model(tax, currency) for tax in cancellation.taxes],
            reason=cancellation.reason,
            at=cancellation.at,
        )
