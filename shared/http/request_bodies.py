"""Request bodies: from API Gateway's event to a JSON object."""

import base64
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from shared.errors.requests import MalformedJson, NotUtf8, RequestTooLarge, UnsupportedMediaType
from shared.http.schemas import invalid_fields_error
from shared.http.strict_json import InvalidJson, TooComplex, parse_object

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"  # RFC 7396; every PATCH accepts it and JSON
BODY_BYTES_MAX = 1_000_000  # no request needs more; API Gateway allows 10 MB
CHARSETS = ("utf-8", "utf8")


def read_object(event: APIGatewayProxyEventV2, *, values_max: int) -> dict[str, Any]:
    """The body as an object that has at most so many values.

    Raises RequestTooLarge, UnsupportedMediaType, NotUtf8, MalformedJson, and InvalidFields for a
    body that is nested too deep or has too many values.
    """
    raw = read_json_bytes(event)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise NotUtf8 from error
    if not text:
        raise MalformedJson("The body is empty. Send a JSON object.")
    try:
        return parse_object(text, values_max=values_max)
    except InvalidJson as error:
        details = {} if error.at is None else {"at": error.at}
        raise MalformedJson(str(error), **details) from error
    except TooComplex as error:
        path = ("body",) if error.member is None else ("body", error.member)
        problem = {"loc": path, "type": error.code, "msg": str(error)}
        raise invalid_fields_error([problem]) from error


def read_json_bytes(event: APIGatewayProxyEventV2) -> bytes:
    """The body as the client sent it, for checking signatures.

    Raises RequestTooLarge, UnsupportedMediaType, and NotUtf8 for a body that is not base64.
    """
    raw = _decode_base64(event)
    if len(raw) > BODY_BYTES_MAX:
        raise RequestTooLarge(bytes_max=BODY_BYTES_MAX)
    accepted = (MERGE_PATCH, JSON) if event.http_method == "PATCH" else (JSON,)
    if not _has_media_type(event.headers.get("content-type", ""), accepted):
        raise UnsupportedMediaType(f"Send JSON with Content-Type: {' or '.join(accepted)}.")
    return raw


def _has_media_type(content_type: str, accepted: tuple[str, ...]) -> bool:
    """Whether the header says one of these types, in UTF-8 (RFC 8259, 8.1).

    Without a type, or as text/plain, any web page could send the body with a visitor's address and
    cookies: browsers ask first (CORS preflight) only for types that no HTML form has. API Gateway
    joins repeated headers with a comma, and two types are none.
    """
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [
        value.strip().strip('"')
        for name, _, value in (parameter.partition("=") for parameter in parameters)
        if name.strip() == "charset"
    ]
    return (
        "," not in content_type
        and media_type in accepted
        and all(charset in CHARSETS for charset in charsets)
    )


def _decode_base64(event: APIGatewayProxyEventV2) -> bytes:
    body = event.body or ""
    if not event.is_base64_encoded:
        return body.encode(errors="surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:
        raise NotUtf8("The body is not valid base64. Send the request again.") from error
