"""The API's last requests, in memory: what was called, by whom, and how it ended.

It keeps no query, no header and no body, so no token and no address. Of a caller it keeps the id
that the token names. The gateway does not verify tokens, so a refused caller has no name.
"""

import base64
import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from local.refusals import App, Message, Receive, Scope, Send
from shared.security.api_keys import PREFIX, KeyText

KEPT_MAX = 500
PATH_MAX = 300  # characters
NAME_MAX = 80
API_PATH = "/v1"
NO_ANSWER = 0  # the status of a request whose client has left


@dataclass(frozen=True)
class LoggedRequest:
    at: datetime
    method: str
    path: str
    status: int
    milliseconds: int
    caller: str
    request_id: str | None  # None if no function answered

    def to_json(self) -> dict[str, Any]:
        return vars(self) | {"at": self.at.isoformat()}


class RequestLog:
    """`watch` is ASGI middleware."""

    def __init__(self) -> None:
        self._requests: deque[LoggedRequest] = deque(maxlen=KEPT_MAX)

    def newest_first(self) -> list[LoggedRequest]:
        return list(self._requests)[::-1]

    def watch(self, app: App) -> App:
        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if not is_api_path(scope.get("path", "")):
                await app(scope, receive, send)
                return
            began, start = time.monotonic(), dict[str, Any]()

            async def send_seen(message: Message) -> None:
                if message["type"] == "http.response.start":
                    start.update(message)
                await send(message)

            try:
                await app(scope, receive, send_seen)
            finally:
                self._requests.append(_describe(scope, start, time.monotonic() - began))

        return watched


def is_api_path(path: str) -> bool:
    return path == API_PATH or path.startswith(f"{API_PATH}/")


def _describe(scope: Scope, start: Mapping[str, Any], seconds: float) -> LoggedRequest:
    status = int(start.get("status", NO_ANSWER))
    answered = _to_texts(start.get("headers", []))
    return LoggedRequest(
        at=datetime.now(UTC) - timedelta(seconds=seconds),
        method=scope.get("method", "GET"),
        path=scope["path"][:PATH_MAX],
        status=status,
        milliseconds=round(seconds * 1000),
        caller=name_caller(_to_texts(scope["headers"]), status),
        request_id=answered.get("x-request-id"),
    )


def _to_texts(headers: Any) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


def name_caller(headers: Mapping[str, str], status: int) -> str:
    """Who the request says it is from, without what proves it."""
    if status == HTTPStatus.UNAUTHORIZED:
        return "not recognised"
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _name_bearer(token.strip())
    if "order-token" in headers:
        return "a guest"
    if {"payment-signature", "stripe-signature"} & headers.keys():
        return "the payment provider"
    return "anyone"


def _name_bearer(token: str) -> str:
    try:
        if token.startswith(PREFIX):
            key = KeyText.parse(token)
            return f"{key.user_id} with {key.key_id}"
        claims = token.split(".")[1]
        subject = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]
    except (ValueError, IndexError, KeyError, TypeError):
        return "not recognised"
    return subject[:NAME_MAX] if isinstance(subject, str) else "not recognised"
