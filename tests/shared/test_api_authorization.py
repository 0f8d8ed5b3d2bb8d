"""Whole slice of the sample API: who may call a route, and what a refused caller learns."""

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


def call_with(context: dict[str, Any] | None, name: str = "auth.me", **changes: Any):
    """Send the sample event with this answer of the authorizer."""
    event = sample(name) | changes
    event["requestContext"]["authorizer"] = {"lambda": context}
    return to_answer(api.resolve(event, CONTEXT))


def authorized(*permissions: str, **changes: Any) -> dict[str, Any]:
    """The authorizer's answer for Ada."""
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
def test_permissions_are_checked_before_the_body(route, caller, status, body):
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


def test_a_call_does_not_inherit_the_previous_caller():
    send(api.resolve, "auth.me", caller=STAFF)

    assert send(api.resolve, "auth.me", caller=NOBODY).status == 401


def test_a_call_without_a_token_is_asked_for_one():
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
def test_the_authorizer_s_refusal_has_the_error_envelope(refusal, status, header, value):
    answer = call_with({"refusal": refusal})

    assert (answer.status, answer.code) == (status, refusal)
    assert answer.headers[header] == value


def test_a_bad_token_does_not_close_a_public_route():
    event = sample("auth.register") | {"body": '{"text": "a"}'}
    event["requestContext"]["authorizer"] = {"lambda": {"refusal": "token_invalid"}}

    assert to_answer(api.resolve(event, CONTEXT)).status == 200


@pytest.mark.parametrize(("left", "status"), [(60, 200), (-1, 401), (-3600, 401)])
@pytest.mark.parametrize("kind", [int, str], ids=["number", "text"])
def test_a_cached_principal_expires_with_its_token(left, status, kind):
    expires_at = kind(int(time.time()) + left)

    answer = call_with(authorized("orders:place", expires_at=expires_at))

    assert answer.status == status
    assert status == 200 or answer.code == "token_expired"


@pytest.mark.parametrize("nobody", [{}, {"permissions": "orders:place"}, None])
def test_an_authorizer_answer_without_a_user_admits_nobody(nobody):
    assert call_with(nobody).status == 401


def test_one_permission_is_enough_for_its_route():
    assert call_with(authorized("orders:place")).status == 200
    assert call_with(authorized(*(set(Permission) - {Permission.PLACE_ORDERS}))).status == 403


def test_an_unknown_permission_is_ignored():
    answer = call_with(authorized("orders:place", "orders:gift", "*", "ORDERS:PLACE"))

    assert answer.body["permissions"] == ["orders:place"]


@pytest.mark.parametrize("permissions", ["", "orders", "orders:", "orders:*", "orders:placement"])
def test_a_permission_matches_by_its_whole_name(permissions):
    answer = call_with(authorized(permissions))

    assert (answer.status, answer.code) == (403, "forbidden")


def test_a_forbidden_caller_learns_the_missing_permission():
    answer = post(NOTE, caller=ADA, name=FOR_STAFF)

    assert (answer.status, answer.code) == (403, "forbidden")
    assert answer.error["details"] == {"permission": "stock:write"}


@pytest.mark.parametrize("due", [True, "true"])
def test_staff_without_a_second_factor_are_asked_to_set_it_up(due):
    staff = authorized("account:own", "orders:place", second_factor_due=due)

    answer = call_with(staff, FOR_STAFF)

    assert (answer.status, answer.code) == (403, "second_factor_required")
    assert "/v1/me/second-factor" in answer.error["message"]


@pytest.mark.parametrize("due", [False, "false"])
def test_a_caller_whose_second_factor_is_not_due_is_forbidden(due):
    answer = call_with(authorized("orders:place", second_factor_due=due), FOR_STAFF)

    assert (answer.status, answer.code) == (403, "forbidden")


def test_customer_routes_stay_open_while_a_factor_is_due():
    answer = call_with(authorized("orders:place", second_factor_due=True))

    assert answer.status == 200


@pytest.mark.parametrize("due", [True, False])
def test_a_refused_caller_is_one_audit_line(due):
    with logs.captured() as lines:
        call_with(authorized("orders:place", second_factor_due=due), FOR_STAFF)

    (line,) = lines.saying("audit")
    fields = ("action", "result", "user_id", "permission", "client_address", "correlation_id")
    assert [line[name] for name in fields] == [
        "request",
        "refused",
        "usr_ada",
        "stock:write",
        "203.0.113.7",
        "JKJaXmPLvHcESHA=",
    ]


def test_admitted_and_unknown_callers_are_no_audit_lines():
    with logs.captured() as lines:
        call_with(authorized("orders:place"))
        call_with({"refusal": "token_invalid"})  # the authorizer logs this one
        call_with({})

    assert lines.saying("audit") == []


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_a_route_must_say_who_may_call_it(method):
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
        authorized("orders:place", expires_at=0),
        {},
    ],
)
def test_a_refusal_keeps_no_earlier_request_in_memory(answer):
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
