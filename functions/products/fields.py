"""The fields of a product, with what is allowed in each. Pure."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from shared.http.schemas import ONE_LINE, describe_pattern
from shared.storage.stock import SHARDS_MAX

AVAILABLE_MAX = 10**9
ATTRIBUTES_BYTES_MAX = 16_384  # as JSON; of the 400 KB that an item may have
ATTRIBUTES_DEPTH_MAX = 5
OPTIONS_BYTES_MAX = 1_000  # of the 400 KB that a group has for those of 100 variants
CATEGORY_DEPTH_MAX = 8  # each level is a shelf that the product stands on

Status = Literal["draft", "active", "archived"]
_CODE = describe_pattern(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
    "Must be 1 to 64 letters, digits and . _ -, and begin with a letter or a digit",
)
_PATH = describe_pattern(
    r"^[a-z0-9-]+(/[a-z0-9-]+)*$",
    "Must be lower-case letters, digits and -, with / between the levels",
)
Sku = Annotated[str, Field(pattern=_CODE, examples=["TEA-GREEN-100"])]


def _not_too_deep(category: str) -> str:
    if category.count("/") >= CATEGORY_DEPTH_MAX:
        raise ValueError(f"Must have at most {CATEGORY_DEPTH_MAX} levels")
    return category


Category = Annotated[
    str,
    Field(
        max_length=200,
        pattern=_PATH,
        description="A path: who browses a parent sees its children.",
        examples=["home/kitchen/teapots"],
    ),
    AfterValidator(_not_too_deep),
]
Tag = Annotated[str, Field(min_length=1, max_length=50, pattern=ONE_LINE)]
Group = Annotated[
    str,
    Field(
        pattern=_CODE,
        description="What this is a variant of: listings show one of a group.",
        examples=["TEA-GREEN"],
    ),
]
OptionName = Annotated[str, Field(min_length=1, max_length=50, pattern=ONE_LINE)]
OptionText = Annotated[str, Field(min_length=1, max_length=100, pattern=ONE_LINE)]


def _brief(options: dict[str, str]) -> dict[str, str]:
    if len(json.dumps(options, ensure_ascii=False).encode()) > OPTIONS_BYTES_MAX:
        raise PydanticCustomError(
            "options_too_large",
            "Must be at most {bytes_max} bytes of JSON",
            {"bytes_max": OPTIONS_BYTES_MAX},
        )
    return options


Options = Annotated[
    dict[OptionName, OptionText],
    Field(max_length=10, description="What tells it from the others of its group."),
    AfterValidator(_brief),
]
Available = Annotated[int, Field(ge=0, le=AVAILABLE_MAX, description="Units that can be sold.")]


def bounded(attributes: dict[str, Any]) -> dict[str, Any]:
    """Raises what pydantic reports of a field."""
    if _is_deeper(attributes, ATTRIBUTES_DEPTH_MAX):
        raise PydanticCustomError(
            "attributes_too_deep",
            "Must be nested at most {depth_max} deep",
            {"depth_max": ATTRIBUTES_DEPTH_MAX},
        )
    try:
        size = len(json.dumps(attributes, ensure_ascii=False).encode())
    except UnicodeEncodeError as error:
        raise PydanticCustomError("not_unicode", "Must not have half of a character") from error
    if size > ATTRIBUTES_BYTES_MAX:
        raise PydanticCustomError(
            "attributes_too_large",
            "Must be at most {bytes_max} bytes of JSON",
            {"bytes_max": ATTRIBUTES_BYTES_MAX},
        )
    return attributes


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if levels == 0:
        return True
    children = value.values() if isinstance(value, dict) else value
    return any(_is_deeper(child, levels - 1) for child in children)


AttributeName = Annotated[str, Field(min_length=1, max_length=50, pattern=ONE_LINE)]
Attributes = Annotated[
    dict[AttributeName, Any],
    Field(max_length=50, description="Anything that is JSON: at most 16 KB, nested 5 deep."),
    AfterValidator(bounded),
]
TaxClass = Annotated[
    str,
    Field(
        pattern=describe_pattern(
            r"^[a-z0-9_-]{1,40}$", "Must be 1 to 40 lower-case letters, digits and _ -"
        ),
        description="By which tax rates tell it apart; what they do not name is `standard`.",
        examples=["reduced"],
    ),
]
LowStockAt = Annotated[
    int, Field(ge=1, le=AVAILABLE_MAX, description="At so few, `stock.low` is told.")
]
StockShards = Annotated[
    int,
    Field(
        ge=1,
        le=SHARDS_MAX,
        description="Parts that the stock is split into, for products that sell by the hundred "
        "a second.",
    ),
]
