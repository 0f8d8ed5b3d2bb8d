"""Points in time as clients write them."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)


def _in_utc(written: Any) -> datetime:
    """Neither a number of seconds nor a time without its offset: both have been guessed wrong."""
    if isinstance(written, str) and _RFC_3339.fullmatch(written):
        # No such day or hour, or one that is before the first year or after the last in UTC.
        with suppress(ValueError, OverflowError):
            return datetime.fromisoformat(written.upper()).astimezone(UTC)
    raise PydanticCustomError(
        "not_a_time", "Must be a date and time with its offset, such as 2026-11-01T00:00:00Z"
    )


Timestamp = Annotated[
    datetime,
    BeforeValidator(_in_utc),
    Field(description="RFC 3339, with its offset.", examples=["2026-11-01T00:00:00Z"]),
]
