"""Whole slice of a little API: who may call what, and what they learn when they may not."""

import time

import pytest

from shared.api import caller_of, create_api
from shared.errors import AppError
from tests.support.http import ADA, CONTEXT, NOBODY, STAFF, Caller, answer_of, sample, send
from tests.support.little_api import FOR_ANYONE, FOR_STAFF, FOR_USERS, api, post

NOTE = {"text": "a"}


def call_with(found: dict[str, object], name: str = "auth.me"):
    """The sample event, with that as the authorizer's answer."""
    event = sample(name)
    event["requestContext"]["authorizer"] = {"lambda": found}
    return answer_of(api.resolve(event, CONTEXT))


ADMIN = Caller("usr_admin", "admin customer")


@pytest.mark.parametrize(
    ("route", "caller", "status"),
    [
        (FOR_ANYONE, NOBODY, 200),
        (FOR_ANYONE, ADA, 200),
        (FOR_USERS, NOBODY, 401),
        (FOR_USERS, ADA, 200),
        (FOR_USERS, STAFF, 200),
        (FOR_USERS, Caller("usr_ada", ""), 403),
        (FOR_STAFF, NOBODY, 401),
        (FOR_STAFF, ADA, 403),
        (FOR_STAFF, STAFF, 200),
        (FOR_STAFF, ADMIN, 200),
    ],
)
@pytest.mark.parametrize("body", [NOTE, {"colour": "red"}, [], "x" * 2_000_000])
def test_a_caller_is_admitted_before_the_body_is_looked_at(route, caller, status, body):
    answer = post(body, caller=caller, name=route)

    if status == 200 and body != NOTE:
        assert answer.status in {400, 413, 422}
    else:
        assert answer.status == status


def test_a_route_knows_its_caller():
    answer = send(api.resolve, "auth.me", caller=STAFF)

    assert answer.body == {"user_id": "usr_staff", "roles": ["customer", "staff"]}


def test_one_call_does_not_inherit_the_caller_of_the_one_before():
    send(api.resolve, "auth.me", caller=STAFF)

    assert send(api.resolve, "auth.me", caller=NOBODY).status == 401


def test_without_a_token_a_client_is_told_to_send_one():
    answer = send(api.resolve, "auth.me", caller=NOBODY)

    assert (answer.status, answer.code) == (401, "token_missing")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="souk"'


@pytest.mark.parametrize(
    ("refusal", "status", "header", "value"),
    [
        ("token_expired", 401, "WWW-Authenticate", 'Bearer realm="souk", error="invalid_token"'),
        ("token_invalid", 401, "WWW-Authenticate", 'Bearer realm="souk", error="invalid_token"'),
        ("unavailable", 503, "Retry-After", "1"),
    ],
)
def test_what_the_authorizer_found_wrong_is_told_in_the_shops_envelope(
    refusal, status, header, value
):
    answer = call_with({"refusal": refusal})

    assert (answer.status, answer.code) == (status, refusal)
    assert answer.headers[header] == value


def test_a_bad_token_does_not_close_a_route_that_anyone_may_call():
    event = sample("auth.register") | {"body": '{"text": "a"}'}
    event["requestContext"]["authorizer"] = {"lambda": {"refusal": "token_invalid"}}

    assert answer_of(api.resolve(event, CONTEXT)).status == 200


@pytest.mark.parametrize(("left", "status"), [(60, 200), (-1, 401), (-3600, 401)])
@pytest.mark.parametrize("kind", [int, str], ids=["number", "text"])
def test_a_cached_principal_is_good_no_longer_than_its_token(left, status, kind):
    found = {"user_id": "usr_ada", "roles": "customer", "expires_at": kind(int(time.time()) + left)}

    answer = call_with(found)

    assert answer.status == status
    assert status == 200 or answer.code == "token_expired"


@pytest.mark.parametrize("found", [{}, {"roles": "admin"}, None])
def test_an_answer_of_the_authorizer_that_names_nobody_admits_nobody(found):
    assert call_with(found).status == 401


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_a_route_that_does_not_say_whom_it_admits_cannot_be_made(method):
    def forgotten() -> None: ...

    with pytest.raises(TypeError, match="/v1/secrets says neither @anyone nor @require_role"):
        getattr(create_api(), method)("/v1/secrets")(forgotten)


@pytest.mark.parametrize(
    "found",
    [
        {"refusal": "token_expired"},
        {"refusal": "token_invalid"},
        {"refusal": "unavailable"},
        {"user_id": "usr_ada", "roles": "customer", "expires_at": 0},
        {},
    ],
)
def test_a_refusal_holds_on_to_no_request_before_its_own(found):
    event = sample("auth.me")
    event["requestContext"]["authorizer"] = {"lambda": found}

    refusals = []
    for _ in range(2):
        with pytest.raises(AppError) as refused:
            caller_of(event)
        refusals.append((refused.value, len(refused.traceback)))

    (first, frames), (second, as_many) = refusals
    assert first is not second
    assert frames == as_many
