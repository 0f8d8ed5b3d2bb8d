"""What a route can answer beside a view alone."""

from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from shared.http.etags import is_not_modified, make_etag
from shared.storage.cache import CacheEntry

JSON = "application/json; charset=utf-8"

Shown = TypeVar("Shown", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Rendered(Generic[Shown]):
    """A view as the text that is sent, with its ETag."""

    body: str
    etag: str

    @classmethod
    def from_view(cls, view: Shown, *, version: int | None = None) -> Self:
        body = view.model_dump_json()
        return cls(body, make_etag(body, version))


def no_content_response() -> Response[None]:
    """204: done, and there is nothing to say."""
    return Response(status_code=204)


def accepted_response() -> Response[None]:
    """202: the answer comes by mail, if there is one to give."""
    return Response(status_code=202)


def created_response(view: Shown, *, version: int | None = None, **headers: str) -> Response[Shown]:
    """201 with that view; `headers` in snake case. With a version, it has an ETag to edit upon."""
    if version is None:
        named = _named(headers)
        return Response(status_code=201, content_type=JSON, body=view, headers=named)
    return _sent(201, Rendered.from_view(view, version=version), headers)


def ok_response(
    view: Shown, *, version: int | None = None, if_none_match: str | None = None, **headers: str
) -> Response[Shown]:
    """200 with that view and its ETag, or 304 when the client has it already.

    Raises InvalidPrecondition.
    """
    return _sent_or_known(Rendered.from_view(view, version=version), if_none_match, headers)


def public_response(
    kept: CacheEntry[Rendered[Shown]], *, if_none_match: str | None = None
) -> Response[Shown]:
    """As `shown`; browsers and CDNs may keep it for as long as it stays fresh here, and no longer:
    so the bound on its age holds however many have kept it in turn.
    """
    headers = {
        "cache_control": f"public, max-age={int(kept.seconds_left)}",
        "vary": "Origin",  # which API Gateway answers to in other headers
    }
    return _sent_or_known(kept.value, if_none_match, headers)


def _sent_or_known(
    rendered: Rendered[Shown], if_none_match: str | None, headers: dict[str, str]
) -> Response[Shown]:
    if is_not_modified(if_none_match, rendered.etag):
        return Response(status_code=304, headers={"ETag": rendered.etag, **_named(headers)})
    return _sent(200, rendered, headers)


def _sent(status: int, rendered: Rendered[Shown], headers: dict[str, str]) -> Response[Shown]:
    return Response(
        status_code=status,
        content_type=JSON,
        body=rendered.body,  # type: ignore[arg-type]  # it is that view, written already
        headers={"ETag": rendered.etag, **_named(headers)},
    )


def _named(headers: dict[str, str]) -> dict[str, str | list[str]]:
    return {name.replace("_", "-").title(): value for name, value in headers.items()}
