"""What is wrong with a field, in Souk's codes and words: pydantic's own never reach a client.

docs/errors.md lists the codes. A refusal that our own validators raise has its code and message
already (PydanticCustomError).
"""

import re
from collections.abc import Mapping
from typing import Any, get_args

from pydantic_core.core_schema import ErrorType

from shared.characters import PATTERN_MESSAGES, shorten

MESSAGE_SHOWN_MAX = 300  # characters
INVALID = ("invalid_value", "Is not valid. See the field's description in the API document")

_NUMBER = ("wrong_type", "Must be a whole number, without quotes")
_OBJECT = ("wrong_type", "Must be an object")
_BOOLEAN = ("wrong_type", "Must be true or false, without quotes")

# By pydantic's type: our code, and the message with the limits that pydantic names.
MEANINGS: Mapping[str, tuple[str, str]] = {
    "missing": ("required", "Is required"),
    "extra_forbidden": ("unknown_field", "Is not a field of this object. Check its spelling"),
    "string_type": ("wrong_type", "Must be a text"),
    "string_unicode": (
        "not_unicode",
        "Must not contain an unpaired surrogate (\\ud800 to \\udfff)",
    ),
    "string_too_short": ("too_short", "Must have at least {min_length} characters"),
    "string_too_long": ("too_long", "Must have at most {max_length} characters"),
    "string_pattern_mismatch": ("wrong_format", "Must match {pattern}"),
    "int_type": _NUMBER,
    "int_parsing": _NUMBER,
    "int_parsing_size": _NUMBER,
    "int_from_float": _NUMBER,
    "greater_than": ("too_small", "Must be more than {gt}"),
    "greater_than_equal": ("too_small", "Must be {ge} or more"),
    "less_than_equal": ("too_large", "Must be {le} or less"),
    "float_type": ("wrong_type", "Must be a number, without quotes"),
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "list_type": ("wrong_type", "Must be a list"),
    "too_short": ("too_short", "Must have at least {min_length} entries"),
    "too_long": ("too_long", "Must have at most {max_length} entries"),
    "literal_error": ("unknown_value", "Must be {expected}"),
    "enum": ("unknown_value", "Must be {expected}"),
}
_PYDANTICS = frozenset(get_args(ErrorType))
_AMOUNTS = re.compile(r"_minor$|^(min|max)_price$")
_DECIMAL = re.compile(r"(-?\d{1,13})[.,](\d{1,3})")


def to_field_problem(problem: Mapping[str, Any]) -> dict[str, str]:
    """`code` and `message` for one of pydantic's errors, or for a problem that our code found."""
    code, message = _meaning(problem)
    return {"code": code, "message": shorten(message, MESSAGE_SHOWN_MAX)}


def _meaning(problem: Mapping[str, Any]) -> tuple[str, str]:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind not in MEANINGS:
        return INVALID if kind in _PYDANTICS else (kind, problem["msg"])
    code, message = MEANINGS[kind]
    value = problem.get("input")
    if code == "wrong_type" and message == _NUMBER[1]:
        return _not_whole(str(problem["loc"][-1]), value)
    if code == "unknown_value" and f"'{str(value).lower()}'" in context["expected"]:
        return code, f"Use small letters: {str(value).lower()}"
    if kind == "string_pattern_mismatch":
        message = PATTERN_MESSAGES.get(context["pattern"], message)
        return code, message
    text = message.format_map(context)
    return code, re.sub(r"\b1 (character|entrie)s", _singular, text)


def _not_whole(field: str, value: Any) -> tuple[str, str]:
    """19.99 euros are 1999: say so where a client sends a price in major units."""
    is_fraction = isinstance(value, float)
    decimal = _DECIMAL.fullmatch(repr(value) if is_fraction else str(value).strip())
    if decimal and _AMOUNTS.search(field):
        minor = int(decimal[1] + decimal[2].ljust(2, "0"))
        return "not_in_minor_units", (
            f"Amounts are in minor units: {minor} means {decimal[1]}.{decimal[2].ljust(2, '0')}"
        )
    return ("not_a_whole_number", "Must be a whole number") if is_fraction else _NUMBER


def _singular(match: re.Match[str]) -> str:
    return "1 character" if match[1] == "character" else "1 entry"
