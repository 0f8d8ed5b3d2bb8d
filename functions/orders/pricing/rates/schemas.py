"""The two documents that staff keep: what is taxed how, and what shipping costs."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from shared.countries import CODES, Country
from shared.http.schemas import ONE_LINE, RequestBody, View
from shared.money import AMOUNT_MINOR_MAX, Currency
from shared.storage.models.pricing import RateTable

DESTINATIONS_MAX = 1_000
ZONES_MAX = 300
PPM_MAX = 1_000_000  # all of it
ALL_OTHERS = "*"

TaxClass = Annotated[
    str,
    Field(
        pattern="^[a-z0-9_-]{1,40}$",
        description="Which of a destination's rates a product is taxed at.",
        examples=["standard"],
    ),
]
Ppm = Annotated[
    int,
    Field(ge=0, le=PPM_MAX, description="Parts per million: 190000 is 19 %.", examples=[190000]),
]
Region = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=ONE_LINE),
]
AmountMinor = Annotated[int, Field(ge=0, le=AMOUNT_MINOR_MAX)]


def _country_or_all_others(code: str) -> str:
    if code != ALL_OTHERS and code not in CODES:
        raise ValueError("Must be the ISO 3166-1 alpha-2 code of a country, such as DE, or *")
    return code


class Destination(RequestBody):
    """Where orders are taxed: a country, or a region of one, which counts before its country."""

    country: Country
    region: Region | None = Field(
        default=None, description="As orders' addresses spell it; upper or lower case is the same."
    )
    prices_include_tax: bool = Field(description="Whether buyers there see prices with the tax.")
    rates: dict[TaxClass, Ppm] = Field(
        min_length=1,
        max_length=50,
        description="By tax class. `standard` is that of every class that is not named.",
    )
    shipping_class: TaxClass = "standard"

    @model_validator(mode="after")
    def _has_a_standard(self) -> Self:
        if "standard" not in self.rates:
            raise PydanticCustomError("no_standard_rate", "Must have a rate for `standard`")
        return self


class TaxRates(RequestBody):
    """A destination that is not among them is not taxed."""

    sheet: ClassVar[str] = "tax"

    destinations: list[Destination] = Field(max_length=DESTINATIONS_MAX)

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        # Orders find a region whatever its case, so it must not have two rates that differ by that.
        _refuse_repeats(
            f"{it.country} {it.region.casefold()}" if it.region else it.country
            for it in self.destinations
        )
        return self


class Step(RequestBody):
    from_minor: AmountMinor = Field(description="What the items cost at least, after discounts.")
    price_minor: AmountMinor


class Zone(RequestBody):
    """Where shipping costs the same."""

    name: str = Field(min_length=1, max_length=100, pattern=ONE_LINE)
    countries: list[Annotated[str, AfterValidator(_country_or_all_others)]] = Field(
        min_length=1,
        max_length=250,
        description="`*` is every country that no zone of this currency names.",
        examples=[["DE", "AT"]],
    )
    currency: Currency
    steps: list[Step] = Field(
        min_length=1, max_length=20, description="The first is from 0; each from more than before."
    )
    free_from_minor: AmountMinor | None = Field(
        default=None, description="What the items cost, after discounts, to be shipped for nothing."
    )

    @model_validator(mode="after")
    def _climbs_from_nothing(self) -> Self:
        starts = [step.from_minor for step in self.steps]
        if starts[0] != 0 or starts != sorted(set(starts)):
            raise PydanticCustomError(
                "steps_out_of_order",
                "The first step must be from 0, and each from more than before",
            )
        return self


class ShippingRates(RequestBody):
    """Once there are any, orders go to these zones alone; until then shipping is free."""

    sheet: ClassVar[str] = "shipping"

    zones: list[Zone] = Field(max_length=ZONES_MAX)

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        _refuse_repeats(
            f"{country} in {it.currency}" for it in self.zones for country in it.countries
        )
        return self


def _refuse_repeats(places: Iterable[str]) -> None:
    repeated = [place for place, count in Counter(places).items() if count > 1]
    if repeated:
        raise PydanticCustomError(
            "named_twice", "Each place must be named once: {place} is not", {"place": repeated[0]}
        )


class SheetView(View):
    """The document as it stands, and since when. Of one that was never set, the version is 0."""

    version: int
    updated_at: datetime | None
    updated_by: str | None = Field(description="The user who has set it.")


class TaxRatesView(SheetView):
    destinations: list[Destination]

    @classmethod
    def from_model(cls, sheet: RateTable) -> Self:
        return cls(
            destinations=TaxRates.model_validate_json(sheet.document).destinations,
            version=int(sheet.version),
            updated_at=sheet.updated_at,
            updated_by=sheet.updated_by,
        )


class ShippingRatesView(SheetView):
    zones: list[Zone]

    @classmethod
    def from_model(cls, sheet: RateTable) -> Self:
        return cls(
            zones=ShippingRates.model_validate_json(sheet.document).zones,
            version=int(sheet.version),
            updated_at=sheet.updated_at,
            updated_by=sheet.updated_by,
        )
