"""What the request and response bodies of all functions have in common."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

ONE_LINE = r"^[^\p{Cc}]*$"  # no control characters: safe in a mail header, a log line, a CSV cell
_PATTERN_MEANINGS = {ONE_LINE: "Must be one line, without control characters"}

Item = TypeVar("Item", bound=BaseModel)


def reason(problem: Mapping[str, Any]) -> str:
    """One of pydantic's errors, as a person is told it."""
    pattern = problem.get("ctx", {}).get("pattern")
    message: str = _PATTERN_MEANINGS.get(pattern, problem["msg"])
    return message.removeprefix("Value error, ")


class RequestBody(BaseModel):
    """Refuses what it does not know and converts nothing: "3" is no quantity."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class View(BaseModel):
    """What a client is shown: an allow-list, never a stored item as it is."""

    # A view that breaks its schema is a crash, and a crash is logged.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Page(View, Generic[Item]):
    """Follow `next_cursor` until it is null: a short or empty page may have a successor."""

    items: list[Item]
    next_cursor: str | None
