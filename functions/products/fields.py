"""The fields of a product and the rules of each. Pure."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from products.attributes import TOO_LARGE, check_attributes
from products.identifiers import BARCODE_LENGTH_MAX, GTIN, check_gtin
from shared.catalog_names import CategoryPath, Identifier
from shared.characters import describe_pattern
from shared.http.text_fields import Text
from shared.money import Money
from shared.storage.models.catalog import ProductStatus
from shared.storage.stock_shards import SHARDS_MAX

AVAILABLE_MAX = 10**9
ORDER_QUANTITY_MAX = 10_000  # no order can have more
OPTIONS_BYTES_MAX = 1_000  # a group holds those of 100 variants in one item of 400 KB
WEIGHT_GRAMS_MAX = 10**8  # 100 tonnes; the units of an order then weigh less than 2^53

Status = ProductStatus
STATUS = (
    "`draft`: not on sale yet. `active`: on sale. `archived`: no longer on sale. Without it, a new "
    "product is active, and a replaced product keeps its status."
)
Sku = Annotated[
    str,
    Identifier(
        "Your own unique number of the product, as you write it: spaces and signs are fine. Upper "
        "and lower case are the same. It cannot change.",
        "TEA-GREEN-100",
    ),
]
Group = Annotated[
    str,
    Identifier(
        "Products with the same group are variants of each other. Lists show one of them.",
        "TEA-GREEN",
    ),
]
Barcode = Annotated[
    str,
    Field(
        max_length=BARCODE_LENGTH_MAX,
        pattern=GTIN,
        description="The product's GTIN: GTIN-8, UPC (12 digits), EAN or ISBN-13 (13), or GTIN-14. "
        "The shop checks its last digit, and stores its digits without spaces and hyphens.",
        examples=["4006381333931"],
    ),
    AfterValidator(check_gtin),
]
Category = Annotated[
    CategoryPath,
    Field(
        description="The path of a category. The parent categories list the product, too. A "
        "category that does not exist is created when the product is on sale.",
        examples=["home/kitchen/teapots"],
    ),
]
Tag = Annotated[str, Text(50)]
OptionName = Annotated[str, Text(50)]
OptionText = Annotated[str, Text(100)]


def _check_options_size(options: dict[str, str]) -> dict[str, str]:
    if len(json.dumps(options, ensure_ascii=False).encode()) > OPTIONS_BYTES_MAX:
        raise PydanticCustomError("options_too_large", TOO_LARGE, {"bytes_max": OPTIONS_BYTES_MAX})
    return options


Options = Annotated[
    dict[OptionName, OptionText],
    Field(
        max_length=10,
        description="How this variant differs from the others of its group, for example in size. "
        "No other variant of the group can have the same options.",
    ),
    AfterValidator(_check_options_size),
]
CountedUnits = Annotated[
    int,
    Field(
        ge=-AVAILABLE_MAX,
        le=AVAILABLE_MAX,
        description="Units for sale: those that you have, less those of open orders. Below 0 only "
        "for a product with the stock policy `backorder`.",
    ),
]


AttributeName = Annotated[str, Text(50)]
Attributes = Annotated[
    dict[AttributeName, Any],
    Field(
        max_length=50,
        description="Your own data about the product, which everyone can read. Any JSON, at most "
        "16 KB and nested at most 5 levels deep. Integers have at most 64 bits. Texts have no "
        "control characters except tabs and line breaks.",
    ),
    AfterValidator(check_attributes),
]


def check_above_price(before: Money, price: Money) -> None:
    """For `compare_at_price`. Raises pydantic's error unless it is more, in the same currency."""
    if before.currency != price.currency:
        raise PydanticCustomError(
            "not_in_price_currency",
            "Must have the currency of the price, {currency}",
            {"currency": price.currency},
        )
    if before.amount_minor <= price.amount_minor:
        raise PydanticCustomError(
            "not_above_price",
            "Must be more than the price ({price}). Remove it if the price is not reduced",
            {"price": str(price)},
        )


TaxClass = Annotated[
    str,
    Field(
        pattern=describe_pattern(
            r"^[a-z0-9_-]{1,40}$", "Must be 1 to 40 lower-case letters, digits and _ -"
        ),
        description="Selects the tax rate of the product. If a destination has no rate for the "
        "class, the rate of `standard` applies.",
        examples=["reduced"],
    ),
]
OrderQuantityMax = Annotated[
    int,
    Field(
        ge=1,
        le=ORDER_QUANTITY_MAX,
        description="Units of the product that one order may have. It replaces the shop's limits "
        "for accounts and guests. Null: the shop's limits apply.",
    ),
]
WeightGrams = Annotated[
    int,
    Field(
        ge=0,
        le=WEIGHT_GRAMS_MAX,
        description="The weight of one unit with its packing, in grams. Shipping rates can depend "
        "on it. Null counts as 0 there.",
        examples=[250],
    ),
]
STOCK_POLICY = (
    "`tracked`: sold until no unit is left. `backorder`: sold beyond that, and the order says how "
    "many units are back-ordered. `untracked`: not counted, as services, downloads and what is "
    "made to order; the stock of the product stays as it is."
)
BackorderLimit = Annotated[
    int,
    Field(
        ge=1,
        le=AVAILABLE_MAX,
        description="The units that may be back-ordered at once, if `stock_policy` is `backorder`. "
        "Null: any number.",
    ),
]
LowStockAt = Annotated[
    int,
    Field(
        ge=1,
        le=AVAILABLE_MAX,
        description="The shop publishes the event `stock.low` on its event bus when stock falls to "
        "this level or below.",
    ),
]
StockShards = Annotated[
    int,
    Field(
        ge=1,
        le=SHARDS_MAX,
        description="The number of database items that the stock is divided into. Raise it for a "
        "product that is ordered hundreds of times a second.",
    ),
]

# As `not`: Redocly takes the fields in `then` for all of them, generators take `anyOf` for a union.
GROUP_WITH_OPTIONS: dict[str, Any] = {
    "not": {
        "anyOf": [
            {
                "required": ["group"],
                "properties": {"group": {"type": "string"}, "options": {"maxProperties": 0}},
            },
            {
                "required": ["options"],
                "properties": {"group": {"type": "null"}, "options": {"minProperties": 1}},
            },
        ]
    }
}
