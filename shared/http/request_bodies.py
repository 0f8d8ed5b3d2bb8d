"""Request bodies: from what API Gateway hands on to a JSON object, or to the refusal that fits."""

import base64
import json
import math
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from shared.errors.requests import MalformedJson, NotUtf8, RequestTooLarge, UnsupportedMediaType

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"  # RFC 7396: the same, and what every PATCH here takes
BODY_BYTES_MAX = 1_000_000  # HTTP APIs let 10 MB through; no request of ours needs that


def read_object(event: APIGatewayProxyEventV2) -> dict[str, Any]:
    """Raises TooLarge, UnsupportedMediaType, NotUtf8 or MalformedJson."""
    raw = read_bytes(event)
    content_type = event.headers.get("content-type", JSON).split(";")[0].strip().lower()
    is_patch = event.http_method == "PATCH" and content_type == MERGE_PATCH
    if content_type != JSON and not is_patch:
        types = f"{MERGE_PATCH} or {JSON}" if event.http_method == "PATCH" else JSON
        raise UnsupportedMediaType(f"Send JSON, with Content-Type: {types}.")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise NotUtf8("The body is not UTF-8.") from error
    if not text:
        raise MalformedJson("The body is empty; send a JSON object.")
    return _parse_object(text)


def read_bytes(event: APIGatewayProxyEventV2) -> bytes:
    """As they were sent, for whoever checks a signature of them. Raises TooLarge and NotUtf8."""
    raw = _decoded(event)
    if len(raw) > BODY_BYTES_MAX:
        raise RequestTooLarge("The body is over 1 MB.", bytes_max=BODY_BYTES_MAX)
    return raw


def _decoded(event: APIGatewayProxyEventV2) -> bytes:
    body = event.body or ""
    if not event.is_base64_encoded:
        return body.encode(errors="surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:
        raise NotUtf8("The body is not the base64 that it is said to be.") from error


def _parse_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        where = {"at": error.pos} if isinstance(error, json.JSONDecodeError) else {}
        raise MalformedJson("The body is not JSON.", **where) from error
    if not isinstance(value, dict):
        raise MalformedJson("The body must be a JSON object.")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")  # RFC 8259, 6: Python would take NaN and Infinity


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{number} is beyond what a double can hold")
    return value
