"""The answers of an operation: each status with its body, its codes and its headers."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from docs.contract.errors import response_schema
from docs.contract.headers import headers_of_refusals, headers_of_success
from docs.contract.refusals import refusals_of
from shared.errors.accounts import TokenMissing
from shared.errors.base import AppError

SUCCESS = {
    "200": "The request succeeded.",
    "201": "Created.",
    "202": "Accepted. What it starts takes some seconds.",
    "204": "Done. The response has no body.",
    "304": "Your copy is current. The response has no body.",
}
ACCEPTED_WITHOUT_BODY = "Accepted. The response has no body. If a mail is due, it is sent shortly."
# What API Gateway answers itself, if it must, is in a form of its own (docs/gateway-answers.md).
OF_GATEWAY = {
    HTTPStatus.UNAUTHORIZED: "a request without the header `Authorization`",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "a body over 10 MB",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "a request line and headers over 10,240 bytes",
    HTTPStatus.TOO_MANY_REQUESTS: "too many requests to the whole shop at once",
    HTTPStatus.INTERNAL_SERVER_ERROR: "a function that crashed as a whole",
    HTTPStatus.SERVICE_UNAVAILABLE: "a function that cannot be reached",
}
# Of every operation. Only a body can be too large, and only some operations need a token.
ALWAYS_OF_GATEWAY = OF_GATEWAY.keys() - {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}

NAMED_REFUSALS_MAX = 4


def responses_of(route: Any, described: dict[str, Any]) -> dict[str, Any]:
    """`described` are Powertools' responses: its 2xx is the route's, the others are generic.

    Most refusals are references, since many operations have the same: see `shared_responses`.
    """
    responses = {
        status: _success(route, status, response)
        for status, response in described.items()
        if status in SUCCESS
    }
    if any(field.alias.lower() == "if-none-match" for field in route.dependant.header_params):
        responses["304"] = _success(route, "304", {})
    for status, refusals in _by_status(route).items():
        name = _name(status, refusals)
        reference = {"$ref": f"#/components/responses/{name}"}
        responses[str(status)] = reference if name else _refused(status, refusals)
    return dict(sorted(responses.items()))


def shared_responses(routes: Iterable[Any]) -> dict[str, Any]:
    """What `responses_of` refers to, by name."""
    return {
        name: _refused(status, refusals)
        for route in routes
        for status, refusals in _by_status(route).items()
        if (name := _name(status, refusals))
    }


def _by_status(route: Any) -> dict[int, list[type[AppError]]]:
    found: dict[int, list[type[AppError]]] = {int(status): [] for status in ALWAYS_OF_GATEWAY}
    for refusal in refusals_of(route):
        found.setdefault(refusal.status, []).append(refusal)
    return found


def _name(status: int, refusals: list[type[AppError]]) -> str:
    """Empty for a list of codes that is too long for a name, and belongs to few operations."""
    if not refusals:
        return HTTPStatus(status).phrase.replace(" ", "")
    is_short = len(refusals) <= NAMED_REFUSALS_MAX
    return "Or".join(refusal.__name__ for refusal in refusals) if is_short else ""


def _success(route: Any, status: str, response: dict[str, Any]) -> dict[str, Any]:
    """Powertools describes an answer without a body as any JSON."""
    content = response.get("content", {})
    is_empty = status == "204" or (status == "202" and "$ref" not in json.dumps(content))
    description = ACCEPTED_WITHOUT_BODY if is_empty and status == "202" else SUCCESS[status]
    success = {"description": description, "headers": headers_of_success(route, int(status))}
    return success if is_empty or not content else success | {"content": content}


def _refused(status: int, refusals: list[type[AppError]]) -> dict[str, Any]:
    lines = [f"- `{refusal.code}`: {refusal.default_message}" for refusal in refusals]
    or_gateway = _is_of_gateway(status, refusals)
    if or_gateway:
        lines.append(f"- without a code, from API Gateway: {OF_GATEWAY[HTTPStatus(status)]}.")
    schema = response_schema(refusals, or_gateway=or_gateway)
    return {
        "description": "\n".join(lines),
        "headers": headers_of_refusals(status),
        "content": {"application/json": {"schema": schema}},
    }


def _is_of_gateway(status: int, refusals: list[type[AppError]]) -> bool:
    """API Gateway asks for a token only where the shop does."""
    if status == HTTPStatus.UNAUTHORIZED:
        return TokenMissing in refusals
    return status in OF_GATEWAY
