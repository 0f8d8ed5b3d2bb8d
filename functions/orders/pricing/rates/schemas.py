"""The two rate tables, as staff send and read them."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from orders.pricing.rates import tax_fields
from orders.pricing.rates.shipping_fields import EACH_ONCE, CountryOrAllOthers, Zone
from orders.pricing.rates.tax_fields import (
    RATES,
    ROUNDING,
    PostalCodes,
    Rates,
    Tax,
    TaxClass,
    Taxes,
    TaxRounding,
)
from orders.pricing.rounding import HALF_UP
from orders.pricing.tax_places import destination_place
from orders.pricing.taxes import STANDARD
from shared.http.schemas import RequestBody
from shared.http.text_fields import Text
from shared.storage.models.pricing import SHIPPING_RATES, TAX_RATES

DESTINATIONS_MAX = 1_000
ZONES_MAX = 300
VALUES_MAX = 60_000  # a table with more does not fit into one item of DynamoDB

Region = Annotated[str, StringConstraints(strip_whitespace=True), Text(100)]
_RATES_OR_TAXES: dict[str, Any] = {
    "not": {"properties": {"rates": {"type": "null"}, "taxes": {"type": "null"}}}
}


class Destination(RequestBody):
    """The taxes of a country, of a part of it by region or postal codes, or of all others.

    The taxes of a region replace those of its country, and those of postal codes replace both.
    """

    model_config = ConfigDict(json_schema_extra={"x-rule": _RATES_OR_TAXES})

    country: CountryOrAllOthers = Field(
        description="A country code (ISO 3166-1 alpha-2). `*` stands for every country that no "
        "other destination lists."
    )
    region: Region | None = Field(
        default=None,
        description="A region of the country by its code (ISO 3166-2), such as `CA-QC`, or by its "
        "name. Addresses match by code, however they name it. Null means the whole country.",
    )
    postal_codes: PostalCodes | None = None
    prices_include_tax: bool = Field(
        description="Whether the prices of products include the taxes for buyers there."
    )
    rounding: TaxRounding = Field(default=HALF_UP, description=ROUNDING)
    taxes: Taxes | None = None
    rates: Rates | None = Field(
        default=None,
        validate_default=True,
        description=RATES,
        json_schema_extra={"x-never-null-in-answers": True},
    )
    shipping_class: TaxClass = Field(default=STANDARD, description="The tax class of shipping.")

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> "Destination":
        """The stored destination, without its rules."""
        taxes = [Tax.model_construct(**tax) for tax in fields.get("taxes") or []]
        return cls.model_construct(**{**fields, "taxes": taxes or None})

    @field_validator("postal_codes")
    @classmethod
    def _check_postal_codes(cls, texts: list[str] | None, info: ValidationInfo) -> Any:
        tax_fields.require_ranges_in_order(texts or [], info.data.get("country", ""))
        return texts

    @field_validator("rates")
    @classmethod
    def _fill_rates(cls, rates: dict[str, int] | None, info: ValidationInfo) -> Any:
        if "taxes" not in info.data:  # they have an error of their own
            return rates
        return tax_fields.fill_rates(rates, info.data["taxes"])

    @model_validator(mode="after")
    def _has_a_standard_rate(self) -> Self:
        tax_fields.require_standard_rate(self.rates)
        return self


class TaxRatesRequest(RequestBody):
    """All tax rates of the shop. If there are any, it sells only where a destination applies."""

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
            destinations=[Destination.from_fields(fields) for fields in found]
        )

    @model_validator(mode="after")
    def _lists_each_place_once(self) -> Self:
        # Orders match regions by code, so two names of one region would be ambiguous.
        _refuse_repeats(
            _place(destination) for destination in self.destinations if not destination.postal_codes
        )
        codes: dict[tuple[str, str], list[str]] = defaultdict(list)
        for destination in self.destinations:
            codes[destination.country, _place(destination)] += destination.postal_codes or []
        for (country, _), texts in codes.items():
            tax_fields.require_no_overlap(texts, country)
        return self


def _place(destination: Destination) -> str:
    return " ".join(destination_place(destination)).strip()


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
