"""How the catalog names products and categories. Products and promotions compare names alike.

SKUs and groups are stored as they were typed, without outer white space and in Unicode's form NFC.
Two SKUs are the same if they differ only in case, or in the kind of their white space.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Annotated, Any

from annotated_types import GroupedMetadata
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from shared.characters import PRINTABLE, describe_pattern
from shared.http.text_fields import Text
from shared.records import Record

IDENTIFIER_LENGTH_MAX = 64  # characters
CATEGORY_DEPTH_MAX = 8  # each level is a partition of the listings that the product is written to
CATEGORY_PATH_MAX = 200  # characters

_PRINTABLE = re.compile(PRINTABLE)
_WHITE_SPACE = re.compile(r"\s")

CategoryPath = Annotated[
    str,
    Field(
        max_length=CATEGORY_PATH_MAX,
        pattern=describe_pattern(
            rf"^[a-z0-9-]+(/[a-z0-9-]+){{0,{CATEGORY_DEPTH_MAX - 1}}}$",
            "Must have only lower-case letters, digits and -, with / between the levels; at most "
            f"{CATEGORY_DEPTH_MAX} levels",
        ),
    ),
]


class Identifier(Record, GroupedMetadata):
    """Text that names a product, in `Annotated[str, Identifier(description, example)]`."""

    description: str
    example: str

    def __iter__(self) -> Iterator[object]:
        yield from Text(IDENTIFIER_LENGTH_MAX)
        yield AfterValidator(_require_printable)
        yield Field(
            description=self.description,
            examples=[self.example],
            json_schema_extra={"pattern": PRINTABLE},
        )
        yield BeforeValidator(_normalize)


def sku_key(sku: str) -> str:
    """Equal for two SKUs that are the same.

    Unicode's canonical caseless match (3.13, D145): `straße` is `STRASSE`. The Turkish
    dotless i is another letter than i, and full-width letters are others than ASCII's.
    """
    folded = unicodedata.normalize("NFD", sku).casefold()
    return _WHITE_SPACE.sub(" ", unicodedata.normalize("NFC", folded))


def _normalize(text: Any) -> Any:
    """The text as it is stored. What is no text stays as it is, and is refused later."""
    return unicodedata.normalize("NFC", text).strip() if isinstance(text, str) else text


def _require_printable(text: str) -> str:
    """The text. Raises pydantic's error if it has a character that takes no room."""
    if not _PRINTABLE.match(text):
        raise PydanticCustomError("wrong_format", "Must have only characters that can be printed")
    return text
