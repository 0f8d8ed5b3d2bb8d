"""Rules of a product's own data: any JSON, within limits. Pure."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic_core import PydanticCustomError

from shared.characters import has_only_text, is_unicode

ATTRIBUTES_BYTES_MAX = 16_384  # as JSON; DynamoDB allows an item 400 KB
ATTRIBUTES_DEPTH_MAX = 5
INTEGER_MAX = 2**63 - 1  # what most languages and databases can read
TOO_LARGE = "Must be at most {bytes_max} bytes of JSON"


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
            "attributes_too_large", TOO_LARGE, {"bytes_max": ATTRIBUTES_BYTES_MAX}
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
