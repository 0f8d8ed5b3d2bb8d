"""Whole slice of a little API: the envelope, the headers, and what a crash shows."""

import json
import re
from typing import Annotated

import pytest
from aws_lambda_powertools.event_handler.openapi.params import Header

from shared import config
from shared.errors.accounts import Unauthenticated
from shared.errors.base import AppError
from shared.errors.catalog import OutOfStock
from shared.http.api import SECURITY_HEADERS, create_api
from shared.http.responses import created_response
from tests.support.http import ADA, CONTEXT, sample, send, to_answer
from tests.support.sample_api import FOR_STAFF, Echo, api, get_from, post

INSIDE = "5up3rs3cret"


@pytest.fixture
def _in_development(monkeypatch):
    """Settings are read once in a function's life; here, twice."""
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
def test_every_answer_has_the_security_headers_and_names_its_request(status):
    answer = EVERY_ANSWER[status]()

    assert answer.status == status
    assert answer.headers.items() >= SECURITY_HEADERS.items()
    assert answer.headers["X-Request-Id"] == "JKJaXmPLvHcESHA="
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8" or status == 200


@pytest.mark.parametrize("status", [status for status in EVERY_ANSWER if status >= 400])
def test_every_error_comes_in_one_envelope(status):
    answer = EVERY_ANSWER[status]()

    assert set(answer.body) == {"error"}
    assert set(answer.error) == {"code", "message", "details", "request_id"}
    assert answer.error["request_id"] == "JKJaXmPLvHcESHA="
    assert isinstance(answer.error["details"], dict)
    assert answer.error["message"]


def test_an_answer_is_not_kept_by_caches_unless_the_route_says_so():
    assert post({"text": "a"}).headers["Cache-Control"] == "no-store"


def test_a_refusal_carries_its_details():
    answer = get_from(refuse)

    assert (answer.status, answer.code) == (409, "out_of_stock")
    assert answer.error["details"] == {"product_id": "prd_tea"}


@pytest.mark.parametrize("path", ["/v1/nowhere", "/", "", "/v1/ME", "/v1//me", "/v1/%00"])
def test_an_unknown_address_is_not_found(path):
    answer = send_elsewhere(rawPath=path)

    assert (answer.status, answer.code) == (404, "not_found")


def test_a_crash_shows_nothing_of_the_inside():
    answer = get_from(crash)

    shown = json.dumps(answer.body)
    assert (answer.status, answer.code) == (500, "internal_error")
    assert "stack" not in answer.error
    assert not [word for word in (INSIDE, "RuntimeError", "Traceback", ".py") if word in shown]


@pytest.mark.usefixtures("_in_development")
def test_a_crash_shows_its_stack_to_a_developer():
    answer = get_from(crash)

    assert (answer.status, answer.code) == (500, "internal_error")
    assert f"RuntimeError: {INSIDE}" in answer.error["stack"]
    assert "in crash" in answer.error["stack"]


@pytest.mark.usefixtures("_in_development")
def test_a_refusal_has_no_stack_even_for_a_developer():
    assert "stack" not in get_from(refuse).error


def test_a_view_that_breaks_its_schema_is_our_mistake_and_not_the_clients():
    answer = get_from(break_the_view)

    assert (answer.status, answer.code) == (500, "internal_error")
    assert INSIDE not in json.dumps(answer.body)


@pytest.mark.parametrize(
    "error", [KeyError("a"), ValueError("a"), RecursionError(), MemoryError(), StopIteration()]
)
def test_whatever_is_raised_is_answered(error):
    def fail() -> Echo:
        raise error

    assert get_from(fail).code == "internal_error"


def test_a_crash_does_not_spoil_the_next_request():
    get_from(crash)

    assert post({"text": "a"}).status == 200


def test_something_made_is_201_with_its_headers():
    def make():
        return created_response(
            Echo(text="a"), location="/v1/echoes/1", idempotency_replayed="false"
        )

    answer = get_from(make)

    assert (answer.status, answer.body) == (201, {"text": "a"})
    assert answer.headers["Location"] == "/v1/echoes/1"
    assert answer.headers["Idempotency-Replayed"] == "false"


def test_a_missing_header_without_a_status_of_its_own_is_a_wrong_field():
    def greet(language: Annotated[str, Header(alias="x-language")]) -> Echo:
        return Echo(text=language)

    answer = get_from(greet)

    assert (answer.status, answer.paths) == (422, ["header.x-language"])


def every_kind_of(base: type[AppError]) -> list[type[AppError]]:
    kinds = base.__subclasses__()
    return kinds + [each for kind in kinds for each in every_kind_of(kind)]


# What the 401s have in common is raised by nobody.
REFUSALS = [kind for kind in every_kind_of(AppError) if kind is not Unauthenticated]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.__name__)
def test_every_refusal_states_a_status_and_a_code(refusal):
    assert 400 <= refusal.status < 600
    assert re.fullmatch("[a-z][a-z0-9_]+", refusal.code)


def test_no_two_refusals_share_a_code():
    """A kind without a code of its own is the same to a client as what it is a kind of."""
    codes = [refusal.code for refusal in REFUSALS if "code" in vars(refusal)]

    assert len(set(codes)) == len(codes)


def test_an_api_can_be_made_without_routes():
    answer = to_answer(create_api().resolve(sample("reference.unknown"), CONTEXT))

    assert (answer.status, answer.code) == (404, "not_found")
