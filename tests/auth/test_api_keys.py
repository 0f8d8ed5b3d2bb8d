"""Whole slice: API keys, from their creation to the requests that use them."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from auth.api_keys import repository, service
from auth.api_keys.schemas import NewApiKey
from auth.handler import handler
from auth.sessions import repository as sessions
from shared import clock
from shared.events.all_events import parse_event
from shared.storage.models.accounts import ApiKey, Session, User
from shared.storage.models.outbox import OutboxRow
from tests.support import logs, shop
from tests.support.accounts import (
    authorize,
    call,
    create_link_token,
    dump_account_tables,
    post,
    session,
)
from tests.support.fake_clock import FakeClock
from tests.support.http import ADMIN, STAFF, Caller, outcome_of, principal_of, send

pytestmark = pytest.mark.usefixtures("aws")

OTHER = Caller("usr_" + "b" * 32, "customer staff")
OWNER = Caller("usr_" + "a" * 32, "customer staff")


@pytest.fixture(autouse=True)
def owners(aws):  # noqa: ARG001 (needs the tables)
    for owner in (OWNER, OTHER):
        user = shop.user(owner.user_id, roles={"customer", "staff"})
        session(user, session_id=owner.session_id)


def create(owner: Caller = OWNER, **changes):
    body = {"name": "stock script", "permissions": ["stock:write"], "expires_in_days": 90}
    return send(handler, "me.create_api_key", caller=owner, body=body | changes)


def listed(owner: Caller = OWNER) -> list[dict]:
    answer = send(handler, "me.list_api_keys", caller=owner)
    assert (answer.status, answer.body["next_cursor"]) == (200, None)
    return answer.body["items"]


def revoke(key_id: str, owner: Caller = OWNER):
    return send(handler, "me.revoke_api_key", caller=owner, path={"key_id": key_id})


def test_a_key_is_shown_once_and_stored_as_a_digest():
    made = create()

    assert made.status == 201
    key = made.body.pop("key")
    assert key.startswith(made.body["prefix"] + "_")
    assert listed() == [made.body]
    assert set(made.body) == {
        "id",
        "name",
        "prefix",
        "permissions",
        "created_at",
        "last_used_at",
        "expires_at",
    }
    secret = key.rpartition("_" + "a" * 32 + "_")[2]
    assert len(secret) == 43
    (stored,) = ApiKey.scan()
    assert secret not in repr(stored.attribute_values) + dump_account_tables()


def test_a_key_has_only_the_permissions_it_was_given():
    key = create(permissions=["stock:write", "orders:read_all"]).body["key"]

    found = authorize(key)

    assert found["user_id"] == OWNER.user_id
    assert found["session_id"] == ""
    assert found["permissions"] == "orders:read_all stock:write"
    assert call("auth.me", key).code == "forbidden"
    assert call("me.list_api_keys", key).code == "forbidden"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"permissions": []}, "body.permissions"),
        ({"permissions": ["stock:burn"]}, "body.permissions.0"),
        ({"permissions": ["stock:write", "users:read"]}, "body.permissions.1"),
        ({"permissions": ["account:own"]}, "body.permissions.0"),
        ({"permissions": ["api_keys:manage"]}, "body.permissions.0"),
        ({"permissions": "stock:write"}, "body.permissions"),
        ({"name": ""}, "body.name"),
        ({"name": "x" * 101}, "body.name"),
        ({"name": "a\nb"}, "body.name"),
        ({"expires_in_days": 0}, "body.expires_in_days"),
        ({"expires_in_days": 366}, "body.expires_in_days"),
        ({"expires_in_days": None}, "body.expires_in_days"),
        ({"key": "souk_mine"}, "body.key"),
    ],
    ids=repr,
)
def test_invalid_fields_of_a_new_key_are_refused(changes, path):
    answer = create(**changes)

    assert (answer.status, answer.paths) == (422, [path])
    assert ApiKey.count() == 0


def test_nobody_can_grant_user_management_to_a_key():
    answer = create(ADMIN, permissions=["users:manage"])

    assert (answer.status, answer.paths) == (422, ["body.permissions.0"])


def test_a_user_has_at_most_20_keys():
    for _ in range(20):
        create()

    refused = create()

    assert (refused.status, refused.code) == (409, "api_key_limit")
    revoke(listed()[0]["id"])
    assert create().status == 201


def test_a_revoked_key_is_refused():
    made = create().body

    assert revoke(made["id"]).status == 204

    assert authorize(made["key"]) == {"refusal": "token_invalid"}
    assert listed() == []
    assert revoke(made["id"]).code == "api_key_not_found"


def test_a_user_cannot_see_or_revoke_the_keys_of_another():
    made = create().body

    answer = revoke(made["id"], OTHER)

    assert (answer.status, answer.code) == (404, "api_key_not_found")
    assert listed(OTHER) == []
    assert authorize(made["key"])["user_id"] == OWNER.user_id


def test_an_expired_key_is_refused_and_not_listed(monkeypatch):
    monkeypatch.setattr(clock, "utc_now", fake_clock := FakeClock())
    key = create(expires_in_days=1).body["key"]

    fake_clock.advance(days=1, seconds=1)

    assert authorize(key) == {"refusal": "token_expired"}
    assert listed() == []
    assert ApiKey.count() == 1


def test_a_password_reset_revokes_all_keys():
    key = create().body["key"]
    owner = User.get(OWNER.user_id)
    shop.login(owner.email, user_id=owner.user_id, roles=owner.roles).save()
    reset = {
        "token": create_link_token("reset_password", OWNER.user_id),
        "password": "staple correct battery",
    }

    assert post("auth.reset_password", reset).status == 204

    assert authorize(key) == {"refusal": "token_invalid"}
    assert ApiKey.count() == 0


def test_a_new_key_stages_an_event():
    made = create().body

    (row,) = OutboxRow.scan()
    event = parse_event(row.payload)
    assert (event.type, event.data.key_id) == ("api_key.created", made["id"])


def test_the_audit_log_has_key_ids_but_no_keys():
    with logs.captured() as lines:
        made = create().body
        authorize(made["key"])
        revoke(made["id"])

    done = [(line["action"], line.get("key_id")) for line in lines.saying("audit")]
    assert ("create_api_key", made["id"]) in done
    assert ("revoke_api_key", made["id"]) in done
    assert made["key"] not in lines.text
    assert made["key"][-43:] not in lines.text


def test_customers_cannot_create_keys():
    answer = create(Caller(STAFF.user_id, "customer"))

    assert (answer.status, answer.code) == (403, "forbidden")


ENDINGS = {
    "logged out": lambda: Session(OWNER.user_id, OWNER.session_id).delete(),
    "all others ended": lambda: User(OWNER.user_id).update([User.access_epoch.set(2)]),
    "disabled": lambda: User(OWNER.user_id).update([User.status.set("disabled")]),
    "deleted": lambda: User(OWNER.user_id).delete(),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_ended_session_cannot_create_a_key(ending):
    """API Gateway accepts an ended session for up to a minute."""
    ENDINGS[ending]()

    answer = create()

    assert (answer.status, answer.code) == (401, "session_ended")
    assert ApiKey.count() == 0


def test_a_session_that_ends_during_creation_leaves_no_key(monkeypatch):
    read = sessions.get_epoch

    def end_after(caller):
        epoch = read(caller)
        ENDINGS["all others ended"]()
        return epoch

    monkeypatch.setattr(sessions, "get_epoch", end_after)

    assert create().code == "session_ended"
    assert ApiKey.count() == 0


def test_keys_created_at_once_do_not_pass_the_limit(monkeypatch):
    monkeypatch.setattr(service, "KEYS_PER_USER_MAX", 3)
    barrier = Barrier(8)

    def create_at_once(number: int) -> str:
        new = NewApiKey(name=f"key {number}", permissions=["stock:write"], expires_in_days=90)
        barrier.wait()
        return outcome_of(lambda: service.create_api_key(principal_of(OWNER), new))

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(create_at_once, range(8)))

    assert outcomes.keys() <= {"done", "api_key_limit", "concurrent_modification"}
    assert outcomes["done"] == ApiKey.count() <= 3


def test_an_account_has_an_hourly_limit_of_new_keys(monkeypatch):
    """Each sends a mail, so creating and revoking must not go on for ever."""
    monkeypatch.setattr(repository, "CREATIONS_PER_HOUR", 2)
    for _ in range(2):
        revoke(create().body["id"])

    refused = create()

    assert (refused.status, refused.code) == (429, "too_many_attempts")
    assert "API keys" in refused.error["message"]
    assert int(refused.headers["Retry-After"]) > 0
