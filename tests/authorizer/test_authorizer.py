"""Whole slice: the Lambda authorizer, from the header to what the routes rely on."""

from datetime import UTC, datetime, timedelta

import pytest

from authorizer.handler import handler
from shared import tokens
from shared.auth import Principal, Role
from shared.aws import client
from shared.config import TokenSettings, settings
from shared.keys import KeyRing, key_ring
from tests.support import logs
from tests.support.faults import answering, refused, timed_out
from tests.support.http import CONTEXT, sample

pytestmark = pytest.mark.usefixtures("aws")

STAFF = Principal("usr_staff", frozenset({Role.STAFF, Role.CUSTOMER}))


def token_of(principal=STAFF, *, age=timedelta(0), ring=None) -> str:
    ring = ring or key_ring(settings(TokenSettings).token_keys_secret_arn)
    lifetime = timedelta(minutes=15)
    return tokens.issue(principal, ring, now=datetime.now(UTC) - age, lifetime=lifetime)


def ask(authorization: str | None):
    event = sample("authorizer")
    del event["headers"]["authorization"]
    if authorization is not None:
        event["headers"]["authorization"] = authorization
        event["identitySource"] = [authorization]
    return handler(event, CONTEXT)


def refusal(code: str):
    return {"isAuthorized": True, "context": {"refusal": code}}


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer   ", ""])
def test_a_good_token_becomes_a_principal(scheme):
    answer = ask(scheme + token_of())

    assert answer["isAuthorized"] is True
    assert answer["context"] == {
        "user_id": "usr_staff",
        "roles": "customer staff",
        "expires_at": answer["context"]["expires_at"],
    }


def test_a_principal_ends_with_its_token():
    expires_at = ask("Bearer " + token_of())["context"]["expires_at"]

    until = datetime.now(UTC) + timedelta(minutes=15, seconds=tokens.LEEWAY_SECONDS)
    assert abs(expires_at - until.timestamp()) < 3


def test_what_api_gateway_passes_on_is_flat():
    context = ask("Bearer " + token_of())["context"]

    assert all(isinstance(value, str | int) for value in context.values())


def test_an_expired_token_is_told_apart():
    assert ask("Bearer " + token_of(age=timedelta(hours=1))) == refusal("token_expired")


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer null",
        "Bearer a.b.c",
        "Basic YWRhOnNlY3JldA==",
        "Bearer " + "x" * 10_000,
        "Bearer \ud800",
        "Bearer é.é.é",
        None,
    ],
    ids=lambda authorization: repr(authorization)[:30],
)
def test_what_is_no_token_is_invalid(authorization):
    assert ask(authorization) == refusal("token_invalid")


def test_the_token_of_the_sample_event_is_invalid():
    assert handler(sample("authorizer"), CONTEXT) == refusal("token_invalid")


@pytest.mark.parametrize("scheme", ["Basic ", "Bearer Bearer ", "Token ", "Bearer,"])
def test_a_good_token_under_another_scheme_is_invalid(scheme):
    assert ask(scheme + token_of()) == refusal("token_invalid")


def test_a_token_of_another_shop_is_invalid():
    foreign = KeyRing("k1", {"k1": b"f" * 64})

    assert ask("Bearer " + token_of(ring=foreign)) == refusal("token_invalid")


@pytest.mark.parametrize("fault", [timed_out(), refused("AccessDeniedException")])
def test_without_its_keys_it_calls_no_token_good_or_bad(fault):
    token = token_of()
    key_ring.forget()

    with answering(client("secretsmanager"), "GetSecretValue", fault, fault):
        assert ask("Bearer " + token) == refusal("unavailable")
        assert ask("Bearer forged") == refusal("unavailable")
        assert ask("Bearer " + token)["context"]["user_id"] == "usr_staff"


def test_a_warm_authorizer_calls_aws_for_no_token():
    token = token_of()

    with answering(client("secretsmanager"), "GetSecretValue") as calls:
        for _ in range(10):
            ask("Bearer " + token)

    assert len(calls) == 0


def test_it_logs_who_came_and_who_did_not_but_no_token():
    token = token_of()

    with logs.captured() as lines:
        ask("Bearer " + token)
        ask("Bearer canary.canary.canary")

    (came,) = lines.saying("principal")
    (did_not,) = lines.saying("no principal")
    assert (came["user_id"], came["request_id"]) == ("usr_staff", "JKJaXmPLvHcESHA=")
    assert did_not["code"] == "token_invalid"
    assert "canary" not in lines.text
    assert token not in lines.text
