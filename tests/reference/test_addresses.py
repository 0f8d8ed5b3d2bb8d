"""Whole slice: health, and responses to addresses and methods without a route."""

import json

import pytest

from docs.contract import document as contract
from reference.handler import handler
from tests.reference.calls import call, invoke
from tests.support.http import NOBODY, send

ROUTES = [
    (method.upper(), path)
    for path, methods in json.loads(contract.DOCUMENT.read_text())["paths"].items()
    for method in methods
]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]


def allowed_at(path: str) -> list[str]:
    methods = {method for method, other in ROUTES if other == path}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


def test_the_api_is_healthy_when_it_answers():
    answer = send(handler, "reference.health", caller=NOBODY)

    assert (answer.status, answer.body) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_unknown_address_gets_the_error_envelope():
    answer = send(handler, "reference.unknown", caller=NOBODY)

    assert (answer.status, answer.code, answer.error["details"]) == (404, "not_found", {})
    assert answer.error["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["Content-Type"].startswith("application/json")
    assert "Allow" not in answer.headers


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "//",
        "/v1",
        "/v2/products",
        "/v1/health/",
        "/V1/health",
        "/v1/products/",
        "/v1/products/prd_1/price",
        "/v1/products//stock",
        "/v1/orders/ord_1/lines/1",
        "/.env",
        "/v1/../v1/health",
    ],
)
def test_no_method_finds_an_address_without_a_route(path, method):
    answer = call(method, path)

    assert answer.status == 404
    assert answer.body == "" if method == "HEAD" else answer.code == "not_found"


@pytest.mark.parametrize("path", sorted({path for _, path in ROUTES}))
def test_a_wrong_method_gets_the_methods_of_the_address(path):
    allowed = allowed_at(path)
    address = path.replace("{product_id}", "prd_1").replace("{", "").replace("}", "")

    for method in sorted(set(METHODS) - set(allowed)):
        answer = call(method, address)

        assert answer.status == 405, method
        assert answer.headers["Allow"] == ", ".join(allowed)
        if method == "HEAD":
            assert answer.body == ""
        else:
            assert answer.code == "method_not_allowed"
            assert answer.error["details"] == {"allowed": allowed}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/v1/products/prd_1", "DELETE, GET, HEAD, PATCH, PUT"),
        ("POST", "/v1/products/search", "GET, HEAD"),
        ("POST", "/v1/products/prd_1/stock", "GET, HEAD, PATCH, PUT"),
        ("PUT", "/v1/orders/ord_1", "GET, HEAD"),
        ("DELETE", "/v1/orders", "GET, HEAD, POST"),
        ("OPTIONS", "/v1/health", "GET, HEAD"),
        ("HEAD", "/v1/auth/login", "POST"),
        ("GET", "/v1/auth/login", "POST"),
    ],
)
def test_an_address_with_an_id_allows_its_methods(method, path, allowed):
    assert call(method, path).headers["Allow"] == allowed


def test_a_dot_in_a_path_matches_only_a_dot():
    assert call("POST", "/v1/openapiXjson").status == 404


def test_the_response_does_not_repeat_a_strange_path():
    response = invoke("GET", "/<script>alert(1)</script>")

    assert response["statusCode"] == 404
    assert "script" not in response["body"]
