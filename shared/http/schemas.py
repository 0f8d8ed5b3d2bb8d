"""Base classes and validation of the request and response bodies of all functions."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from shared.characters import shorten
from shared.errors.requests import InvalidFields

PROBLEMS_MAX = 20  # that a refusal lists: a request can have thousands
NAME_SHOWN_MAX = 50  # characters of a field's name that a client chose
PATH_SHOWN_MAX = 120  # characters

NEXT_CURSOR = "Send it as `cursor` to get the next page. Null on the last page."

ANSWER_BYTES_MAX = 1_000_000  # Lambda answers at most 6 MB, as JSON within JSON

Item = TypeVar("Item", bound=BaseModel)
AnyView = TypeVar("AnyView", bound=BaseModel)
Body = TypeVar("Body", bound=BaseModel)


def invalid_fields_error(problems: Sequence[Mapping[str, Any]]) -> InvalidFields:
    """The refusal for pydantic's errors, with the path of each field: the first ones."""
    # Imported here because only refusals need it.
    from shared.http.field_problems import to_field_problem  # noqa: PLC0415

    fields = [
        {"path": _to_path(problem["loc"]), **to_field_problem(problem)}
        for problem in problems[:PROBLEMS_MAX]
    ]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return InvalidFields(f"{fields[0]['path']}: {fields[0]['message']}{more}", fields=fields)


def _to_path(location: Sequence[int | str]) -> str:
    return shorten(
        ".".join(shorten(str(step), NAME_SHOWN_MAX) for step in location), PATH_SHOWN_MAX
    )


def validate(body: type[Body], document: Any) -> Body:
    """A document that our code built from a request, checked as a body. Raises InvalidFields."""
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


def _refuse_null(value: Any) -> Any:
    if value is None:
        raise PydanticCustomError(
            "not_nullable", "Must not be null. Omit the field to keep its value"
        )
    return value


# For a field of a patch that cannot be removed: absent is None, and a null is refused.
NOT_NULL: Final = BeforeValidator(_refuse_null)


# Generated clients send documented defaults. A field of a patch, or one that a PUT keeps when it is
# omitted, has none: otherwise a rename would publish a draft.
NO_DEFAULT: Final[dict[str, Any]] = {"x-no-default": True}


class RequestBody(BaseModel):
    """Refuses unknown fields and converts no types: "3" is not a quantity.

    Texts lose their outer white space, except those that are AS_TYPED.
    """

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )

    # Members and elements of a body. An order of 50 lines has fewer than 200.
    values_max: ClassVar[int] = 1_000

    def fingerprint(self) -> str:
        """Tells a repetition from another request with the same Idempotency-Key.

        It ignores the order of the JSON's keys and its white space. It has no defaults: a field
        that a later release adds must not make a retry another request.
        """
        fields = self.model_dump(exclude_defaults=True)
        canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


class View(BaseModel):
    """A response body: it lists each field that clients see, and never is a stored item."""

    # A view that breaks its schema is a crash, and the log must not contain its values.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


def shown_as(values: Any) -> WithJsonSchema:
    """For a view's text that is one of these, a Literal: the document says so to clients.

    A value that only newer code knows is shown as it is stored; it does not fail the response.
    """
    return WithJsonSchema({"enum": list(get_args(values)), "type": "string"})


class Page(View, Generic[Item]):
    """A page of a list. Even a short or empty page can have a next page: follow `next_cursor`."""

    items: list[Item]
    next_cursor: str | None = Field(description=NEXT_CURSOR)


def fit_view(load: Callable[[int], AnyView], limit: int) -> AnyView:
    """The view of a page of at most `limit` items, or of fewer if its JSON would be too long.

    `load` reads the page for a limit. It reads again only for a page of very large items, and the
    next page then starts where the shorter one ends.
    """
    view = load(limit)
    while limit > 1 and len(view.model_dump_json().encode()) > ANSWER_BYTES_MAX:
        limit //= 2
        view = load(limit)
    return view
