"""The fields of an order's request, with what is allowed in each. Pure."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from shared.http.schemas import ONE_LINE

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=ONE_LINE)]
AddressLine = Annotated[str, Field(min_length=1, max_length=200, pattern=ONE_LINE)]
PostalCode = Annotated[str, Field(min_length=1, max_length=20, pattern=ONE_LINE)]

_BETWEEN_CODES = re.compile(r"[\s,;+|]")


def _one_code(given: Any) -> Any:
    """As promotions have it: in upper case, without blanks around it."""
    is_several = isinstance(given, list)
    if isinstance(given, str):
        given = given.strip().upper()
        is_several = bool(_BETWEEN_CODES.search(given))
    if is_several:
        raise PydanticCustomError("one_promotion_only", "An order takes one promotion code")
    return given


PromotionCode = Annotated[
    str,
    Field(
        min_length=1,
        max_length=40,
        pattern=ONE_LINE,
        description="One code; upper and lower case are the same.",
        examples=["SPRING-10"],
    ),
    BeforeValidator(_one_code),
]
