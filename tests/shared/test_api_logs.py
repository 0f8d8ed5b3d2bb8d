"""Whole slice of the sample API: what a request logs, and what it never logs."""

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


def test_a_refusal_adds_a_line_with_its_code_and_no_stack():
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
def test_no_line_contains_what_the_client_sent(call):
    with logs.captured() as lines:
        call()

    assert lines.saying("request")
    assert not [canary for canary in CANARIES if canary in lines.text]


FIELDS = {
    "text": ["canary-body", "canary@example.com"]
}  # a stack would quote them from the function


def break_the_view() -> Echo:
    return FIELDS  # type: ignore[return-value]


def trip_over_a_schema() -> Echo:
    return Echo(**FIELDS)  # type: ignore[arg-type]


@pytest.mark.parametrize("view", [break_the_view, trip_over_a_schema])
def test_the_stack_of_a_crash_contains_no_field_values(view):
    with logs.captured() as lines:
        answer = get_from(view)

    assert (answer.status, len(lines.saying("crashed"))) == (500, 1)
    assert not [canary for canary in CANARIES if canary in lines.text]


def test_a_line_break_cannot_forge_a_line():
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
    ("hits", "expected"),
    [
        ([True], "hit"),
        ([False], "miss"),
        ([True, True], "hit"),
        ([True, False], "miss"),
        ([False, True], "miss"),
    ],
)
def test_the_request_line_says_if_the_cache_had_everything(hits, expected):
    assert request_line(looking_up(*hits))["cache"] == expected


def test_a_request_s_log_fields_do_not_reach_the_next():
    request_line(looking_up(False))

    assert "cache" not in request_line(looking_up())
    assert request_line(looking_up(True))["cache"] == "hit"


def test_a_crashed_request_has_its_log_fields():
    def miss_and_crash() -> Echo:
        observability.record_cache_lookup(False)
        raise RuntimeError("the cellar is flooded")

    line = request_line(miss_and_crash)

    assert (line["status"], line["cache"]) == (500, "miss")


def test_only_the_request_line_has_added_log_fields():
    def note_and_refuse() -> Echo:
        observability.add_log_fields(upload_id="upl_one")
        raise NotFound("x")

    with logs.captured() as lines:
        get_from(note_and_refuse)

    (refusal,), (request,) = lines.saying("refused"), lines.saying("request")
    assert request["upload_id"] == "upl_one"
    assert "upload_id" not in refusal
