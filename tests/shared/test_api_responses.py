"""Whole slice of the sample API: the error envelope, the headers, and crashes."""

import json
from typing import Annotated

import pytest
from aws_lambda_powertools.event_handler.openapi.params import Header

from shared import config
from shared.errors.catalog import OutOfStock
from shared.http.api import SECURITY_HEADERS, create_api
from shared.http.responses import created_response
from tests.support.http import ADA, CONTEXT, sample, send, to_answer
from tests.support.sample_api import FOR_STAFF, Echo, api, get_from, post

INSIDE = "5up3rs3cret"


@pytest.fixture
def _in_development(monkeypatch):
    """Settings are cached for the life of a function; this test reads them again."""
    config._loaded.cache_clear()  # noqa: SLF001
    monkeypatch.setenv("ENVIRONMENT", "development")
    yield
    config._loaded.cache_clear()  # noqa: SLF001


def crash() -> Echo:
    raise RuntimeError(INSIDE)


def refuse() -> Echo:
    raise OutOfStock("Sold out.", product_id="prd_tea")


def break_the_view() -> Echo:
    return {"txet": INSIDE}  # type: ignore[return-value]


def send_elsewhere(**changes):
    return to_answer(api.resolve(sample("auth.me") | changes, CONTEXT))


EVERY_ANSWER = {
    200: lambda: post({"text": "a"}),
    400: lambda: post(raw_body="{"),
    401: lambda: send(api.resolve, "auth.me", caller=None),
    403: lambda: post({"text": "a"}, name=FOR_STAFF, caller=ADA),
    404: lambda: send_elsewhere(rawPath="/v1/nowhere"),
    409: lambda: get_from(refuse),
    413: lambda: post({"text": "x" * 1_000_000}),
    415: lambda: post({"text": "a"}, headers={"content-type": "text/plain"}),
    422: lambda: post({}),
    500: lambda: get_from(crash),
}


@pytest.mark.parametrize("status", EVERY_ANSWER)
def test_every_response_has_security_headers_and_a_request_id(status):
    answer = EVERY_ANSWER[status]()

    assert answer.status == status
    assert answer.headers.items() >= SECURITY_HEADERS.items()
    assert answer.headers["X-Request-Id"] == "JKJaXmPLvHcESHA="
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8" or status == 200


@pytest.mark.parametrize("status", [status for status in EVERY_ANSWER if status >= 400])
def test_every_error_has_the_same_envelope(status):
    answer = EVERY_ANSWER[status]()

    assert set(answer.body) == {"error"}
    assert set(answer.error) == {"code", "message", "details", "request_id"}
    assert answer.error["request_id"] == "JKJaXmPLvHcESHA="
    assert isinstance(answer.error["details"], dict)
    assert answer.error["message"]


def test_caches_store_no_response_unless_the_route_allows_it():
    assert post({"text": "a"}).headers["Cache-Control"] == "no-store"


def test_a_refusal_carries_its_details():
    answer = get_from(refuse)

    assert (answer.status, answer.code) == (409, "out_of_stock")
    assert answer.error["details"] == {"product_id": "prd_tea"}


@pytest.mark.parametrize("path", ["/v1/nowhere", "/", "", "/v1/ME", "/v1//me", "/v1/%00"])
def test_an_unknown_address_is_not_found(path):
    answer = send_elsewhere(rawPath=path)

    assert (answer.status, answer.code) == (404, "not_found")


def test_a_crash_reveals_nothing_internal():
    answer = get_from(crash)

    shown = json.dumps(answer.body)
    assert (answer.status, answer.code) == (500, "internal_error")
    assert "stack" not in answer.error
    assert not [word for word in (INSIDE, "RuntimeError", "Traceback", ".py") if word in shown]


@pytest.mark.usefixtures("_in_development")
def test_a_developer_sees_the_stack_of_a_crash():
    answer = get_from(crash)

    assert (answer.status, answer.code) == (500, "internal_error")
    assert f"RuntimeError: {INSIDE}" in answer.error["stack"]
    assert "in crash" in answer.error["stack"]


@pytest.mark.usefixtures("_in_development")
def test_a_refusal_has_no_stack_even_for_a_developer():
    assert "stack" not in get_from(refuse).error


def test_a_view_that_breaks_its_schema_is_a_500():
    answer = get_from(break_the_view)

    assert (answer.status, answer.code) == (500, "internal_error")
    assert INSIDE not in json.dumps(answer.body)


@pytest.mark.parametrize(
    "error", [KeyError("a"), ValueError("a"), RecursionError(), MemoryError(), StopIteration()]
)
def test_every_exception_gets_a_response(error):
    def fail() -> Echo:
        raise error

    assert get_from(fail).code == "internal_error"


def test_a_crash_does_not_affect_the_next_request():
    get_from(crash)

    assert post({"text": "a"}).status == 200


def test_a_created_resource_is_201_with_its_headers():
    def make():
        return created_response(
            Echo(text="a"), location="/v1/echoes/1", idempotency_replayed="false"
        )

    answer = get_from(make)

    assert (answer.status, answer.body) == (201, {"text": "a"})
    assert answer.headers["Location"] == "/v1/echoes/1"
    assert answer.headers["Idempotency-Replayed"] == "false"


def test_a_missing_header_is_an_invalid_field_by_default():
    def greet(language: Annotated[str, Header(alias="x-language")]) -> Echo:
        return Echo(text=language)

    answer = get_from(greet)

    assert (answer.status, answer.paths) == (422, ["header.x-language"])


def test_an_api_can_have_no_routes():
    answer = to_answer(create_api().resolve(sample("reference.unknown"), CONTEXT))

    assert (answer.status, answer.code) == (404, "not_found")
