"""The fields of a tax destination that say what it taxes, and how much."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from orders.pricing import postal_codes, taxes
from orders.pricing.rounding import ROUNDINGS
from orders.pricing.taxes import PPM, STANDARD, TAXES_MAX
from shared.characters import describe_pattern
from shared.http.schemas import RequestBody
from shared.http.text_fields import Text

POSTAL_CODES_MAX = 200
CLASSES_MAX = 50

_CODE = "[A-Za-z0-9][A-Za-z0-9 -]{0,15}"
_POSTAL_CODES = describe_pattern(
    rf"^{_CODE}(\*|\.\.{_CODE})?$",
    "Must be a postal code (H2X 1Y4), the start of codes (H2X*) or a range (35000..35660)",
)


def _require_rounding(rounding: str) -> str:
    if rounding in ROUNDINGS:
        return rounding
    raise PydanticCustomError("unknown_value", f"Must be {' or '.join(ROUNDINGS)}")


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
TaxRounding = Annotated[
    str,
    Field(json_schema_extra={"x-schema": "Rounding"}),
    AfterValidator(_require_rounding),
]
Rates = Annotated[
    dict[TaxClass, RatePpm],
    Field(
        min_length=1,
        max_length=CLASSES_MAX,
        json_schema_extra={
            "required": [STANDARD],
            "properties": {STANDARD: {"type": "integer", "minimum": 0, "maximum": PPM}},
        },
    ),
]
PostalCodes = Annotated[
    list[
        Annotated[
            str,
            StringConstraints(strip_whitespace=True),
            Field(pattern=_POSTAL_CODES, examples=["H2X*"]),
        ]
    ],
    Field(
        min_length=1,
        max_length=POSTAL_CODES_MAX,
        description="The part of the country or region with these postal codes: one code "
        "(`10001`), the start of codes (`H2X*`) or a range (`35000..35660`). Case, spaces and "
        "hyphens do not matter. Null means all.",
        json_schema_extra={"uniqueItems": True},
    ),
]
ROUNDING = (
    "How half a minor unit is rounded: `half_up` away from zero, `half_even` to the even amount. "
    "It holds for percentage discounts, and for each tax that has no rule of its own."
)
RATES = (
    "The rate of each tax class. `standard` is required: it applies to classes without a rate of "
    "their own. Beside `taxes`, the rates of all taxes together: omit it."
)


class Tax(RequestBody):
    """One of the taxes of a destination."""

    name: Annotated[str, StringConstraints(strip_whitespace=True), Text(40)] = Field(
        description="Buyers see it on quotes, orders and mails.", examples=["GST"]
    )
    rates: Rates = Field(
        description="The rate of each tax class. `standard` is required: it applies to classes "
        "without a rate of their own."
    )
    rounding: TaxRounding | None = Field(
        default=None, description="Null means the rounding of the destination."
    )
    is_compound: bool = Field(
        default=False,
        description="If true, the tax is charged on the price and on the taxes that the list has "
        "before it. If false, it is charged on the price alone.",
    )

    @model_validator(mode="after")
    def _has_a_standard_rate(self) -> Self:
        require_standard_rate(self.rates)
        return self


def require_standard_rate(rates: Mapping[str, int] | None) -> None:
    if rates is not None and STANDARD not in rates:
        raise PydanticCustomError(
            "no_standard_rate",
            "Must have a rate for `standard`, which applies to classes without a rate",
        )


def _check_taxes(listed: list[Tax]) -> list[Tax]:
    """The taxes as they are. Raises pydantic's error if they do not fit together."""
    names = Counter(tax.name.casefold() for tax in listed)
    for tax in listed:
        if names[tax.name.casefold()] > 1:
            raise PydanticCustomError(
                "named_twice", "Must have another name for each tax, not {name} twice", vars(tax)
            )
    if listed[0].is_compound:
        raise PydanticCustomError(
            "compound_tax_first",
            "Must begin with a tax that is not compound: a compound tax is charged on those before",
        )
    if max(combine_rates(listed).values()) > PPM:
        raise PydanticCustomError(
            "taxes_too_high", "Must be at most 100 % (1000000) of the price, all taxes together"
        )
    return listed


Taxes = Annotated[
    list[Tax],
    Field(
        min_length=1,
        max_length=TAXES_MAX,
        description="The taxes, if there are several or if the tax has a name. Null means one tax "
        "with `rates`.",
    ),
    AfterValidator(_check_taxes),
]


def combine_rates(listed: Iterable[Tax]) -> dict[str, int]:
    """The rate of all taxes together, for each tax class that one of them names."""
    each = [taxes.Tax(tax.name, tax.rates, is_compound=tax.is_compound) for tax in listed]
    classes = dict.fromkeys(tax_class for tax in each for tax_class in tax.rates)
    return {tax_class: taxes.combined_rate_ppm(each, tax_class) for tax_class in classes}


def fill_rates(rates: dict[str, int] | None, listed: Any) -> dict[str, int]:
    """The rates that are sent, or else those that follow from the taxes.

    Raises pydantic's error if there are neither, or if both differ.
    """
    combined = combine_rates(listed) if listed else None
    if rates is None and combined is None:
        raise PydanticCustomError("required", "Is required, or `taxes` in its place")
    if combined is None or rates is None:
        return combined or rates or {}
    if rates != combined:
        raise PydanticCustomError(
            "rates_differ_from_taxes",
            "Must be omitted beside `taxes`, from which it follows: {combined}",
            {"combined": str(combined)},
        )
    return rates


def require_ranges_in_order(texts: Iterable[str], country: str) -> None:
    for text in texts:
        if not postal_codes.is_in_order(text, country):
            raise PydanticCustomError(
                "postal_codes_out_of_order",
                "Must have ends of one length, the lower one first: {text}",
                {"text": text},
            )


def require_no_overlap(texts: Iterable[str], country: str) -> None:
    if overlap := postal_codes.find_overlap(texts, country):
        raise PydanticCustomError(
            "postal_codes_overlap",
            "Must list each postal code once; {one} and {other} overlap",
            dict(zip(("one", "other"), overlap, strict=True)),
        )
