"""The fields of a product and the rules of each. Pure."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from products.categories.paths import CATEGORY_DEPTH_MAX, CATEGORY_PATH_MAX
from shared.characters import describe_pattern, has_only_text, is_unicode
from shared.http.text_fields import Text
from shared.storage.stock_shards import SHARDS_MAX

AVAILABLE_MAX = 10**9
ORDER_QUANTITY_MAX = 10_000  # no order can have more
ATTRIBUTES_BYTES_MAX = 16_384  # as JSON; DynamoDB allows an item 400 KB
ATTRIBUTES_DEPTH_MAX = 5
INTEGER_MAX = 2**63 - 1  # what most languages and databases can read
OPTIONS_BYTES_MAX = 1_000  # a group holds those of 100 variants in one item of 400 KB

Status = Literal["draft", "active", "archived"]
STATUS = (
    "`draft`: not on sale yet. `active`: on sale. `archived`: no longer on sale. Without it, a new "
    "product is active, and a replaced product keeps its status."
)
_CODE = describe_pattern(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
    "Must be 1 to 64 letters, digits and . _ -, and begin with a letter or a digit",
)
_PATH = describe_pattern(
    rf"^[a-z0-9-]+(/[a-z0-9-]+){{0,{CATEGORY_DEPTH_MAX - 1}}}$",
    "Must have only lower-case letters, digits and -, with / between the levels; at most "
    f"{CATEGORY_DEPTH_MAX} levels",
)
Sku = Annotated[
    str,
    Field(
        pattern=_CODE,
        description="Your own unique number of the product. It cannot change.",
        examples=["TEA-GREEN-100"],
    ),
]


Category = Annotated[
    str,
    Field(
        max_length=CATEGORY_PATH_MAX,
        pattern=_PATH,
        description="The path of a category. The parent categories list the product, too. A "
        "category that does not exist is created when the product is on sale.",
        examples=["home/kitchen/teapots"],
    ),
]
Tag = Annotated[str, Text(50)]
Group = Annotated[
    str,
    Field(
        pattern=_CODE,
        description="Products with the same group are variants of each other. Lists show one of "
        "them.",
        examples=["TEA-GREEN"],
    ),
]
OptionName = Annotated[str, Text(50)]
OptionText = Annotated[str, Text(100)]


_TOO_LARGE = "Must be at most {bytes_max} bytes of JSON"


def _check_options_size(options: dict[str, str]) -> dict[str, str]:
    if len(json.dumps(options, ensure_ascii=False).encode()) > OPTIONS_BYTES_MAX:
        raise PydanticCustomError("options_too_large", _TOO_LARGE, {"bytes_max": OPTIONS_BYTES_MAX})
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


def check_attributes(attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes as they are.

    Raises pydantic's error if they are too deep or too large, or have a value that others cannot
    read as it was sent.
    """
    if _is_deeper(attributes, ATTRIBUTES_DEPTH_MAX):
        raise PydanticCustomError(
            "attributes_too_deep",
            "Must be nested at most {depth_max} levels deep",
            {"depth_max": ATTRIBUTES_DEPTH_MAX},
        )
    for scalar in _scalars(attributes):
        _check_scalar(scalar)
    if len(json.dumps(attributes, ensure_ascii=False).encode()) > ATTRIBUTES_BYTES_MAX:
        raise PydanticCustomError(
            "attributes_too_large", _TOO_LARGE, {"bytes_max": ATTRIBUTES_BYTES_MAX}
        )
    return attributes


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if levels == 0:
        return True
    children = value.values() if isinstance(value, dict) else value
    return any(_is_deeper(child, levels - 1) for child in children)


def _scalars(value: Any) -> Iterator[Any]:
    """The values that are no objects or lists, and the names of all members."""
    if isinstance(value, dict):
        yield from value
        value = value.values()
    elif not isinstance(value, list):
        yield value
        return
    for child in value:
        yield from _scalars(child)


def _check_scalar(scalar: Any) -> None:
    if isinstance(scalar, int) and abs(scalar) > INTEGER_MAX:
        raise PydanticCustomError(
            "integer_too_large", "Must have integers of at most 64 bits; send larger ones as text"
        )
    if not isinstance(scalar, str):
        return
    if not is_unicode(scalar):
        raise PydanticCustomError(
            "not_unicode", "Must not contain an unpaired surrogate (\\ud800 to \\udfff)"
        )
    if not has_only_text(scalar):
        raise PydanticCustomError(
            "control_characters", "Must have no control characters except tabs and line breaks"
        )


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
