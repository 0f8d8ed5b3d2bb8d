"""The fields of a promotion and the rules of each. Pure."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from shared.catalog_names import CategoryPath, Identifier
from shared.characters import describe_pattern
from shared.http.schemas import RequestBody
from shared.http.text_fields import ProductId

USES_MAX = 10**9
NAMES_MAX = 50  # of categories, of products, and of SKUs that a promotion applies to
PERCENT_MIN = 0.01


def whole_if_possible(number: float) -> int | float:
    """10.0 as 10: most percentages are whole, and clients show them so."""
    return int(number) if number == int(number) else number


_CODE = describe_pattern(
    "^[A-Za-z0-9][A-Za-z0-9_-]{1,39}$",
    "Must be 2 to 40 letters, digits and _ -, and begin with a letter or a digit",
)
Code = Annotated[
    str,
    Field(
        pattern=_CODE,
        description="The code that buyers type. Upper and lower case are the same. The shop "
        "stores it in upper case.",
        examples=["SPRING-10"],
    ),
    AfterValidator(str.upper),
]
Percent = Annotated[
    float,
    Field(
        ge=PERCENT_MIN,
        le=100,
        description="The percentage that is taken off each line, such as 10 or 12.5. Required for "
        "kind `percent`.",
        examples=[12.5],
    ),
    AfterValidator(whole_if_possible),
]
UsesMax = Annotated[
    int,
    Field(
        ge=1,
        le=USES_MAX,
        description="How many orders can use the code in total. The shop counts only orders "
        "that are placed while this limit is set. Cancelled and expired orders do not count.",
    ),
]
UsesPerCustomerMax = Annotated[
    int,
    Field(
        ge=1,
        le=USES_MAX,
        description="How many orders of one account, or of one guest's e-mail address, can use "
        "the code. Orders are counted in the same way as for `uses_max`.",
    ),
]


Sku = Annotated[str, Identifier("Upper and lower case are the same.", "TEA-GREEN-100")]
_EACH_ONCE: dict[str, Any] = {"uniqueItems": True}
_LISTS = ("categories", "product_ids", "skus")
_NOT_ALL_EMPTY: dict[str, Any] = {
    "not": {"properties": {name: {"maxItems": 0} for name in _LISTS}},
}


class AppliesTo(RequestBody):
    """The products that a promotion applies to: those that one of the lists has."""

    model_config = ConfigDict(json_schema_extra={"x-rule": _NOT_ALL_EMPTY})

    categories: list[CategoryPath] = Field(
        default=[],
        max_length=NAMES_MAX,
        description="Paths of categories. Products whose path is below one count too.",
        json_schema_extra=_EACH_ONCE,
    )
    product_ids: list[ProductId] = Field(
        default=[], max_length=NAMES_MAX, json_schema_extra=_EACH_ONCE
    )
    skus: list[Sku] = Field(
        default=[],
        max_length=NAMES_MAX,
        description="Upper and lower case are the same.",
        json_schema_extra=_EACH_ONCE,
    )

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.categories or self.product_ids or self.skus):
            raise PydanticCustomError(
                "applies_to_nothing",
                "Must name a category, a product or a SKU. Null means all products",
            )
        return self
