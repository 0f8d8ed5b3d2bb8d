"""Responses of routes that need more than a view: a status, an ETag or headers."""

from typing import Generic, Self, TypeVar

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from shared.http.etags import is_not_modified, make_etag
from shared.records import Record
from shared.storage.cache import CacheEntry

JSON = "application/json; charset=utf-8"

AnyView = TypeVar("AnyView", bound=BaseModel)


class Rendered(Record, Generic[AnyView]):
    """A view as the text that clients receive, with its ETag."""

    body: str
    etag: str

    @classmethod
    def from_view(cls, view: AnyView, *, version: int | None = None) -> Self:
        body = view.model_dump_json()
        return cls(body, make_etag(body, version))


def no_content_response() -> Response[None]:
    """204: the request succeeded and there is nothing to return."""
    return Response(status_code=204)


def accepted_response() -> Response[None]:
    """202: the result comes by mail, if there is one."""
    return Response(status_code=202)


def created_response(
    view: AnyView, *, version: int | None = None, **headers: str
) -> Response[AnyView]:
    """201 with the view, and an ETag if it has a version. `headers` have names in snake case."""
    if version is None:
        header_fields = _header_fields(headers)
        return Response(status_code=201, content_type=JSON, body=view, headers=header_fields)
    return _response(201, Rendered.from_view(view, version=version), headers)


def ok_response(
    view: AnyView, *, version: int | None = None, if_none_match: str | None = None, **headers: str
) -> Response[AnyView]:
    """200 with the view and its ETag, or 304 if the client has it."""
    return _conditional_response(Rendered.from_view(view, version=version), if_none_match, headers)


def public_response(
    entry: CacheEntry[Rendered[AnyView]], *, if_none_match: str | None = None
) -> Response[AnyView]:
    """As `ok_response`, for browsers and CDNs to cache until the entry expires here.

    So the limit on its age holds across all caches together.
    """
    headers = {
        "cache_control": f"public, max-age={int(entry.seconds_left)}",
        "vary": "Origin",  # API Gateway's CORS headers depend on it
    }
    return _conditional_response(entry.value, if_none_match, headers)


def _conditional_response(
    rendered: Rendered[AnyView], if_none_match: str | None, headers: dict[str, str]
) -> Response[AnyView]:
    if is_not_modified(if_none_match, rendered.etag):
        header_fields = {"ETag": rendered.etag, **_header_fields(headers)}
        return Response(status_code=304, headers=header_fields)
    return _response(200, rendered, headers)


def _response(
    status: int, rendered: Rendered[AnyView], headers: dict[str, str]
) -> Response[AnyView]:
    return Response(
        status_code=status,
        content_type=JSON,
        body=rendered.body,  # type: ignore[arg-type]  # the same view, as text
        headers={"ETag": rendered.etag, **_header_fields(headers)},
    )


def _header_fields(headers: dict[str, str]) -> dict[str, str | list[str]]:
    return {name.replace("_", "-").title(): value for name, value in headers.items()}
