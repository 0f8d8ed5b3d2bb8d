"""HEAD has the status and the headers of GET, and no body, at each route."""

import importlib
import re
from typing import Any

import pytest

from tests.reference.calls import invoke
from tests.support import shop
from tests.support.http import ADMIN, NOBODY, Answer, Caller, send, to_answer
from tests.test_route_matrix import AUDIENCE, PROTECTED, handlers, samples

pytestmark = pytest.mark.usefixtures("aws")

READS = [route for route in AUDIENCE if route.startswith("GET ")]
WITH_SAMPLE = sorted(set(READS) & set(samples()))
PAGES = ("/v1/docs", "/v1/openapi.json", "/v1/asyncapi.json")
MAX_AGE = re.compile(r"(?<=max-age=)\d+")  # it falls between the two requests


def ask(method: str, route: str, caller: Caller | None = ADMIN, **more: Any) -> Answer:
    module, _, name = handlers()[route].rpartition(".")
    handler = getattr(importlib.import_module(module), name)

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        event["requestContext"]["http"] |= {"method": method}
        response: dict[str, Any] = handler(event, context)
        return response

    return send(handle, samples()[route], caller=caller, **more)


def headers_of(answer: Answer) -> dict[str, str]:
    return {name: MAX_AGE.sub("", value) for name, value in answer.headers.items()}


def test_only_pages_of_the_reference_have_no_sample():
    assert set(READS) - set(samples()) == {f"GET {path}" for path in PAGES}


@pytest.mark.parametrize("route", WITH_SAMPLE)
def test_head_has_the_status_and_headers_of_get(route):
    shop.user(ADMIN.user_id, roles={"customer", "admin"})

    get, head = ask("GET", route), ask("HEAD", route)

    assert get.body
    assert (head.status, headers_of(head), head.body) == (get.status, headers_of(get), "")


@pytest.mark.parametrize("route", sorted(set(PROTECTED) & set(WITH_SAMPLE)))
def test_head_needs_the_permission_of_get(route):
    anonymous = ask("HEAD", route, NOBODY)
    powerless = ask("HEAD", route, {"refusal": "token_expired"})

    assert (anonymous.status, anonymous.body) == (401, "")
    assert anonymous.headers["WWW-Authenticate"].startswith("Bearer")
    assert (powerless.status, powerless.body) == (401, "")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("accepted", ["gzip", "identity"])
def test_head_of_a_page_has_its_headers_without_its_bytes(path, accepted):
    get = invoke("GET", path, **{"accept-encoding": accepted})
    head = invoke("HEAD", path, **{"accept-encoding": accepted})

    assert len(get["body"]) > 1_000
    assert head["body"] == ""
    assert head["isBase64Encoded"] is False
    assert headers_of(to_answer(head)) == headers_of(to_answer(get | {"body": ""}))


def test_head_of_an_unchanged_product_is_304():
    product = shop.listed_product("tea", available=5)
    route, path = "GET /v1/products/{product_id}", {"product_id": product.product_id}
    etag = ask("GET", route, path=path).headers["ETag"]

    answer = ask("HEAD", route, path=path, headers={"if-none-match": etag})

    assert (answer.status, answer.headers["ETag"], answer.body) == (304, etag, "")
