"""The fields of a promotion, with what is allowed in each. Pure."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shared.http.schemas import describe_pattern

USES_MAX = 10**9
DESCRIPTION_MAX = 500

Kind = Literal["percent", "fixed", "free_shipping"]

_CODE = describe_pattern(
    "^[A-Za-z0-9][A-Za-z0-9_-]{1,39}$",
    "Must be 2 to 40 letters, digits and _ -, and begin with a letter or a digit",
)
Code = Annotated[
    str,
    Field(
        pattern=_CODE,
        description="What buyers type: upper and lower case are the same, and shown as upper case.",
        examples=["SPRING-10"],
    ),
    AfterValidator(str.upper),
]
Percent = Annotated[int, Field(ge=1, le=100, description="Of each line, for kind `percent`.")]
UsesMax = Annotated[
    int,
    Field(
        ge=1,
        le=USES_MAX,
        description="Orders that may use it, all together; those that are cancelled or expire give "
        "their use back. Only orders that are placed while there is such a limit are counted.",
    ),
]
UsesPerCustomerMax = Annotated[
    int,
    Field(
        ge=1,
        le=USES_MAX,
        description="Orders of one account, or of one guest's address, that may use it. Counted "
        "as with `uses_max`.",
    ),
]
