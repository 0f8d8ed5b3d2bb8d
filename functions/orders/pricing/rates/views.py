"""The two rate tables, as staff read them."""

from datetime import datetime

from pydantic import Field

from orders.pricing.rates.schemas import Destination, ShippingRatesRequest, TaxRatesRequest
from orders.pricing.rates.shipping_fields import Zone
from shared.http.schemas import View
from shared.storage.models.pricing import RateTable


class RateTableView(View):
    """A rate table and its last change."""

    version: int = Field(description="Grows with each change. 0 if the rates were never set.")
    updated_at: datetime | None = Field(description="Null if the rates were never set.")
    updated_by: str | None = Field(
        description="The id of the user who last set the rates. Null if they were never set."
    )


class TaxRatesView(RateTableView):
    destinations: list[Destination]

    @classmethod
    def from_model(cls, table: RateTable) -> "TaxRatesView":
        return cls.model_construct(  # newer code may have stored rates with other rules
            destinations=TaxRatesRequest.from_document(table.document).destinations,
            version=int(table.version),
            updated_at=table.updated_at,
            updated_by=table.updated_by,
        )


class ShippingRatesView(RateTableView):
    zones: list[Zone]

    @classmethod
    def from_model(cls, table: RateTable) -> "ShippingRatesView":
        return cls.model_construct(  # newer code may have stored rates with other rules
            zones=ShippingRatesRequest.from_document(table.document).zones,
            version=int(table.version),
            updated_at=table.updated_at,
            updated_by=table.updated_by,
        )
