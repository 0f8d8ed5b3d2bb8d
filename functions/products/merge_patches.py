"""The patch of a body: a JSON merge patch (RFC 7396) with the same fields. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args, get_origin

from pydantic import create_model

from shared.http.schemas import RequestBody
from shared.money import Money

Patch = TypeVar("Patch", bound=RequestBody)


def merge_patch_of(
    body: type[RequestBody], *, without: set[str], types: Mapping[str, Any]
) -> Callable[[type[Patch]], type[Patch]]:
    """Give a patch the fields of `body`, each optional and nullable.

    They have the JSON type alone and no default: the rules hold for the merged document, and a
    generated client would send a default as a change. `types` replaces the type of some fields.
    """
    fields: dict[str, Any] = {
        name: (types[name] if name in types else _json_type(field.annotation) | None, None)
        for name, field in body.model_fields.items()
        if name not in without
    }

    def derive(patch: type[Patch]) -> type[Patch]:
        return create_model(patch.__name__, __base__=patch, __doc__=patch.__doc__, **fields)

    return derive


def _json_type(annotation: Any) -> Any:
    """The type without its rules and without None."""
    while get_origin(annotation) not in (None, list, dict):
        annotation = get_args(annotation)[0]  # of Annotated[str, ...] and of str | None
    if get_origin(annotation) is list:
        return list[Any]
    is_object = get_origin(annotation) is dict or issubclass(annotation, Money)
    return dict[str, Any] if is_object else annotation
