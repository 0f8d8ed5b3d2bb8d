"""Health, the API's documentation, countries, and the response to addresses without a route.

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
from typing import Any, Literal, Self

from aws_lambda_powertools.event_handler import Response, openapi
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from shared.errors.base import NotFound
from shared.errors.requests import MethodNotAllowed
from shared.http.api import create_api
from shared.http.authorization import anyone
from shared.http.etags import is_not_modified, make_etag
from shared.http.parameters import IfNoneMatch
from shared.http.responses import JSON
from shared.http.routers import Routers
from shared.http.schemas import ANSWER_BYTES_MAX, View
from shared.records import Record

ROUTERS = Routers({"/v1/countries": "reference.countries.routes"})

api = create_api(routers=ROUTERS)
handler = api.resolve

_HERE = Path(__file__).parent
_SWAGGER = Path(openapi.__file__).parent / "swagger_ui"


CACHE_SECONDS = 300  # a new release is visible soon


class StaticText(Record):
    content_type: str
    plain: str
    packed: str  # with gzip, in base64, as Lambda returns it
    etag: str

    @classmethod
    def from_text(cls, content_type: str, text: str) -> Self:
        packed = base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
        return cls(content_type, text, packed, make_etag(text))

    def to_response(
        self, *, accept_encoding: str, if_none_match: str | None, **headers: str
    ) -> Response[str]:
        """200 in the encoding that the client accepts, or 304 if it has that.

        A text over 1 MB is sent as gzip to all: no answer of the shop is larger.

        The two encodings have different bytes, so each has a strong ETag of its own. `headers` have
        names in snake case.
        """
        is_packed = len(self.plain) > ANSWER_BYTES_MAX or accepts_gzip(accept_encoding)
        etag = f'{self.etag[:-1]}-gzip"' if is_packed else self.etag
        sent: dict[str, str | list[str]] = {
            "Cache-Control": f"public, max-age={CACHE_SECONDS}",
            "ETag": etag,
            "Vary": "Accept-Encoding, Origin",  # API Gateway's CORS headers depend on the latter
            **{name.replace("_", "-").title(): value for name, value in headers.items()},
        }
        if is_not_modified(if_none_match, etag):
            return Response(304, headers=sent)
        if not is_packed:
            return Response(200, self.content_type, self.plain, sent)
        sent["Content-Encoding"] = "gzip"
        response = Response(200, self.content_type, self.packed, sent)
        response.base64_encoded = True
        return response


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header (RFC 9110, 12.5.3) asks for gzip."""
    weights: dict[str, float] = {}
    for coding in accept_encoding.lower().split(","):
        name, _, parameter = coding.partition(";")
        weights[name.strip()] = _weight(parameter)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


class DocsPage(Record):
    text: StaticText
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
    responses={200: _ok("application/json", {"type": "object"})},
)
@anyone
def get_openapi_document(if_none_match: IfNoneMatch = None) -> Response[str]:
    """Download the description of this API as OpenAPI 3.1.

    Generators of clients read it.
    """
    return _document("openapi.json").to_response(
        accept_encoding=_accept_encoding(), if_none_match=if_none_match
    )


@api.get(
    "/v1/asyncapi.json",
    tags=["Reference"],
    responses={200: _ok("application/json", {"type": "object"})},
)
@anyone
def get_asyncapi_document(if_none_match: IfNoneMatch = None) -> Response[str]:
    """Download the description of the shop's events as AsyncAPI 3.

    It has the payload of each event as JSON Schema.
    """
    return _document("asyncapi.json").to_response(
        accept_encoding=_accept_encoding(), if_none_match=if_none_match
    )


@api.get(
    "/v1/docs",
    tags=["Reference"],
    responses={200: _ok("text/html", {"type": "string"})},
)
@anyone
def get_api_docs(if_none_match: IfNoneMatch = None) -> Response[str]:
    """Get a web page that documents this API and can send requests to it.

    It needs no other server, so it works without the internet.
    """
    page = _page()
    return page.text.to_response(
        accept_encoding=_accept_encoding(),
        if_none_match=if_none_match,
        content_security_policy=page.policy,
    )


def _accept_encoding() -> str:
    return str(api.current_event.headers.get("accept-encoding", ""))


@api.not_found
def unknown_address(_: NotFoundError) -> Response[Any]:
    """API Gateway's `$default` route. 405 if the address has other methods, otherwise 404."""
    allowed = _methods_at(api.current_event.path)
    # A method that the address has was refused for the address itself: a parameter is no id.
    if allowed and api.current_event.http_method not in allowed:
        return api.refuse(MethodNotAllowed(allowed=allowed))
    return api.refuse(NotFound())


def _methods_at(path: str) -> list[str]:
    """The methods of this very path, or else of all path templates that match it."""
    paths = json.loads(_document("openapi.json").plain)["paths"]
    templates = [path] if path in paths else [each for each in paths if _matches(path, each)]
    allowed = {method.upper() for template in templates for method in paths[template]}
    return sorted(allowed | {"HEAD"} if "GET" in allowed else allowed)


def _matches(path: str, template: str) -> bool:
    literals = re.split(r"\{\w+\}", template)
    return re.fullmatch("[^/]+".join(map(re.escape, literals)), path) is not None


@cache
def _document(name: str) -> StaticText:
    return StaticText.from_text(JSON, (_HERE / name).read_text())


@cache
def _page() -> DocsPage:
    """The page with Swagger UI inside, so it loads nothing from other servers.

    It is the same for everybody and compressed once: anybody can ask for it at any rate. Plain, it
    has some 1.7 MB, so it is never sent plain.
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
    return DocsPage(StaticText.from_text("text/html; charset=utf-8", html), policy)


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
