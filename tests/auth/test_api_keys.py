"""Whole slice: API keys, from the route that makes one to the routes that take it."""

import pytest

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
from tests.support.http import ADMIN, STAFF, Caller, send

pytestmark = pytest.mark.usefixtures("aws")

OTHER = Caller("usr_" + "b" * 32, "customer staff")
OWNER = Caller("usr_" + "a" * 32, "customer staff")


@pytest.fixture(autouse=True)
def owners(aws):  # noqa: ARG001 (what the shop stands on)
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


def test_a_key_may_do_what_it_was_given_and_no_more():
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
def test_a_key_is_checked_field_by_field(changes, path):
    answer = create(**changes)

    assert (answer.status, answer.paths) == (422, [path])
    assert ApiKey.count() == 0


def test_nobody_gives_a_key_the_management_of_users():
    answer = create(ADMIN, permissions=["users:manage"])

    assert (answer.status, answer.paths) == (422, ["body.permissions.0"])


def test_a_user_has_so_many_keys():
    for _ in range(20):
        create()

    refused = create()

    assert (refused.status, refused.code) == (409, "api_key_limit")
    revoke(listed()[0]["id"])
    assert create().status == 201


def test_a_revoked_key_opens_nothing():
    made = create().body

    assert revoke(made["id"]).status == 204

    assert authorize(made["key"]) == {"refusal": "token_invalid"}
    assert listed() == []
    assert revoke(made["id"]).code == "api_key_not_found"


def test_nobody_sees_or_revokes_the_keys_of_someone_else():
    made = create().body

    answer = revoke(made["id"], OTHER)

    assert (answer.status, answer.code) == (404, "api_key_not_found")
    assert listed(OTHER) == []
    assert authorize(made["key"])["user_id"] == OWNER.user_id


def test_a_key_expires(monkeypatch):
    monkeypatch.setattr(clock, "utc_now", later := FakeClock())
    key = create(expires_in_days=1).body["key"]

    later.advance(days=1, seconds=1)

    assert authorize(key) == {"refusal": "token_expired"}
    assert listed() == []
    assert ApiKey.count() == 1


def test_a_reset_password_revokes_the_keys_that_a_burglar_may_have_made():
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


def test_the_owner_is_told_of_a_new_key():
    made = create().body

    (row,) = OutboxRow.scan()
    told = parse_event(row.payload)
    assert (told.type, told.data.key_id) == ("api_key.created", made["id"])


def test_keys_are_named_in_the_audit_and_never_shown():
    with logs.captured() as lines:
        made = create().body
        authorize(made["key"])
        revoke(made["id"])

    done = [(line["action"], line.get("key_id")) for line in lines.saying("audit")]
    assert ("create_api_key", made["id"]) in done
    assert ("revoke_api_key", made["id"]) in done
    assert made["key"] not in lines.text
    assert made["key"][-43:] not in lines.text


def test_customers_make_no_keys():
    answer = create(Caller(STAFF.user_id, "customer"))

    assert (answer.status, answer.code) == (403, "forbidden")


ENDINGS = {
    "logged out": lambda: Session(OWNER.user_id, OWNER.session_id).delete(),
    "all others ended": lambda: User(OWNER.user_id).update([User.access_epoch.set(2)]),
    "disabled": lambda: User(OWNER.user_id).update([User.status.set("disabled")]),
    "deleted": lambda: User(OWNER.user_id).delete(),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_session_that_was_ended_leaves_no_key_behind(ending):
    """API Gateway still lets it in for up to a minute."""
    ENDINGS[ending]()

    answer = create()

    assert (answer.status, answer.code) == (401, "session_ended")
    assert ApiKey.count() == 0


def test_a_session_that_is_ended_meanwhile_leaves_no_key_behind(monkeypatch):
    read = sessions.epoch_of

    def ended_after(caller):
        epoch = read(caller)
        ENDINGS["all others ended"]()
        return epoch

    monkeypatch.setattr(sessions, "epoch_of", ended_after)

    assert create().code == "session_ended"
    assert ApiKey.count() == 0
