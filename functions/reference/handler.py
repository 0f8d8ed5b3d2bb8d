"""Health, the API's documentation, and the response to addresses without a route.

This is a separate function, because Swagger UI's files would slow the cold starts of others.
"""

import base64
import gzip
import hashlib
import json
import re
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
from shared.records import Record

api = create_api()
handler = api.resolve

_HERE = Path(__file__).parent
_SWAGGER = Path(openapi.__file__).parent / "swagger_ui"


PAGE_CACHE_SECONDS = 300  # a new release is visible soon


class DocsPage(Record):
    packed: bytes  # with gzip
    policy: str  # runs the page's own scripts only


class Health(View):
    status: Literal["ok"] = "ok"


def _ok(content_type: str, schema: dict[str, str]) -> OpenAPIResponse:
    return {"description": "Successful Response", "content": {content_type: {"schema": schema}}}


@api.get("/v1/health", tags=["Reference"])
@anyone
def get_health() -> Health:
    """Check that the API can answer requests.

    It reads no data, so it costs little.
    """
    return Health()


@api.get(
    "/v1/openapi.json",
    tags=["Reference"],
    compress=True,
    responses={200: _ok("application/json", {"type": "object"})},
)
@anyone
def get_openapi_document() -> Response[str]:
    """Download the description of this API as OpenAPI 3.1.

    Generators of clients read it.
    """
    return Response(200, JSON, _document())


@api.get(
    "/v1/asyncapi.json",
    tags=["Reference"],
    compress=True,
    responses={200: _ok("application/json", {"type": "object"})},
)
@anyone
def get_asyncapi_document() -> Response[str]:
    """Download the description of the shop's events as AsyncAPI 3.

    It has the payload of each event as JSON Schema.
    """
    return Response(200, JSON, (_HERE / "asyncapi.json").read_text())


@api.get(
    "/v1/docs",
    tags=["Reference"],
    responses={200: _ok("text/html", {"type": "string"})},
)
@anyone
def get_api_docs() -> Response[bytes]:
    """Get a web page that documents this API and can send requests to it.

    The page is always gzipped.
    """
    page = _page()
    headers = {
        "Cache-Control": f"public, max-age={PAGE_CACHE_SECONDS}",
        "Content-Encoding": "gzip",  # for all: plain, it is over 1 MB
        "Content-Security-Policy": page.policy,
        "Vary": "Origin",  # API Gateway's CORS headers depend on it
    }
    return Response(200, "text/html; charset=utf-8", page.packed, headers)


@api.not_found
def unknown_address(_: NotFoundError) -> Response[Any]:
    """API Gateway's `$default` route. 405 if the address has other methods, otherwise 404."""
    allowed = _methods_at(api.current_event.path)
    if allowed:
        return api.refuse(MethodNotAllowed(allowed=allowed))
    return api.refuse(NotFound())


def _methods_at(path: str) -> list[str]:
    """The methods of this very path, or else of all path templates that match it."""
    paths = json.loads(_document())["paths"]
    templates = [path] if path in paths else [each for each in paths if _matches(path, each)]
    return sorted({method.upper() for template in templates for method in paths[template]})


def _matches(path: str, template: str) -> bool:
    literals = re.split(r"\{\w+\}", template)
    return re.fullmatch("[^/]+".join(map(re.escape, literals)), path) is not None


@cache
def _document() -> str:
    return (_HERE / "openapi.json").read_text()


@cache
def _page() -> DocsPage:
    """The page with Swagger UI inside, so it loads nothing from other servers.

    It is the same for everybody and compressed once: anybody can ask for it at any rate.
    """
    html = Template((_HERE / "page.html").read_text()).substitute(
        style=(_SWAGGER / "swagger-ui.min.css").read_text(),
        script=(_SWAGGER / "swagger-ui-bundle.min.js").read_text(),
    )
    scripts = re.findall("<script>(.*?)</script>", html, re.DOTALL)
    sources = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; "
        "img-src data:; connect-src 'self'; frame-ancestors 'none'"
    )
    return DocsPage(gzip.compress(html.encode(), mtime=0), policy)


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
