"""Calls the function behind `$default` with any method at any address."""

from typing import Any

from reference.handler import handler
from tests.support.http import CONTEXT, Answer, answer_of, sample


def respond(method: str, path: str, **headers: str) -> dict[str, Any]:
    """What the function answers API Gateway."""
    event = sample("reference.unknown")
    event["rawPath"] = path
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event["headers"] |= headers
    response: dict[str, Any] = handler(event, CONTEXT)
    return response


def ask(method: str, path: str) -> Answer:
    return answer_of(respond(method, path))
