"""Request bodies: from API Gateway's event to a JSON object."""

import base64
import json
import math
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from shared.errors.requests import MalformedJson, NotUtf8, RequestTooLarge, UnsupportedMediaType

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"  # RFC 7396; every PATCH accepts it and JSON
BODY_BYTES_MAX = 1_000_000  # no request needs more; API Gateway allows 10 MB


def read_object(event: APIGatewayProxyEventV2) -> dict[str, Any]:
    """Raises RequestTooLarge, UnsupportedMediaType, NotUtf8 or MalformedJson."""
    raw = read_bytes(event)
    content_type = event.headers.get("content-type", JSON).split(";")[0].strip().lower()
    is_patch = event.http_method == "PATCH" and content_type == MERGE_PATCH
    if content_type != JSON and not is_patch:
        types = f"{MERGE_PATCH} or {JSON}" if event.http_method == "PATCH" else JSON
        raise UnsupportedMediaType(f"Send JSON with Content-Type: {types}.")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise NotUtf8 from error
    if not text:
        raise MalformedJson("The body is empty. Send a JSON object.")
    return _parse_object(text)


def read_bytes(event: APIGatewayProxyEventV2) -> bytes:
    """The body as the client sent it, for checking signatures.

    Raises RequestTooLarge and NotUtf8.
    """
    raw = _decode_base64(event)
    if len(raw) > BODY_BYTES_MAX:
        raise RequestTooLarge(bytes_max=BODY_BYTES_MAX)
    return raw


def _decode_base64(event: APIGatewayProxyEventV2) -> bytes:
    body = event.body or ""
    if not event.is_base64_encoded:
        return body.encode(errors="surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:
        raise NotUtf8("The body is not valid base64. Send the request again.") from error


def _parse_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_parse_finite)
    except (ValueError, RecursionError) as error:
        details: dict[str, Any] = {}
        if isinstance(error, json.JSONDecodeError):
            details["at"] = error.pos
        raise MalformedJson(**details) from error
    if not isinstance(value, dict):
        raise MalformedJson("The body is JSON, but not an object. Send a JSON object.")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")  # RFC 8259, 6: Python would accept NaN and Infinity


def _parse_finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{number} is too large for a double")
    return value
