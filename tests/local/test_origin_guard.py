"""Who may send a request to a port of the local stack. tests/e2e/test_origins.py uses sockets."""

import asyncio
from typing import Any

import pytest

from local.origin_guard import ENGINE, GATEWAY, Exceptions, OriginGuard, Request
from tests.attacks.origins import (
    ENGINE_TARGETS,
    GATEWAY_TARGETS,
    LINK_TARGETS,
    OWN_SENDERS,
    SENDERS,
    SIGNATURE,
    Sender,
)

PORT = 4566
SHOP = "http://localhost:3000"
FORM = ("content-type", "multipart/form-data; boundary=x")


def request(
    method: str = "GET", target: str = "/", *headers: tuple[str, str], host: str = "localhost:4566"
) -> Request:
    path, _, query = target.partition("?")
    pairs = [("host", host), *headers]
    return Request(
        method=method,
        target=path.encode(),
        path=path,
        query=query.encode(),
        headers=[(name.encode(), value.encode()) for name, value in pairs],
        port=PORT,
    )


def from_sender(sender: Sender, method: str, target: str, lines: tuple[str, ...]) -> Request:
    path, _, query = target.partition("?")
    pairs = [line.replace("{port}", str(PORT)).partition(":") for line in (*sender.lines, *lines)]
    return Request(
        method=method,
        target=(sender.target_prefix + path).encode(),
        path=path,
        query=query.encode(),
        headers=[(name.lower().encode(), value.strip().encode()) for name, _, value in pairs],
        port=PORT,
    )


def is_refused(sent: Request, exceptions: Exceptions = ENGINE) -> bool:
    async def app(*_: Any) -> None:
        pytest.fail("find_refusal calls nothing")

    return OriginGuard(app, frozenset({SHOP}), exceptions).find_refusal(sent) is not None


@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.name)
def test_a_foreign_page_is_refused_everywhere(sender: Sender) -> None:
    for exceptions, targets in ((ENGINE, ENGINE_TARGETS), (GATEWAY, GATEWAY_TARGETS)):
        for target in targets:
            sent = from_sender(sender, target.method, target.path, target.lines)
            assert is_refused(sent, exceptions), target


@pytest.mark.parametrize("sender", OWN_SENDERS, ids=lambda sender: sender.name)
def test_programs_and_own_pages_are_not_refused(sender: Sender) -> None:
    for exceptions, targets in ((ENGINE, ENGINE_TARGETS), (GATEWAY, GATEWAY_TARGETS)):
        for target in targets:
            sent = from_sender(sender, target.method, target.path, target.lines)
            assert not is_refused(sent, exceptions), target


@pytest.mark.parametrize("host", ["uploads.localhost:4566", "uploads.s3.localhost:4566"])
def test_only_ministack_has_subdomains(host: str) -> None:
    assert not is_refused(request(host=host))
    assert is_refused(request(host=host), GATEWAY)


@pytest.mark.parametrize(
    ("method", "target", "headers", "is_allowed"),
    [
        ("POST", "/souk-uploads-1", [FORM], True),
        ("OPTIONS", "/souk-uploads-1", [], True),
        ("GET", "/_aws/execute-api/abc/$default/v1/products", [], True),
        ("DELETE", "/_aws/execute-api/abc/$default/v1/me", [("authorization", "Bearer x")], True),
        ("PUT", "/souk-uploads-1", [], False),
        ("DELETE", "/souk-uploads-1", [], False),
        ("GET", "/souk-uploads-1", [], False),
        ("POST", "/souk-uploads-1/key", [FORM], False),
        ("POST", "/souk-uploads-1?Action=CreateUser", [FORM], False),
        ("POST", "/souk-uploads-1", [("content-type", "text/plain")], False),
        ("POST", "/souk-uploads-1", [FORM, ("content-type", "text/plain")], False),
        ("POST", "/souk-uploads-1", [FORM, ("x-amz-target", "DynamoDB_20120810.Scan")], False),
        ("POST", "/souk-uploads-1", [FORM, ("authorization", "AWS4-HMAC-SHA256 ...")], False),
        ("POST", "/", [FORM], False),
        ("POST", "/_ministack/reset", [FORM], False),
        ("OPTIONS", "/", [], False),
        ("OPTIONS", "/_ministack/reset", [], False),
        ("OPTIONS", "/2015-03-31/functions", [], False),
    ],
)
def test_a_page_of_the_shop_may_call_the_api_and_upload(
    method: str, target: str, headers: list[tuple[str, str]], is_allowed: bool
) -> None:
    sent = request(method, target, ("origin", SHOP), ("sec-fetch-site", "cross-site"), *headers)

    assert is_refused(sent) is not is_allowed


def test_a_form_to_another_service_is_no_upload() -> None:
    host = "sqs.us-east-1.localhost:4566"

    assert is_refused(request("POST", "/souk-uploads-1", ("origin", SHOP), FORM, host=host))


@pytest.mark.parametrize(
    ("target", "is_allowed"),
    [("/v1", True), ("/v1/orders", True), ("/v1x", False), ("/mailbox.json", False), ("/", False)],
)
def test_a_page_of_the_shop_may_use_the_api_only(target: str, is_allowed: bool) -> None:
    assert is_refused(request("GET", target, ("origin", SHOP)), GATEWAY) is not is_allowed


LINK = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]
TAB = [*LINK, ("sec-fetch-dest", "document")]


def test_a_link_opens_a_page_in_a_tab() -> None:
    """As a mail's link does, whose frame has no origin."""
    assert not is_refused(request("GET", "/verify-email?token=x", *TAB), GATEWAY)
    assert is_refused(request("POST", "/verify-email", *TAB), GATEWAY)
    assert is_refused(request("GET", "/mailbox", *LINK, ("sec-fetch-dest", "iframe")), GATEWAY)
    assert is_refused(request("GET", "/mailbox", *TAB, ("origin", "null")), GATEWAY)


def test_a_link_reaches_signed_downloads_of_ministack() -> None:
    assert not is_refused(request("GET", f"/souk-uploads-1/exports/x?{SIGNATURE}", *TAB))
    assert is_refused(request("GET", f"/souk-uploads-1/exports/x?{SIGNATURE}", *LINK))


@pytest.mark.parametrize("target", LINK_TARGETS)
def test_a_link_reaches_nothing_else_of_ministack(target: str) -> None:
    assert is_refused(request("GET", target, *TAB))


def call(guard: OriginGuard, scope: dict[str, Any]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": f"{scope['type']}.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    return sent


def test_a_foreign_websocket_is_closed_before_the_application() -> None:
    called: list[str] = []

    async def app(scope: Any, *_: Any) -> None:
        called.append(scope["type"])

    guard = OriginGuard(app, frozenset(), ENGINE)
    scope: dict[str, Any] = {
        "type": "websocket",
        "path": "/",
        "query_string": b"",
        "headers": [(b"host", b"localhost:4566"), (b"origin", b"http://evil.example")],
        "server": ("127.0.0.1", PORT),
    }

    assert call(guard, scope) == [{"type": "websocket.close", "code": 1008}]
    assert call(guard, scope | {"headers": scope["headers"][:1]}) == []
    assert call(guard, {"type": "lifespan"}) == []
    assert called == ["websocket", "lifespan"]
