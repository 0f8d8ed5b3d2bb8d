"""Zones and their steps: the parts of the shipping rates."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from orders.pricing.tax_places import ALL_OTHERS
from shared.countries import require_country
from shared.http.schemas import RequestBody
from shared.http.text_fields import Text
from shared.money import AMOUNT_MINOR_MAX, Currency

EACH_ONCE: dict[str, Any] = {"uniqueItems": True}
GRAMS_MAX = 10**12  # above the weight of any order

AmountMinor = Annotated[int, Field(ge=0, le=AMOUNT_MINOR_MAX)]


def _country_or_all_others(code: str) -> str:
    return code if code == ALL_OTHERS else require_country(code)


CountryOrAllOthers = Annotated[
    str,
    Field(json_schema_extra={"x-schema": "CountryOrAllOthers"}),
    AfterValidator(_country_or_all_others),
]


class Step(RequestBody):
    """A shipping price for orders from a certain amount on, or from a certain weight on."""

    from_minor: AmountMinor = Field(
        default=0,
        description="The price applies if the items cost this much or more, after discounts. In "
        "minor units of the zone's currency.",
    )
    from_grams: Annotated[int, Field(ge=0, le=GRAMS_MAX)] = Field(
        default=0,
        description="The price applies if the items weigh this much or more. A product without "
        "`weight_grams` counts as 0.",
    )
    price_minor: AmountMinor = Field(
        description="The shipping price, in minor units of the zone's currency."
    )


class Zone(RequestBody):
    """Countries that share one shipping price list in one currency."""

    name: Annotated[str, Text(100)] = Field(description="Quotes show it as `shipping_zone`.")
    countries: list[CountryOrAllOthers] = Field(
        min_length=1,
        max_length=250,
        description="Country codes (ISO 3166-1 alpha-2). `*` stands for every country that "
        "no other zone in this currency lists.",
        examples=[["DE", "AT"]],
        json_schema_extra=EACH_ONCE,
    )
    currency: Currency
    steps: list[Step] = Field(
        min_length=1,
        max_length=20,
        description="Sorted by `from_minor`, or by `from_grams`: a zone charges by amount or by "
        "weight. The first step starts at 0.",
        json_schema_extra=EACH_ONCE,
    )
    free_from_minor: AmountMinor | None = Field(
        default=None,
        description="Shipping is free if the items cost this much or more, after discounts. In "
        "minor units of the zone's currency. Null means never.",
    )

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> "Zone":
        """The stored zone, without its rules."""
        steps = [Step.model_construct(**step) for step in fields["steps"]]
        return cls.model_construct(**{**fields, "steps": steps})

    @model_validator(mode="after")
    def _ascends_from_zero(self) -> Self:
        if any(step.from_minor for step in self.steps) and any(
            step.from_grams for step in self.steps
        ):
            raise PydanticCustomError(
                "steps_mixed",
                "Must have all steps by amount or all by weight; use from_minor or from_grams",
            )
        starts = [(step.from_minor, step.from_grams) for step in self.steps]
        if starts[0] != (0, 0) or starts != sorted(set(starts)):
            raise PydanticCustomError(
                "steps_out_of_order",
                "Must start at 0, and each step must start above the step before it",
            )
        return self
