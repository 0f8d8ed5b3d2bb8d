"""Whole slice: the Lambda authorizer, from the header to the context that routes read."""

import json
from datetime import timedelta

import pytest

from authorizer.handler import handler
from benchmarks.endpoint import record_calls
from shared import clock, config
from shared.aws import client
from shared.http.authorization import caller_from_event
from shared.security import access_tokens
from shared.security.key_rings import KeyRing, key_ring
from shared.security.permissions import Permission, Role, permissions_of
from shared.storage.dynamo import BATCH_ATTEMPTS, connection
from shared.storage.models.accounts import Session, User
from tests.support import logs, shop
from tests.support.accounts import ACCESS_TOKEN_LIFETIME, issue_access_token, session
from tests.support.fake_clock import FakeClock
from tests.support.faults import error_reply, inject_faults, read_timeout, success_reply
from tests.support.http import CONTEXT, sample

pytestmark = pytest.mark.usefixtures("aws")

CUSTOMER = permissions_of(frozenset({Role.CUSTOMER}))


@pytest.fixture
def token(aws: None) -> str:  # noqa: ARG001 (where the session is stored)
    """An access token for an active session of staff."""
    return issue_access_token(session(shop.user("usr_staff", roles={"customer", "staff"})))


@pytest.fixture
def _second_factor_required(monkeypatch):
    """Settings are read once per process, so the fixture clears the cache twice."""
    config._loaded.cache_clear()  # noqa: SLF001
    monkeypatch.setenv("REQUIRE_STAFF_SECOND_FACTOR", "true")
    yield
    config._loaded.cache_clear()  # noqa: SLF001


def ask(authorization: str | None):
    event = sample("authorizer")
    del event["headers"]["authorization"]
    if authorization is not None:
        event["headers"]["authorization"] = authorization
        event["identitySource"] = [authorization]
    return handler(event, CONTEXT)


def refusal(code: str):
    return {"isAuthorized": True, "context": {"refusal": code}}


def permissions(answer) -> set[str]:
    return set(answer["context"]["permissions"].split())


def the_session() -> Session:
    (stored,) = Session.scan()
    return stored


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer   ", ""])
def test_a_valid_token_gives_a_principal(scheme, token):
    answer = ask(scheme + token)

    assert answer["isAuthorized"] is True
    assert answer["context"] == {
        "user_id": "usr_staff",
        "session_id": the_session().session_id,
        "permissions": "account:own api_keys:manage orders:manage orders:place orders:read_all "
        "orders:refund pricing:write products:write stock:write uploads:write",
        "second_factor_due": False,
        "expires_at": answer["context"]["expires_at"],
    }


@pytest.mark.parametrize("roles", [{"customer"}, {"customer", "staff"}, {"customer", "admin"}])
def test_a_principal_has_the_permissions_of_the_current_roles(roles):
    user = shop.user("usr_ada")
    token = issue_access_token(session(user))
    user.update([User.roles.set(roles)])

    assert permissions(ask(f"Bearer {token}")) == permissions_of(frozenset(map(Role, roles)))


def test_a_principal_expires_with_its_token(token):
    expires_at = ask(f"Bearer {token}")["context"]["expires_at"]

    until = (
        clock.utc_now() + ACCESS_TOKEN_LIFETIME + timedelta(seconds=access_tokens.LEEWAY_SECONDS)
    )
    assert abs(expires_at - until.timestamp()) < 3


def test_the_context_is_flat_and_readable_by_the_routes(token):
    context = ask(f"Bearer {token}")["context"]

    assert all(isinstance(value, str | int | bool) for value in context.values())
    caller = caller_from_event({"requestContext": {"authorizer": {"lambda": context}}})
    assert caller.user_id == "usr_staff"
    assert caller.may(Permission.WRITE_STOCK)


def test_an_expired_token_has_its_own_code():
    stale = issue_access_token(session(shop.user("usr_ada")), age=timedelta(hours=1))

    assert ask(f"Bearer {stale}") == refusal("token_expired")


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
def test_a_malformed_token_is_invalid(authorization):
    assert ask(authorization) == refusal("token_invalid")


