"""Timestamps, as clients write them."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)


def _in_utc(value: Any) -> datetime:
    """Refuses a number of seconds and a time without an offset: both invite wrong guesses."""
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        # The day or hour may not exist, or may lie outside the years 1 to 9999 in UTC.
        with suppress(ValueError, OverflowError):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    raise PydanticCustomError(
        "not_a_time", "Must be a date and time with an offset, such as 2026-11-01T00:00:00Z"
    )


def out_of_order_error(earlier: str) -> PydanticCustomError:
    """The problem of a time that must be later than the field `earlier`."""
    return PydanticCustomError(
        "times_out_of_order", "Must be later than `{earlier}`", {"earlier": earlier}
    )


Timestamp = Annotated[
    datetime,
    BeforeValidator(_in_utc),
    Field(
        description="A time in RFC 3339 with an offset, or with Z for UTC.",
        examples=["2026-11-01T00:00:00Z"],
    ),
]
