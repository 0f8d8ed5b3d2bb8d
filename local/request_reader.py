"""Reads a whole request before the local stack's application sees any of it.

It answers with the shop's error envelope where the request is malformed, larger than API Gateway
accepts, or never ends. The HTTP parser has accepted the request's form by then; its own refusals
are in local.http_protocol.
"""

import asyncio
import re

from local.refusals import MALFORMED, App, Message, Receive, Refusal, Scope, Send

BODY_BYTES_MAX = 10 * 1024 * 1024  # API Gateway's limit
HEADER_BYTES_MAX = 10_240  # API Gateway's limit for the request line and all headers
SILENCE_SECONDS_MAX = 10  # between two parts of a body
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
DOT_SEGMENTS = {".", ".."}

BODY_TOO_LARGE = Refusal(413, "too_large", "The body is over 10 MB. Send less.")
HEADERS_TOO_LARGE = Refusal(
    431, "headers_too_large", "The address and the headers are over 10,240 bytes. Send less."
)
TOO_SLOW = Refusal(
    408, "request_timeout", "The body did not arrive in time. Check Content-Length and try again."
)


class _Unreadable(Exception):
    """Without a refusal, the client is gone."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        super().__init__()
        self.refusal = refusal


class RequestReader:
    """ASGI middleware."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            _check_head(scope)
            body = await _read_body(receive)
        except _Unreadable as unreadable:
            if unreadable.refusal is not None:
                await unreadable.refusal.send(send)
            return
        await self._app(scope, _replay(body, receive), send)


def _check_head(scope: Scope) -> None:
    """Raises _Unreadable. Proper clients send none of these."""
    target = scope.get("raw_path") or scope["path"].encode()
    query = scope["query_string"]
    names = [name.lower() for name, _ in scope["headers"]]
    if b"#" in target + query:
        raise _Unreadable(MALFORMED)  # a fragment is never sent
    if CONTROL_CHARACTER.search(scope["path"]):
        raise _Unreadable(MALFORMED)
    if not DOT_SEGMENTS.isdisjoint(scope["path"].split("/")):
        raise _Unreadable(MALFORMED)  # it could lead out of the API to all of MiniStack
    if b"transfer-encoding" in names and b"content-length" in names:
        raise _Unreadable(MALFORMED)  # servers differ in where such a body ends (RFC 9112, 6.1)
    sizes = [len(name) + len(value) for name, value in scope["headers"]]
    if len(target) + len(query) + sum(sizes) > HEADER_BYTES_MAX:
        raise _Unreadable(HEADERS_TOO_LARGE)


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    has_more = True
    while has_more:
        try:
            message = await asyncio.wait_for(receive(), SILENCE_SECONDS_MAX)
        except TimeoutError:
            raise _Unreadable(TOO_SLOW) from None
        if message["type"] == "http.disconnect":
            raise _Unreadable
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            raise _Unreadable(BODY_TOO_LARGE)
        has_more = message.get("more_body", False)
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body as one message; then what the server says."""
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return whole.pop() if whole else await receive()

    return replay