def test_the_token_of_the_sample_event_is_invalid():
    assert handler(sample("authorizer"), CONTEXT) == refusal("token_invalid")


@pytest.mark.parametrize("scheme", ["Basic ", "Bearer Bearer ", "Token ", "Bearer,"])
def test_a_valid_token_with_another_scheme_is_invalid(scheme, token):
    assert ask(scheme + token) == refusal("token_invalid")


def test_a_token_of_another_shop_is_invalid():
    foreign = KeyRing("k1", {"k1": b"f" * 64})

    forged = issue_access_token(session(shop.user("usr_ada")), ring=foreign)

    assert ask(f"Bearer {forged}") == refusal("token_invalid")


ENDINGS = {
    "logged out": lambda: the_session().delete(),
    "another epoch": lambda: User("usr_staff").update([User.access_epoch.set(2)]),
    "an epoch of before": lambda: the_session().update([Session.access_epoch.set(0)]),
    "disabled": lambda: User("usr_staff").update([User.status.set("disabled")]),
    "deleted": lambda: User.get("usr_staff").delete(),
    "both gone": lambda: (the_session().delete(), User.get("usr_staff").delete()),
    "never used": lambda: the_session().update([Session.expires_at.set(clock.utc_now())]),
    "too old": lambda: the_session().update([Session.ends_at.set(clock.utc_now())]),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_token_is_refused_when_its_session_has_ended(ending, token):
    assert "user_id" in ask(f"Bearer {token}")["context"]

    ENDINGS[ending]()

    assert ask(f"Bearer {token}") == refusal("session_ended")


@pytest.mark.parametrize(("attribute", "days"), [("expires_at", 14), ("ends_at", 30)])
def test_a_session_is_valid_until_its_last_second(attribute, days, monkeypatch):
    moved = FakeClock()
    monkeypatch.setattr(clock, "utc_now", moved)
    later = clock.utc_now() + timedelta(days=99)
    ends = clock.utc_now() + timedelta(days=days)
    stored = session(
        shop.user("usr_ada"), **{"expires_at": later, "ends_at": later, attribute: ends}
    )

    for seconds, is_good in ((-5, True), (5, False)):
        moved.ahead = timedelta(days=days, seconds=seconds)
        answer = ask(f"Bearer {issue_access_token(stored)}")
        assert ("user_id" in answer["context"]) is is_good


def test_a_token_with_the_session_of_another_user_is_refused():
    shop.user("usr_bob")
    hers = session(shop.user("usr_ada"))
    ring = key_ring("souk/token-keys")

    mixed = access_tokens.issue(
        "usr_bob", hers.session_id, ring, now=clock.utc_now(), lifetime=ACCESS_TOKEN_LIFETIME
    )

    assert ask(f"Bearer {mixed}") == refusal("session_ended")


def test_ending_a_session_does_not_end_the_users_others():
    user = shop.user("usr_ada")
    one, other = session(user), session(user)

    one.delete()

    assert ask(f"Bearer {issue_access_token(one)}") == refusal("session_ended")
    assert ask(f"Bearer {issue_access_token(other)}")["context"]["session_id"] == other.session_id


@pytest.mark.usefixtures("_second_factor_required")
@pytest.mark.parametrize("roles", [{"customer", "staff"}, {"customer", "admin"}])
def test_staff_without_a_second_factor_are_customers(roles):
    user = shop.user("usr_staff", roles=roles, second_factor=True)

    without, with_it = (
        ask(f"Bearer {issue_access_token(session(user, second_factor=shown))}")
        for shown in (False, True)
    )

    assert (permissions(without), without["context"]["second_factor_due"]) == (CUSTOMER, True)
    assert permissions(with_it) == permissions_of(frozenset(map(Role, roles)))
    assert with_it["context"]["second_factor_due"] is False


@pytest.mark.usefixtures("_second_factor_required")
def test_disabling_the_second_factor_affects_all_sessions():
    user = shop.user("usr_staff", roles={"staff"}, second_factor=False)

    answer = ask(f"Bearer {issue_access_token(session(user, second_factor=True))}")

    assert (permissions(answer), answer["context"]["second_factor_due"]) == (CUSTOMER, True)


@pytest.mark.usefixtures("_second_factor_required")
def test_a_customer_needs_no_second_factor():
    answer = ask(f"Bearer {issue_access_token(session(shop.user('usr_ada')))}")

    assert (permissions(answer), answer["context"]["second_factor_due"]) == (CUSTOMER, False)


@pytest.mark.parametrize("fault", [read_timeout(), error_reply("AccessDeniedException")])
def test_a_key_ring_failure_answers_unavailable(fault, token):
    key_ring.forget()

    with inject_faults(client("secretsmanager"), "GetSecretValue", fault, fault):
        assert ask(f"Bearer {token}") == refusal("unavailable")
        assert ask("Bearer forged") == refusal("unavailable")
        assert ask(f"Bearer {token}")["context"]["user_id"] == "usr_staff"


def test_a_warm_authorizer_works_while_secrets_cannot_be_read(token, cache_clock):
    key_ring.forget()
    ask(f"Bearer {token}")

    with inject_faults(client("secretsmanager"), "GetSecretValue", *[read_timeout()] * 99) as calls:
        for _ in range(30):
            cache_clock.seconds += 60
            assert ask(f"Bearer {token}")["context"]["user_id"] == "usr_staff"
            assert ask(f"Bearer {token}")["context"]["user_id"] == "usr_staff"

    assert len(calls) == 30


UNREAD = {"souk-users": {"Keys": [{"user_id": {"S": "usr_staff"}}]}}


@pytest.mark.parametrize(
    "faults",
    [
        [read_timeout()],
        [error_reply("ProvisionedThroughputExceededException")],
        [error_reply("ThrottlingException")],
        [error_reply("InternalServerError", status=500)],
        [success_reply({"Responses": {}, "UnprocessedKeys": UNREAD})] * BATCH_ATTEMPTS,
    ],
    ids=["silent", "over its throughput", "throttled", "broken", "unread"],
)
def test_a_table_failure_answers_unavailable_for_a_session(faults, token):
    with inject_faults(connection().client, "BatchGetItem", *faults):
        assert ask(f"Bearer {token}") == refusal("unavailable")
        assert ask(f"Bearer {token}")["context"]["user_id"] == "usr_staff"


def test_a_cold_authorizer_makes_two_calls(token):
    """More would take longer than its time-out allows (tests/template/test_routes.py)."""
    key_ring.forget()

    with record_calls() as calls:
        ask(f"Bearer {token}")

    assert [call.operation for call in calls] == ["GetSecretValue", "BatchGetItem"]


def test_session_and_user_are_read_in_one_consistent_call(token):
    ask(f"Bearer {token}")

    with record_calls() as calls:
        ask(f"Bearer {token}")

    (call,) = calls
    asked = json.loads(call.body)["RequestItems"]
    assert call.operation == "BatchGetItem"
    assert {name: len(of["Keys"]) for name, of in asked.items()} == {
        "souk-sessions": 1,
        "souk-users": 1,
    }
    assert all(of["ConsistentRead"] for of in asked.values())


def test_calls_are_audited_with_the_address_but_no_token(token):
    with logs.captured() as lines:
        ask(f"Bearer {token}")
        ask("Bearer canary.canary.canary")

    came, did_not = lines.saying("audit")
    assert (came["action"], came["result"]) == ("authenticate", "done")
    assert (came["user_id"], came["session_id"]) == ("usr_staff", the_session().session_id)
    assert (did_not["result"], did_not["reason"]) == ("refused", "token_invalid")
    assert {line["client_address"] for line in (came, did_not)} == {"203.0.113.7"}
    assert {line["correlation_id"] for line in (came, did_not)} == {"JKJaXmPLvHcESHA="}
    assert "canary" not in lines.text
    assert token not in lines.text
