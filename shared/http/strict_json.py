"""JSON that strangers send: one reading of each text, and a bounded cost. Pure.

Where Python's parser is lenient (a key that occurs twice, NaN, infinity), two readers could
understand two things, so the text is refused. Its depth and size are counted before it is parsed:
no later code recurses deeper or loops longer than the limits allow.
"""

import json
import math
import re
from typing import Any

# The deepest body that a route accepts has 6 levels: a product's attributes.
DEPTH_MAX = 32
INTEGRAL_MAX = 2**53  # above it, a double does not name one integer
NUMBER_CHARACTERS_MAX = 4_300  # Python's own limit for integers; longer ones take quadratic time

# A string, or what is left of the text after its opening quote, or a bracket. Possessive: each
# character is read once, whatever the text.
_STRING_OR_BRACKET = re.compile(r'"(?>[^"\\]+|\\.)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_NO_OBJECT = "The body is JSON, but not an object. Send a JSON object."


class InvalidJson(Exception):
    """The text is no JSON object that has only one meaning. `at`: the position, if it is known."""

    def __init__(self, reason: str, at: int | None = None) -> None:
        super().__init__(reason)
        self.at = at


class TooComplex(Exception):
    """The text has more levels or values than it may have.

    `member`: the member of the outermost object that has too many, if it is known.
    """

    def __init__(self, code: str, message: str, member: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.member = member


def parse_object(text: str, *, values_max: int) -> dict[str, Any]:
    """`values_max` limits the members of all objects and the elements of all lists together.

    Raises InvalidJson and TooComplex.
    """
    if text.lstrip(" \t\r\n")[:1] == "[":
        raise InvalidJson(_NO_OBJECT)
    _check_complexity(text, values_max)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_to_unique,
            parse_constant=_refuse_constant,
            parse_float=_parse_number,
        )
    except json.JSONDecodeError as error:
        raise InvalidJson("The body is not valid JSON. Send one JSON object.", error.pos) from error
    except ValueError as error:  # Python's limit for integers
        raise InvalidJson(
            f"A number has more than {NUMBER_CHARACTERS_MAX} digits. Send a shorter number."
        ) from error
    if not isinstance(value, dict):
        raise InvalidJson(_NO_OBJECT)
    return value


def _check_complexity(text: str, values_max: int) -> None:
    """Counts in the whole text first: most bodies are small enough, whatever is in their strings.

    Raises TooComplex.
    """
    if _count_values(text) <= values_max and _count_containers(text) <= DEPTH_MAX:
        return
    if _count_values(_without_strings(text)) > values_max:
        raise TooComplex("too_many_values", f"Must have at most {values_max} values in all")
    _check_depth(text)


def _without_strings(text: str) -> str:
    """What is between the strings. A quote after a backslash ends none; outside of a string, where
    JSON has no backslash, the parser goes no further.
    """
    unescaped = text.replace("\\\\", "").replace('\\"', "")
    return "".join(unescaped.split('"')[::2])


def _check_depth(text: str) -> None:
    """Raises TooComplex."""
    depth, member = 0, None
    for match in _STRING_OR_BRACKET.finditer(text):
        token = match[0]
        if token in ("{", "["):
            depth += 1
        elif token in ("}", "]"):
            depth -= 1
        elif depth == 1:  # before a bracket, the last string of the outermost object is its name
            member = token[1:-1]
        if depth > DEPTH_MAX:
            message = f"Must be nested at most {DEPTH_MAX} levels deep"
            raise TooComplex("too_deep", message, member)


def _count_values(text: str) -> int:
    """At least the number of members and elements: each follows a comma or an open bracket."""
    return text.count(",") + _count_containers(text)


def _count_containers(text: str) -> int:
    return text.count("{") + text.count("[")


def _to_unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise InvalidJson("An object has the same key twice. Send each key once.")
    return unique


def _refuse_constant(_: str) -> None:
    # RFC 8259, 6: Python would accept NaN and Infinity
    raise InvalidJson("NaN and Infinity are not JSON. Send a number or null.")


def _parse_number(number: str) -> float:
    """JSON has one kind of number: 100.0 and 1e2 are integers (JSON Schema, Validation 6.1.1)."""
    value = math.inf if len(number) > NUMBER_CHARACTERS_MAX else float(number)
    if math.isinf(value):
        raise InvalidJson("A number is too large or too long for a double. Send another number.")
    return int(value) if value.is_integer() and abs(value) <= INTEGRAL_MAX else value
