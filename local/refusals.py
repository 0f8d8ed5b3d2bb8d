"""Refusals by the local stack itself: the shop's error envelope, sent over ASGI.

Standard library only: MiniStack's environment imports this module too.
"""

import json
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Refusal:
    status: int
    code: str
    message: str

    def to_body(self) -> bytes:
        error = {
            "code": self.code,
            "message": self.message,
            "details": {},
            "request_id": str(uuid.uuid4()),
        }
        return json.dumps({"error": error}).encode()

    @staticmethod
    def headers(body: bytes) -> list[tuple[bytes, bytes]]:
        """Without any `Access-Control` header: no page may read a refusal."""
        return [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]

    async def send(self, send: Send) -> None:
        body = self.to_body()
        start = {
            "type": "http.response.start",
            "status": self.status,
            "headers": self.headers(body),
        }
        await send(start)
        await send({"type": "http.response.body", "body": body})


MALFORMED = Refusal(
    400,
    "malformed_request",
    "The request line or a header is malformed. Correct the address, the headers and the length.",
)
