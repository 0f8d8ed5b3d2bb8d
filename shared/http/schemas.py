"""What the request and response bodies of all functions have in common."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors.requests import InvalidFields

ONE_LINE = r"^[^\p{Cc}]*$"  # no control characters: safe in a mail header, a log line, a CSV cell
_PATTERN_MEANINGS = {ONE_LINE: "Must be one line, without control characters"}


def describe_pattern(pattern: str, meaning: str) -> str:
    """The pattern, of which clients are told the meaning instead."""
    _PATTERN_MEANINGS[pattern] = meaning
    return pattern


_NO_OBJECT = {"dict_type", "model_type", "model_attributes_type"}  # JSON has no dictionaries

Item = TypeVar("Item", bound=BaseModel)
Body = TypeVar("Body", bound=BaseModel)


def describe_problem(problem: Mapping[str, Any]) -> str:
    """One of pydantic's errors, as a person is told it."""
    if problem["type"] in _NO_OBJECT:
        return "Must be an object"
    pattern = problem.get("ctx", {}).get("pattern")
    message: str = _PATTERN_MEANINGS.get(pattern, problem["msg"])
    return message.removeprefix("Value error, ")


def invalid_fields_error(problems: Sequence[Mapping[str, Any]]) -> InvalidFields:
    """Pydantic's errors, each with the path of its field."""
    fields = [
        {
            "path": ".".join(str(step) for step in problem["loc"]),
            "code": problem["type"],
            "message": describe_problem(problem),
        }
        for problem in problems
    ]
    more = f" (and {len(fields) - 1} more)" if len(fields) > 1 else ""
    return InvalidFields(f"{fields[0]['path']}: {fields[0]['message']}{more}", fields=fields)


def validate(body: type[Body], document: Any) -> Body:
    """A document that our code has made of a request's, under the rules of its body.

    Raises InvalidFields.
    """
    try:
        return body.model_validate(document)
    except ValidationError as error:
        raise invalid_fields_error(
            [{**problem, "loc": ("body", *problem["loc"])} for problem in error.errors()]
        ) from error


def apply_merge_patch(target: Any, patch: Any) -> Any:
    """The target after a JSON merge patch (RFC 7396, 2).

    Absent fields stay, null removes a field, and objects are merged.
    """
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = apply_merge_patch(result.get(name), value)
    return result


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
