"""Health, the API's own description, and an answer for every address that no route has.

A function of its own: Swagger UI's assets would slow every other one's cold start.
"""

import json
import re
import secrets
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, Literal

from aws_lambda_powertools.event_handler import Response, openapi
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from shared.errors.base import NotFound
from shared.errors.requests import MethodNotAllowed
from shared.http.api import create_api
from shared.http.authorization import anyone
from shared.http.responses import JSON
from shared.http.schemas import View

api = create_api()
handler = api.resolve

_HERE = Path(__file__).parent
_SWAGGER = Path(openapi.__file__).parent / "swagger_ui"


class Health(View):
    status: Literal["ok"] = "ok"


def _answer(content_type: str, schema: dict[str, str]) -> OpenAPIResponse:
    return {"description": "Successful Response", "content": {content_type: {"schema": schema}}}


@api.get("/v1/health", tags=["Reference"])
@anyone
def health() -> Health:
    """Whether the API answers."""
    return Health()


@api.get(
    "/v1/openapi.json",
    tags=["Reference"],
    compress=True,
    responses={200: _answer("application/json", {"type": "object"})},
)
@anyone
def openapi_document() -> Response[str]:
    """This API in OpenAPI 3.1."""
    return Response(200, JSON, _document())


@api.get(
    "/v1/docs",
    tags=["Reference"],
    compress=True,
    responses={200: _answer("text/html", {"type": "string"})},
)
@anyone
def reference_page() -> Response[str]:
    """This API as a page to read and to try."""
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'; "
        "img-src data:; connect-src 'self'; frame-ancestors 'none'"
    )
    body = _page().safe_substitute(nonce=nonce)
    return Response(200, "text/html; charset=utf-8", body, {"Content-Security-Policy": policy})


@api.not_found
def unknown_address(_: NotFoundError) -> Response[Any]:
    """API Gateway's `$default` route leads here: 405 where another method would do, else 404."""
    allowed = _methods_at(api.current_event.path)
    if allowed:
        return api.refuse(MethodNotAllowed(allowed=allowed))
    return api.refuse(NotFound())


def _methods_at(path: str) -> list[str]:
    """Of the address itself, or of the one whose ids it may have."""
    paths = json.loads(_document())["paths"]
    at = [paths[path]] if path in paths else [paths[it] for it in paths if _is_at(path, it)]
    return sorted({method.upper() for operations in at for method in operations})


def _is_at(path: str, template: str) -> bool:
    fixed = re.split(r"\{\w+\}", template)
    return re.fullmatch("[^/]+".join(map(re.escape, fixed)), path) is not None


@cache
def _document() -> str:
    return (_HERE / "openapi.json").read_text()


@cache
def _page() -> Template:
    """The page with Swagger UI in it, so that it needs nothing from elsewhere."""
    frame = Template((_HERE / "page.html").read_text())
    return Template(
        frame.safe_substitute(
            style=(_SWAGGER / "swagger-ui.min.css").read_text().replace("$", "$$"),
            script=(_SWAGGER / "swagger-ui-bundle.min.js").read_text().replace("$", "$$"),
        )
    )
