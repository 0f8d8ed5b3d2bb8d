"""What a route can answer beside a view alone."""

from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from shared.cache import Kept
from shared.versions import etag_of, is_known

JSON = "application/json; charset=utf-8"

_View = TypeVar("_View", bound=BaseModel)


def no_content() -> Response[None]:
    """204: done, and there is nothing to say."""
    return Response(status_code=204)


def accepted() -> Response[None]:
    """202: the answer comes by mail, if there is one to give."""
    return Response(status_code=202)


def created(view: _View, *, version: int | None = None, **headers: str) -> Response[_View]:
    """201 with that view; `headers` in snake case. With a version, it has an ETag to edit upon."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    if version is None:
        return Response(status_code=201, content_type=JSON, body=view, headers=named)
    return _versioned(201, view, version, named)


def shown(
    view: _View,
    *,
    version: int | None = None,
    if_none_match: str | None = None,
    **headers: str,
) -> Response[_View]:
    """200 with that view and its ETag, or 304 when the client has it already.

    Raises InvalidPrecondition.
    """
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    answer = _versioned(200, view, version, named)
    if not is_known(if_none_match, str(answer.headers["ETag"])):
        return answer
    kept = {name: it for name, it in answer.headers.items() if name != "Content-Type"}
    return Response(status_code=304, headers=kept)


def shown_to_anyone(
    kept: Kept[_View], *, version: int | None = None, if_none_match: str | None = None
) -> Response[_View]:
    """As `shown`; browsers and CDNs may keep it for as long as it stays fresh here, and no longer:
    so the bound on its age holds however many have kept it in turn.
    """
    return shown(
        kept.answer,
        version=version,
        if_none_match=if_none_match,
        cache_control=f"public, max-age={int(kept.seconds_left)}",
    )


def _versioned(
    status: int, view: BaseModel, version: int | None, headers: dict[str, str]
) -> Response[Any]:
    body = view.model_dump_json()
    return Response(
        status_code=status,
        content_type=JSON,
        body=body,
        headers={"ETag": etag_of(body, version), **headers},
    )
