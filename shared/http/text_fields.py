"""Text in request bodies and parameters: the one place that says what it may contain.

Every string that a client sends is one of these, or has a narrower pattern or format of its own;
tests/shared/test_text_fields.py checks all schemas.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from annotated_types import GroupedMetadata
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared.characters import LINES, ONE_LINE, describe_pattern, is_visible
from shared.records import Record

describe_pattern(ONE_LINE, "Must be one line without control characters")
describe_pattern(LINES, "Must have no control characters except tabs and line breaks")

# For what nobody is shown: passwords, codes and tokens may have any characters.
SECRET: Final[dict[str, Any]] = {"format": "password"}

# For a text whose outer white space means something, such as a password. Others lose it, in bodies
# (RequestBody) and in parameters (shared.http.arguments): nobody sees it after a copy and paste.
AS_TYPED: Final = StringConstraints(strip_whitespace=False)


class Text(Record, GroupedMetadata):
    """Text that people read, in `Annotated[str, Text(100)]`.

    It is one line and has a visible character. `is_optional` also allows an empty or blank text.
    `has_lines` also allows line breaks and tabs.
    """

    length_max: int  # in characters (code points)
    is_optional: bool = False
    has_lines: bool = False

    def __iter__(self) -> Iterator[object]:
        yield from StringConstraints(
            min_length=None if self.is_optional else 1,
            max_length=self.length_max,
            pattern=LINES if self.has_lines else ONE_LINE,
        )
        if not self.is_optional:
            yield AfterValidator(_require_visible)


def _require_visible(text: str) -> str:
    if not is_visible(text):
        raise PydanticCustomError("invisible_text", "Must have a character that people can see")
    return text


ProductId = Annotated[
    str,
    Field(
        pattern=describe_pattern(
            r"^prd_[a-z0-9_]{1,60}$", "Must be the id of a product as the shop returned it"
        ),
    ),
]
