"""Calls a function as API Gateway does: with its route's sample event, changed by a test."""

import base64
import gzip
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from shared.errors.base import AppError
from shared.security.permissions import Permission, Principal, Role, permissions_of

EVENTS = Path(__file__).parents[2] / "events"

CONTEXT = SimpleNamespace(
    function_name="souk-test",
    memory_limit_in_mb=1024,
    invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:souk-test",
    aws_request_id="52fdfc07-2182-454f-963f-5f0f9a621d72",
    get_remaining_time_in_millis=lambda: 10_000,
)


def sample(name: str) -> dict[str, Any]:
    """A fresh copy of events/<name>.json."""
    event: dict[str, Any] = json.loads(_read_sample(name))
    return event


@cache
def _read_sample(name: str) -> str:
    return (EVENTS / f"{name}.json").read_text()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.body["error"]
        return error

    @property
    def code(self) -> str:
        return str(self.error["code"])

    @property
    def paths(self) -> list[str]:
        """The paths of the invalid fields."""
        return [field["path"] for field in self.error["details"]["fields"]]


@dataclass(frozen=True)
class Caller:
    user_id: str
    roles: str = "customer"
    session_id: str = "ses_here"


ADA = Caller("usr_ada")
BOB = Caller("usr_bob")
STAFF = Caller("usr_staff", "customer staff")
ADMIN = Caller("usr_admin", "customer admin")
NOBODY: Caller | None = None

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.23"  # network addresses of clients
BROWSER = "curl/8.5.0"


def send(  # noqa: PLR0913 (each one is a part of a request)
    handler: Callable[..., dict[str, Any]],
    name: str,
    *,
    caller: Caller | dict[str, Any] | None = ADA,
    body: Any = None,
    raw_body: str | None = None,
    base64: bool = False,
    headers: dict[str, str | None] | None = None,
    query: dict[str, str | list[str]] | None = None,
    path: dict[str, str] | None = None,
) -> Answer:
    """Sends the sample event `name` with these changes and returns the function's answer.

    None removes a header. A list repeats a query parameter. `path` replaces parameters of the
    path. A dict as `caller` is the context that the authorizer returned.
    """
    event = sample(name)
    _set_caller(event, caller)
    if body is not None or raw_body is not None:
        event["body"] = raw_body if raw_body is not None else json.dumps(body)
    event["isBase64Encoded"] = base64
    for header, value in (headers or {}).items():
        event["headers"].pop(header.lower(), None)
        if value is not None:
            event["headers"][header.lower()] = value
    if query is not None:
        lists = {
            name: [value] if isinstance(value, str) else value for name, value in query.items()
        }
        event["queryStringParameters"] = {name: ",".join(values) for name, values in lists.items()}
        event["rawQueryString"] = urlencode(lists, doseq=True)
    for parameter, value in (path or {}).items():
        event["rawPath"] = event["rawPath"].replace(event["pathParameters"][parameter], value)
        event["pathParameters"][parameter] = value
    event["requestContext"]["http"]["path"] = event["rawPath"]
    return to_answer(handler(event, CONTEXT))


def to_answer(response: dict[str, Any]) -> Answer:
    text = response.get("body") or ""
    if response["headers"].get("Content-Encoding") == "gzip":  # a document of more than 1 MB
        text = gzip.decompress(base64.b64decode(text)).decode()
    is_json = "json" in response["headers"].get("Content-Type", "")
    return Answer(
        response["statusCode"], response["headers"], json.loads(text) if is_json and text else text
    )


def called_from(
    handler: Callable[..., dict[str, Any]], address: str, *, device: str | None = None
) -> Callable[..., dict[str, Any]]:
    """The handler, called from this network address (and by this device)."""
    client = {"sourceIp": address} | ({"userAgent": device} if device else {})

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        event["requestContext"]["http"] |= client
        return handler(event, context)

    return handle


def principal_of(caller: Caller) -> Principal:
    return Principal(caller.user_id, _permissions_of(caller), caller.session_id)


def outcome_of(call: Callable[[], object]) -> str:
    """`done`, or the code of the refusal.

    For services that threads call: a function handles one request at a time, and so does `send`.
    """
    try:
        call()
    except AppError as refusal:
        return refusal.code
    return "done"


def _permissions_of(caller: Caller) -> frozenset[Permission]:
    return permissions_of(frozenset(Role(role) for role in caller.roles.split()))


def _set_caller(event: dict[str, Any], caller: Caller | dict[str, Any] | None) -> None:
    context = event["requestContext"]
    context.pop("authorizer", None)
    if isinstance(caller, dict):
        context["authorizer"] = {"lambda": caller}
    elif caller is not None:
        principal = {
            "user_id": caller.user_id,
            "session_id": caller.session_id,
            "permissions": " ".join(sorted(_permissions_of(caller))),
            "second_factor_due": False,
            "expires_at": int(time.time()) + 900,
        }
        context["authorizer"] = {"lambda": principal}
