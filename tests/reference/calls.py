"""Calls the function behind `$default`, with any method and path."""

from typing import Any

from reference.handler import handler
from tests.support.http import CONTEXT, Answer, sample, to_answer


def invoke(method: str, path: str, **headers: str) -> dict[str, Any]:
    """The function's response to API Gateway."""
    event = sample("reference.unknown")
    event["rawPath"] = path
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event["headers"] |= headers
    response: dict[str, Any] = handler(event, CONTEXT)
    return response


def call(method: str, path: str) -> Answer:
    return to_answer(invoke(method, path))
