"""Whole slice of a little API: who may call what, and what they learn when they may not."""

import time
from typing import Any

import pytest

from shared.errors.base import AppError
from shared.http.api import create_api
from shared.http.authorization import caller_from_event
from shared.security.permissions import PERMISSIONS, Permission, Role
from tests.support import logs
from tests.support.http import ADA, ADMIN, CONTEXT, NOBODY, STAFF, Caller, sample, send, to_answer
from tests.support.sample_api import FOR_ANYONE, FOR_STAFF, FOR_USERS, api, post

NOTE = {"text": "a"}


def call_with(found: dict[str, Any] | None, name: str = "auth.me", **changes: Any):
    """The sample event, with that as the authorizer's answer."""
    event = sample(name) | changes
    event["requestContext"]["authorizer"] = {"lambda": found}
    return to_answer(api.resolve(event, CONTEXT))


def found(*permissions: str, **changes: Any) -> dict[str, Any]:
    """What the authorizer says of Ada."""
    return {
        "user_id": "usr_ada",
        "session_id": "ses_here",
        "permissions": " ".join(permissions),
        "second_factor_due": False,
        "expires_at": int(time.time()) + 60,
    } | changes


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

    assert answer.body == {
        "user_id": "usr_staff",
        "permissions": sorted(PERMISSIONS[Role.STAFF]),
    }


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
        ("session_ended", 401, "WWW-Authenticate", 'Bearer realm="souk", error="invalid_token"'),
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

    assert to_answer(api.resolve(event, CONTEXT)).status == 200


@pytest.mark.parametrize(("left", "status"), [(60, 200), (-1, 401), (-3600, 401)])
@pytest.mark.parametrize("kind", [int, str], ids=["number", "text"])
def test_a_cached_principal_is_good_no_longer_than_its_token(left, status, kind):
    expires_at = kind(int(time.time()) + left)

    answer = call_with(found("orders:place", expires_at=expires_at))

    assert answer.status == status
    assert status == 200 or answer.code == "token_expired"


@pytest.mark.parametrize("nobody", [{}, {"permissions": "orders:place"}, None])
def test_an_answer_of_the_authorizer_that_names_nobody_admits_nobody(nobody):
    assert call_with(nobody).status == 401


def test_a_permission_admits_whatever_else_its_holder_may_not_do():
    assert call_with(found("orders:place")).status == 200
    assert call_with(found(*(set(Permission) - {Permission.PLACE_ORDERS}))).status == 403


def test_a_permission_that_this_function_does_not_know_yet_is_passed_over():
    answer = call_with(found("orders:place", "orders:gift", "*", "ORDERS:PLACE"))

    assert answer.body["permissions"] == ["orders:place"]


@pytest.mark.parametrize("permissions", ["", "orders", "orders:", "orders:*", "orders:placement"])
def test_a_permission_is_a_whole_name(permissions):
    answer = call_with(found(permissions))

    assert (answer.status, answer.code) == (403, "forbidden")


def test_who_may_not_is_told_which_permission_it_takes():
    answer = post(NOTE, caller=ADA, name=FOR_STAFF)

    assert (answer.status, answer.code) == (403, "forbidden")
    assert answer.error["details"] == {"permission": "stock:write"}


@pytest.mark.parametrize("due", [True, "true"])
def test_staff_whose_second_factor_is_due_are_told_so_where_they_need_it(due):
    staff = found("account:own", "orders:place", second_factor_due=due)

    answer = call_with(staff, FOR_STAFF)

    assert (answer.status, answer.code) == (403, "second_factor_required")
    assert "/v1/me/second-factor" in answer.error["message"]


@pytest.mark.parametrize("due", [False, "false"])
def test_whose_second_factor_is_not_due_is_only_forbidden(due):
    answer = call_with(found("orders:place", second_factor_due=due), FOR_STAFF)

    assert (answer.status, answer.code) == (403, "forbidden")


def test_a_second_factor_that_is_due_closes_nothing_that_customers_may_do():
    answer = call_with(found("orders:place", second_factor_due=True))

    assert answer.status == 200


@pytest.mark.parametrize("due", [True, False])
def test_who_was_refused_is_one_line_for_the_audit(due):
    with logs.captured() as lines:
        call_with(found("orders:place", second_factor_due=due), FOR_STAFF)

    (line,) = lines.saying("audit")
    told = ("action", "result", "user_id", "permission", "client_address", "correlation_id")
    assert [line[name] for name in told] == [
        "request",
        "refused",
        "usr_ada",
        "stock:write",
        "203.0.113.7",
        "JKJaXmPLvHcESHA=",
    ]


def test_who_was_admitted_and_who_is_nobody_are_no_lines_for_the_audit():
    with logs.captured() as lines:
        call_with(found("orders:place"))
        call_with({"refusal": "token_invalid"})  # the authorizer has written one
        call_with({})

    assert lines.saying("audit") == []


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_a_route_that_does_not_say_whom_it_admits_cannot_be_made(method):
    def forgotten() -> None: ...

    with pytest.raises(TypeError, match="/v1/secrets has neither @anyone nor @requires"):
        getattr(create_api(), method)("/v1/secrets")(forgotten)


@pytest.mark.parametrize(
    "answer",
    [
        {"refusal": "token_expired"},
        {"refusal": "token_invalid"},
        {"refusal": "session_ended"},
        {"refusal": "unavailable"},
        found("orders:place", expires_at=0),
        {},
    ],
)
def test_a_refusal_holds_on_to_no_request_before_its_own(answer):
    event = sample("auth.me")
    event["requestContext"]["authorizer"] = {"lambda": answer}

    refusals = []
    for _ in range(2):
        with pytest.raises(AppError) as refused:
            caller_from_event(event)
        refusals.append((refused.value, len(refused.traceback)))

    (first, frames), (second, as_many) = refusals
    assert first is not second
    assert frames == as_many
