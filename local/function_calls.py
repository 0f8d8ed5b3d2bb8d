"""Calls the functions' own code in this process, with the events that API Gateway would send."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

LOOPBACK = "127.0.0.1"
SECONDS_MAX = 30  # as API Gateway waits


class Context:
    """What Lambda passes to a handler beside the event."""

    function_name = "souk-in-process"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:souk-in-process"
    memory_limit_in_mb = 1024

    def __init__(self) -> None:
        self.aws_request_id = str(uuid4())
        self._ends_at = time.monotonic() + SECONDS_MAX

    def get_remaining_time_in_millis(self) -> int:
        return int((self._ends_at - time.monotonic()) * 1000)


@dataclass(frozen=True)
class FunctionTransport(httpx.BaseTransport):
    """An httpx transport to the functions: `routed` has the handler of each path's beginning."""

    routed: Mapping[str, Handler]
    authorize: Handler

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        event = _to_event(request)
        if "authorization" in event["headers"]:
            granted = self.authorize(event, Context())["context"]
            event["requestContext"]["authorizer"] = {"lambda": granted}
        answer = self._find_handler(request.url.path)(event, Context())
        return httpx.Response(
            answer["statusCode"], headers=answer["headers"], content=answer.get("body") or ""
        )

    def _find_handler(self, path: str) -> Handler:
        for start, handler in self.routed.items():
            if path.startswith(start):
                return handler
        raise LookupError(path)


def _to_event(request: httpx.Request) -> dict[str, Any]:
    """Payload 2.0 of an HTTP API."""
    path, query = request.url.raw_path.decode().partition("?")[::2]
    http = {"method": request.method, "path": path, "protocol": "HTTP/1.1"}
    event = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "requestContext": {
            "http": http | {"sourceIp": LOOPBACK, "userAgent": "souk"},
            "requestId": uuid4().hex,
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(request.url.params)
    if request.content:
        event["body"] = request.content.decode()
    return event
