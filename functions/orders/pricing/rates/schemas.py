"""The two rate tables, as staff send and read them."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, ClassVar, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from orders.pricing.rate_tables import PPM, STANDARD
from orders.pricing.rates.fields import EACH_ONCE, Zone
from shared.countries import Country
from shared.http.schemas import RequestBody, View
from shared.http.text_fields import Text
from shared.storage.models.pricing import SHIPPING_RATES, TAX_RATES, RateTable

DESTINATIONS_MAX = 1_000
ZONES_MAX = 300
VALUES_MAX = 60_000  # a table with more does not fit into one item of DynamoDB

TaxClass = Annotated[
    str,
    Field(
        pattern="^[a-z0-9_-]{1,40}$",
        description="A tax class, such as a product's `tax_class`.",
        examples=["standard"],
    ),
]
RatePpm = Annotated[
    int,
    Field(
        ge=0,
        le=PPM,
        description="The rate in parts per million: 190000 is 19 %.",
        examples=[190000],
    ),
]
Region = Annotated[str, StringConstraints(strip_whitespace=True), Text(100)]


class Destination(RequestBody):
    """The tax rates of a country or of one of its regions.

    The rates of a region replace the rates of its country.
    """

    country: Country
    region: Region | None = Field(
        default=None,
        description="A region of the country. Spell it as in shipping addresses; upper and lower "
        "case are the same. Null means the whole country.",
    )
    prices_include_tax: bool = Field(
        description="Whether the prices of products include the tax for buyers there."
    )
    rates: dict[TaxClass, RatePpm] = Field(
        min_length=1,
        max_length=50,
        description="The rate of each tax class. `standard` is required: it applies to classes "
        "without a rate of their own.",
        json_schema_extra={
            "required": [STANDARD],
            "properties": {STANDARD: {"type": "integer", "minimum": 0, "maximum": PPM}},
        },
    )
    shipping_class: TaxClass = Field(default=STANDARD, description="The tax class of shipping.")

    @model_validator(mode="after")
    def _has_a_standard_rate(self) -> Self:
        if STANDARD not in self.rates:
            raise PydanticCustomError(
                "no_standard_rate",
                "Must have a rate for `standard`, which applies to classes without a rate",
            )
        return self


class TaxRatesRequest(RequestBody):
    """All tax rates of the shop. A destination that is not in the list pays no tax."""

    values_max: ClassVar[int] = VALUES_MAX
    table_name: ClassVar[str] = TAX_RATES

    destinations: list[Destination] = Field(
        max_length=DESTINATIONS_MAX, json_schema_extra=EACH_ONCE
    )

    @classmethod
    def from_document(cls, document: str) -> "TaxRatesRequest":
        """The stored rates, without the rules and fields of newer code that stored them."""
        found = json.loads(document)["destinations"]
        return cls.model_construct(
            destinations=[Destination.model_construct(**fields) for fields in found]
        )

    @model_validator(mode="after")
    def _lists_each_place_once(self) -> Self:
        # Orders match regions without regard to case, so two spellings would be ambiguous.
        _refuse_repeats(
            f"{destination.country} {destination.region.casefold()}"
            if destination.region
            else destination.country
            for destination in self.destinations
        )
        return self


class ShippingRatesRequest(RequestBody):
    """All shipping zones of the shop. The shop ships only to their countries.

    If there are no zones, it ships everywhere for free.
    """

    values_max: ClassVar[int] = VALUES_MAX
    table_name: ClassVar[str] = SHIPPING_RATES

    zones: list[Zone] = Field(max_length=ZONES_MAX, json_schema_extra=EACH_ONCE)

    @classmethod
    def from_document(cls, document: str) -> "ShippingRatesRequest":
        """The stored rates, without the rules and fields of newer code that stored them."""
        found = json.loads(document)["zones"]
        return cls.model_construct(zones=[Zone.from_fields(fields) for fields in found])

    @model_validator(mode="after")
    def _lists_each_country_once(self) -> Self:
        _refuse_repeats(
            f"{country} in {zone.currency}" for zone in self.zones for country in zone.countries
        )
        return self


def _refuse_repeats(places: Iterable[str]) -> None:
    repeated = [place for place, count in Counter(places).items() if count > 1]
    if repeated:
        raise PydanticCustomError(
            "named_twice",
            "Must list each place once; remove the second {place}",
            {"place": repeated[0]},
        )


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
