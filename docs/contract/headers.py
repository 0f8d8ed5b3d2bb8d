"""Headers of requests and answers, by name; and which answers have them."""

from http import HTTPStatus
from typing import Any

Header = dict[str, Any]


def _header(description: str, example: str | int, **schema: Any) -> Header:
    return {
        "description": description,
        "schema": {"type": "string", **schema},
        "example": example,
    }


RESPONSE_HEADERS: dict[str, Header] = {
    "X-Request-Id": _header(
        "The id of the request. Send it when you report a problem.", "JKJaXmPLvHcESHA="
    ),
    "Cache-Control": _header(
        "How long you may keep the answer. `no-store`: not at all.", "public, max-age=30"
    ),
    "ETag": _header(
        "Names this version of the resource. Send it as `If-Match` to change exactly this version, "
        "or as `If-None-Match` to get the resource only if it has changed.",
        '"7-0f3a5b1c9d2e4f68"',
    ),
    "Location": _header(
        "The path of what the request created.",
        "/v1/orders/ord_5e0b6c1d2f3a4978",
        format="uri-reference",
    ),
    "Idempotency-Replayed": _header(
        "`true`: an earlier request with this `Idempotency-Key` had the effect already.",
        "false",
        enum=["true", "false"],
    ),
    "Retry-After": _header("Wait so many seconds before you retry.", 60, type="integer", minimum=0),
    "WWW-Authenticate": _header(
        "How to authenticate (RFC 6750).", 'Bearer realm="souk", error="invalid_token"'
    ),
}

CREATED_WITH_ETAG = {
    "create_address",
    "create_category",
    "create_import_mapping",
    "create_product",
    "create_promotion",
    "merge_carts",
    "register",
}
CREATED_WITH_LOCATION = {
    "add_order_note",
    "cancel_order_units",
    "create_address",
    "create_category",
    "create_export",
    "create_import_mapping",
    "create_picture",
    "create_product",
    "create_product_export",
    "create_promotion",
    "create_shipment",
    "create_upload",
    "place_guest_order",
    "place_order",
}


def headers_of_success(route: Any, status: int) -> dict[str, Any]:
    """The headers of a 2xx or a 304 answer."""
    name = route.func.__name__
    sent = {field.alias.lower() for field in route.dependant.header_params}
    names = ["X-Request-Id", "Cache-Control"]
    has_body = status != HTTPStatus.NO_CONTENT
    if has_body and ({"if-match", "if-none-match"} & sent or name in CREATED_WITH_ETAG):
        names.append("ETag")
    if name in CREATED_WITH_LOCATION:
        names.append("Location")
    if "idempotency-key" in sent:
        names.append("Idempotency-Replayed")
    return references(names)


def headers_of_refusals(status: int) -> dict[str, Any]:
    names = ["X-Request-Id", "Cache-Control"]
    if status == HTTPStatus.UNAUTHORIZED:
        names.append("WWW-Authenticate")
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        names.append("Retry-After")
    return references(names)


def references(names: list[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
