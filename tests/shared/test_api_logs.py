"""Whole slice of a little API: what is logged of a request, and what never is."""

import pytest

from shared import observability
from shared.errors.base import NotFound
from tests.support import logs
from tests.support.http import ADA, send
from tests.support.sample_api import Echo, api, get_from, post

CANARIES = ("canary-body", "canary-token", "canary@example.com", "canary-password", "canary-key")


def test_a_request_is_one_line_with_route_status_and_time():
    with logs.captured() as lines:
        post({"text": "a"})

    (line,) = lines.saying("request")
    assert (line["route"], line["status"]) == ("POST /v1/auth/register", 200)
    assert 0 <= line["milliseconds"] < 60_000
    assert line["correlation_id"] == "JKJaXmPLvHcESHA="
    assert line["level"] == "INFO"


def test_a_refusal_is_one_more_line_with_its_code_and_no_stack():
    with logs.captured() as lines:
        post({})

    (refusal,) = lines.saying("refused")
    (request,) = lines.saying("request")
    assert (refusal["code"], refusal["status"], request["status"]) == ("invalid_fields", 422, 422)
    assert "exception" not in refusal


def crash() -> Echo:
    raise RuntimeError("the cellar is flooded")


def test_a_crash_is_logged_with_its_stack():
    with logs.captured() as lines:
        get_from(crash)

    (crashed,) = lines.saying("crashed")
    (request,) = lines.saying("request")
    assert "the cellar is flooded" in crashed["exception"]
    assert (crashed["level"], crashed["correlation_id"]) == ("ERROR", "JKJaXmPLvHcESHA=")
    assert request["status"] == 500


SECRETS = {
    "text": "canary-body",
    "email": "canary@example.com",
    "password": "canary-password",
}
HEADERS = {"authorization": "Bearer canary-token", "idempotency-key": "canary-key"}


@pytest.mark.parametrize(
    "call",
    [
        lambda: post({"text": "canary-body"}, headers=HEADERS, caller=ADA, name="orders.place"),
        lambda: post(SECRETS, headers=HEADERS),
        lambda: post({"text": SECRETS}, headers=HEADERS),
        lambda: post({"canary-password": 1, "canary@example.com": 2}, headers=HEADERS),
        lambda: post(raw_body='{"text": "canary-body', headers=HEADERS),
        lambda: post({"text": "canary-body"}, headers=HEADERS, name="products.set_stock"),
        lambda: get_from(crash, headers=HEADERS, query={"cursor": "canary-key"}),
        lambda: send(api.resolve, "auth.me", headers=HEADERS),
    ],
    ids=["read", "extra", "wrong", "names", "malformed", "stranger", "crash", "query"],
)
def test_no_line_holds_what_the_client_sent(call):
    with logs.captured() as lines:
        call()

    assert lines.saying("request")
    assert not [canary for canary in CANARIES if canary in lines.text]


SHOWN = {"text": ["canary-body", "canary@example.com"]}  # apart: a stack quotes the code


def break_the_view() -> Echo:
    return SHOWN  # type: ignore[return-value]


def trip_over_a_schema() -> Echo:
    return Echo(**SHOWN)  # type: ignore[arg-type]


@pytest.mark.parametrize("view", [break_the_view, trip_over_a_schema])
def test_not_even_the_stack_of_a_crash_holds_what_was_being_shown(view):
    with logs.captured() as lines:
        answer = get_from(view)

    assert (answer.status, len(lines.saying("crashed"))) == (500, 1)
    assert not [canary for canary in CANARIES if canary in lines.text]


def test_a_line_cannot_be_forged_by_a_line_break():
    def refuse() -> Echo:
        raise NotFound("x")

    with logs.captured() as lines:
        get_from(refuse, headers={"user-agent": 'x\n{"message": "request", "status": 200}'})

    assert [line["status"] for line in lines.saying("request")] == [404]


def looking_up(*hits: bool):
    def view() -> Echo:
        for is_hit in hits:
            observability.record_cache_lookup(is_hit)
        return Echo(text="a")

    return view


def request_line(view) -> dict:
    with logs.captured() as lines:
        get_from(view)
    (line,) = lines.saying("request")
    return line


@pytest.mark.parametrize(
    ("hits", "told"),
    [
        ([True], "hit"),
        ([False], "miss"),
        ([True, True], "hit"),
        ([True, False], "miss"),
        ([False, True], "miss"),
    ],
)
def test_the_line_of_a_request_says_whether_the_cache_was_enough(hits, told):
    assert request_line(looking_up(*hits))["cache"] == told


def test_what_one_request_noted_is_not_said_of_the_next():
    request_line(looking_up(False))

    assert "cache" not in request_line(looking_up())
    assert request_line(looking_up(True))["cache"] == "hit"


def test_a_request_that_crashes_has_its_facts_too():
    def miss_and_crash() -> Echo:
        observability.record_cache_lookup(False)
        raise RuntimeError("the cellar is flooded")

    line = request_line(miss_and_crash)

    assert (line["status"], line["cache"]) == (500, "miss")


def test_a_fact_of_a_request_is_on_its_own_line_alone():
    def note_and_refuse() -> Echo:
        observability.add_log_fields(upload_id="upl_one")
        raise NotFound("x")

    with logs.captured() as lines:
        get_from(note_and_refuse)

    (refusal,), (request,) = lines.saying("refused"), lines.saying("request")
    assert request["upload_id"] == "upl_one"
    assert "upload_id" not in refusal
