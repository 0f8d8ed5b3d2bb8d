"""Refuses what a web page of another origin sends to a port of the local stack.

A browser sends such requests for any page that its user opens. MiniStack answers preflights with
`*`, takes any Host and checks few signatures, so such a page could run code on this machine. The
guard runs before the application sees a request, a websocket or a preflight.

A request is refused
- when its Host is not a name of this machine with this port: a page can make its own name lead
  to 127.0.0.1 (DNS rebinding);
- when it has an Origin other than the port's own. The shop's origins (AllowedOrigins) may use
  what `Exceptions` says;
- when the browser says in Sec-Fetch-Site that another site started it. Pictures of products are
  for all pages, as on AWS.
Programs such as curl and boto3 send neither Origin nor Sec-Fetch-Site.

Standard library only: MiniStack's environment imports this module too.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from local.refusals import MALFORMED, App, Receive, Refusal, Scope, Send

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
OWN_SITES = {"none", "same-origin"}  # none: the user typed the address
BUCKET = re.compile(r"/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/?")
# Other services have paths that begin with a date.
OBJECT = re.compile(r"/(?!\d{4}-\d\d-\d\d/)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^/].*")
CREDENTIAL = re.compile(r"[^/]+/\d{8}/[a-z0-9-]+/s3/aws4_request")
SIGNATURE_PARTS = {
    *(f"X-Amz-{name}" for name in ("Algorithm", "Credential", "Date", "Expires")),
    *(f"X-Amz-{name}" for name in ("SignedHeaders", "Security-Token", "Signature")),
    "response-content-disposition",
    "response-content-type",
}
ROUTING_HEADERS = ("x-amz-target", "authorization")  # MiniStack picks the service by them

FOREIGN_HOST = Refusal(
    400,
    "host_not_allowed",
    "The Host header is not an address of the local stack. Use localhost and the stack's port.",
)
FOREIGN_ORIGIN = Refusal(
    403,
    "origin_not_allowed",
    "A web page of another origin may not call this port. Name its origin in AllowedOrigins.",
)


@dataclass(frozen=True)
class Request:
    """The part of a request that tells who sent it."""

    method: str  # a websocket's handshake is a GET
    target: bytes  # as it was sent, without the query
    path: str  # decoded
    query: bytes
    headers: list[tuple[bytes, bytes]]
    port: int | None

    @classmethod
    def from_scope(cls, scope: Scope) -> "Request":
        return cls(
            method=scope.get("method", "GET"),
            target=scope.get("raw_path") or scope["path"].encode(),
            path=scope["path"],
            query=scope["query_string"],
            headers=[(name.lower(), value) for name, value in scope["headers"]],
            port=(scope.get("server") or ("", None))[1],
        )

    def values(self, name: str) -> list[str]:
        wanted = name.encode()
        return [
            value.decode("latin-1").strip().lower() for key, value in self.headers if key == wanted
        ]

    def has(self, name: str) -> bool:
        return bool(self.values(name))

    def is_navigation(self) -> bool:
        """True if a tab opens this address: no page can read the answer."""
        return (
            self.method in ("GET", "HEAD")
            and self.values("sec-fetch-mode") == ["navigate"]
            and self.values("sec-fetch-dest") == ["document"]
        )


@dataclass(frozen=True)
class Exceptions:
    """What pages of other origins may do at a port."""

    shop_may: Callable[[Request], bool]  # a page of one of the shop's origins
    anyone_may: Callable[[Request], bool]  # a link on any page
    all_may_show: Callable[[Request], bool] = lambda _: False  # as an image; none can read it
    has_subdomains: bool = False  # as S3 has one for each bucket; browsers keep them on loopback


class OriginGuard:
    """ASGI middleware. `shop_origins` are those of the parameter AllowedOrigins."""

    def __init__(self, app: App, shop_origins: frozenset[str], exceptions: Exceptions) -> None:
        self._app = app
        self._shop_origins = frozenset(origin.lower() for origin in shop_origins)
        self._exceptions = exceptions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None
        if scope["type"] != "lifespan":
            refusal = self.find_refusal(Request.from_scope(scope))
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await refusal.send(send)
        else:
            await receive()  # the handshake
            await send({"type": "websocket.close", "code": 1008})  # the server answers with 403

    def find_refusal(self, request: Request) -> Refusal | None:
        if not request.target.startswith(b"/"):
            return MALFORMED  # `GET http://another.example/` names a host of its own
        hosts = request.values("host")
        if len(hosts) != 1 or not self._is_own_host(hosts[0], request.port):
            return FOREIGN_HOST
        is_allowed = (
            self._is_allowed_origin(request) if request.has("origin") else self._is_own(request)
        )
        return None if is_allowed else FOREIGN_ORIGIN

    def _is_own_host(self, host: str, port: int | None) -> bool:
        name, separator, sent_port = _split_host(host)
        if separator and sent_port != str(port):
            return False
        is_subdomain = self._exceptions.has_subdomains and name.endswith(".localhost")
        return name in LOOPBACK_NAMES or is_subdomain

    def _is_allowed_origin(self, request: Request) -> bool:
        origins = request.values("origin")
        own = {f"http://{name}:{request.port}" for name in LOOPBACK_NAMES}
        if len(origins) != 1:
            return False
        is_of_shop = origins[0] in self._shop_origins and self._exceptions.shop_may(request)
        return origins[0] in own or is_of_shop

    def _is_own(self, request: Request) -> bool:
        """A request without an Origin."""
        sites = request.values("sec-fetch-site")
        return (
            set(sites) <= OWN_SITES
            or (request.is_navigation() and self._exceptions.anyone_may(request))
            or self._exceptions.all_may_show(request)
        )


def _split_host(host: str) -> tuple[str, str, str]:
    """Name, colon and port; an IPv6 address in brackets is a name."""
    if not host.startswith("["):
        return host.partition(":")
    name, bracket, rest = host.partition("]")
    return name + bracket, rest[:1], rest[1:]


def _may_call_api(request: Request) -> bool:
    return request.path == "/v1" or request.path.startswith("/v1/")


def _is_picture(request: Request) -> bool:
    is_image = request.values("sec-fetch-dest") == ["image"]
    return request.method == "GET" and is_image and request.path.startswith("/pictures/")


def _may_call_engine(request: Request) -> bool:
    """The API, which the gateway forwards, and the upload form of a bucket.

    The API's and the bucket's own CORS rules decide further.
    """
    if request.path.startswith("/_aws/execute-api/"):
        return True
    kinds = [kind.partition(";")[0] for kind in request.values("content-type")]
    is_form = request.method == "POST" and kinds == ["multipart/form-data"]
    return (
        (is_form or request.method == "OPTIONS")
        and BUCKET.fullmatch(request.path) is not None
        and not request.query
        and _is_for_s3(request)
    )


def _is_signed_download(request: Request) -> bool:
    """An object of a bucket, with a query that has the parts of S3's signature and no other.

    MiniStack trusts the credentials that a query names, and does what it calls an `Action`.
    """
    try:
        query = parse_qs(request.query.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return False
    credential = CREDENTIAL.fullmatch(query.get("X-Amz-Credential", [""])[0])
    return (
        OBJECT.fullmatch(request.path) is not None
        and query.keys() <= SIGNATURE_PARTS
        and all(len(values) == 1 for values in query.values())
        and "X-Amz-Signature" in query
        and credential is not None
        and _is_for_s3(request)
    )


def _is_for_s3(request: Request) -> bool:
    """Neither a header nor a host makes MiniStack pick another service than S3."""
    name, _, _ = _split_host(request.values("host")[0])
    return name in LOOPBACK_NAMES and not any(map(request.has, ROUTING_HEADERS))


GATEWAY = Exceptions(shop_may=_may_call_api, anyone_may=lambda _: True, all_may_show=_is_picture)
ENGINE = Exceptions(shop_may=_may_call_engine, anyone_may=_is_signed_download, has_subdomains=True)
