"""Whole slice: the Lambda authorizer, with API keys."""

import json
from datetime import timedelta

import pytest

import authorizer.repository
import authorizer.service
from benchmarks.endpoint import record_calls
from shared import clock, ids
from shared.config import AdmissionSettings, settings
from shared.security.api_keys import KeyText
from shared.security.key_rings import key_ring
from shared.storage.dynamo import connection
from shared.storage.models.accounts import ApiKey, User
from tests.support import logs, shop
from tests.support.accounts import api_key, authorize, call
from tests.support.fake_clock import FakeClock
from tests.support.faults import error_reply, inject_faults, read_timeout

pytestmark = pytest.mark.usefixtures("aws")

OWNER = ids.derived_id("usr", "owner")
INVALID = {"refusal": "token_invalid"}
ENDED = {"refusal": "session_ended"}


@pytest.fixture
def owner(aws: None) -> User:  # noqa: ARG001 (needs the tables)
    return shop.user(OWNER, roles={"customer", "staff"})


@pytest.fixture
def key(owner: User) -> str:
    return api_key(owner)


def the_key() -> ApiKey:
    (stored,) = ApiKey.scan()
    return stored


def test_a_valid_key_gives_a_principal_without_a_session(owner):
    key = api_key(owner, permissions={"stock:write", "orders:read_all"})

    found = authorize(key)

    assert found == {
        "user_id": OWNER,
        "session_id": "",
        "permissions": "orders:read_all stock:write",
        "second_factor_due": False,
        "expires_at": int(the_key().expires_at.timestamp()),
    }


@pytest.mark.parametrize("route", ["auth.me", "me.export", "me.list_api_keys", "me.list_sessions"])
def test_a_key_cannot_manage_its_owners_account(route, key):
    answer = call(route, key)

    assert (answer.status, answer.code) == (403, "forbidden")


@pytest.mark.parametrize("kept", ["account:own", "api_keys:manage", "users:manage"])
def test_a_stored_permission_that_keys_may_not_have_is_ignored(kept, owner):
    """The set of grantable permissions may shrink during the life of a key."""
    owner.update([User.roles.set({"customer", "admin"})])
    key = api_key(owner, permissions={kept, "stock:write"})

    assert authorize(key)["permissions"] == "stock:write"


def test_an_unknown_stored_permission_is_ignored(owner):
    key = api_key(owner, permissions={"drones:fly", "stock:write"})

    assert authorize(key)["permissions"] == "stock:write"


def test_a_revoked_key_is_invalid(key):
    the_key().delete()

    assert authorize(key) == INVALID


def test_an_expired_key_has_its_own_code(owner):
    key = api_key(owner, expires_at=clock.utc_now() - timedelta(seconds=1))

    assert authorize(key) == {"refusal": "token_expired"}


def test_only_the_right_secret_reveals_that_a_key_expired(owner):
    key = api_key(owner, expires_at=clock.utc_now() - timedelta(seconds=1))

    assert authorize(key[:-43] + "A" * 43) == INVALID


@pytest.mark.parametrize(
    "change",
    [
        lambda user: user.update([User.status.set("disabled")]),
        lambda user: user.delete(),
    ],
    ids=["disabled", "gone"],
)
def test_a_key_needs_an_active_owner(change, owner, key):
    change(owner)

    assert authorize(key) == ENDED
    assert the_key().last_used_at is None


def test_a_role_that_the_owner_loses_is_lost_by_the_key(owner):
    key = api_key(owner, permissions={"stock:write", "orders:place"})

    owner.update([User.roles.set({"customer"})])

    assert authorize(key)["permissions"] == "orders:place"
    assert call("me.list_api_keys", key).code == "forbidden"


def test_a_role_that_the_owner_gains_is_not_added_to_the_key(owner, key):
    owner.update([User.roles.set({"customer", "admin"})])

    assert authorize(key)["permissions"] == "stock:write"


def test_a_key_works_after_its_owners_sessions_end(owner, key):
    owner.update([User.access_epoch.set(7)])

    assert authorize(key)["permissions"] == "stock:write"


def test_a_key_does_not_work_for_another_user(owner, key):
    other = shop.user(ids.derived_id("usr", "other"), roles={"customer", "admin"})
    text = KeyText.parse(key)

    assert authorize(str(KeyText(other.user_id, text.key_id, text.secret))) == INVALID
    assert authorize(key)["user_id"] == owner.user_id


MANGLED = {
    "another secret": lambda key: f"{key[:-43]}{'A' * 43}",
    "its first character changed": lambda key: (
        key[:-43] + ("A" if key[-43] != "A" else "B") + key[-42:]
    ),
    "its last character changed": lambda key: key[:-1] + ("A" if key[-1] != "A" else "E"),
    "no secret": lambda key: key[:-43],
    "a short secret": lambda key: key[:-1],
    "a long secret": lambda key: key + "A",
    "padding": lambda key: key + "=",
    "the digest of the secret": lambda key: key[:-43] + the_key().secret_hash,
    "the digest cut to length": lambda key: key[:-43] + the_key().secret_hash[:43],
    "a space inside": lambda key: f"{key[:40]} {key[40:]}",
    "a newline inside": lambda key: f"{key[:40]}\n{key[40:]}",
    "NUL at its end": lambda key: key + "\x00",
    "another key": lambda key: f"souk_{'c' * 32}{key[37:]}",
    "another user": lambda key: f"{key[:38]}{'b' * 32}{key[70:]}",
    "user and key swapped": lambda key: f"souk_{key[38:70]}_{key[5:37]}{key[70:]}",
    "no user": lambda key: key[:37] + key[70:],
    "a session's id": lambda key: f"souk_ses_{key[5:]}",
    "capitals": lambda key: "souk_" + key[5:70].upper() + key[70:],
    "another prefix": lambda key: "shop" + key[4:],
    "the prefix in capitals": lambda key: "SOUK" + key[4:],
    "the prefix alone": lambda _: "souk_",
    "the prefix twice": lambda key: "souk_" + key,
    "the prefix in lists": lambda key: key[:37],
    "hyphens for underscores": lambda key: key.replace("_", "-"),
    "twice": lambda key: key + key,
    "two with a comma": lambda key: f"{key},{key}",
    "huge": lambda _: "souk_" + "a" * 100_000,
    "not ASCII": lambda key: key[:-1] + "é",
    "digits of another script": lambda key: f"souk_٢{key[6:]}",
    "half a surrogate": lambda key: key[:-1] + "\ud800",
    "in quotes": lambda key: f'"{key}"',
    "percent-encoded": lambda key: key.replace("_", "%5F"),
    "a wildcard": lambda key: f"souk_*{key[37:]}",
}


@pytest.mark.parametrize("how", MANGLED)
def test_a_mangled_key_is_invalid(how, key):
    mangled = MANGLED[how](key)

    assert mangled != key
    assert authorize(mangled) == INVALID
    assert the_key().last_used_at is None


def test_a_malformed_key_causes_no_call():
    with record_calls() as calls:
        for shown in ("souk_", "souk_" + "a" * 10_000, "souk_null"):
            authorize(shown)

    assert len(calls) == 0


def test_key_and_owner_are_read_in_one_consistent_call(owner):
    key = api_key(owner, last_used_at=clock.utc_now())
    authorize(key)

    with record_calls() as calls:
        authorize(key)

    (asked,) = calls
    tables = json.loads(asked.body)["RequestItems"]
    assert asked.operation == "BatchGetItem"
    assert set(tables) == {"souk-api-keys", "souk-users"}
    assert all(of["ConsistentRead"] for of in tables.values())


def test_the_first_use_of_a_key_makes_two_calls(key):
    """More would take longer than the time-out allows (tests/template/test_routes.py)."""
    with record_calls() as calls:
        authorize(key)

    assert [call.operation for call in calls] == ["BatchGetItem", "UpdateItem"]


def test_a_key_needs_no_key_ring(key):
    key_ring.forget()

    assert authorize(key)["user_id"] == OWNER


def test_the_last_use_is_stored_every_five_minutes(monkeypatch, key):
    monkeypatch.setattr(clock, "utc_now", fake_clock := FakeClock())
    noted = []

    for minutes in (0, 4, 2):
        fake_clock.advance(minutes=minutes)
        authorize(key)
        noted.append(the_key().last_used_at)

    first, second, third = noted
    assert first is not None
    assert second == first
    assert third - first > timedelta(minutes=5)


@pytest.mark.parametrize(
    "fault",
    [
        read_timeout(),
        error_reply("ThrottlingException"),
        error_reply("InternalServerError", status=500),
    ],
    ids=["silent", "throttled", "broken"],
)
def test_a_key_works_when_its_use_cannot_be_stored(fault, key):
    with inject_faults(connection().client, "UpdateItem", fault), logs.captured() as lines:
        assert authorize(key)["user_id"] == OWNER

    assert lines.saying("last use of a key not stored")[0]["key_id"] == KeyText.parse(key).key_id
    assert the_key().last_used_at is None


def test_a_key_works_when_two_instances_store_its_use(key):
    conflict = error_reply("TransactionConflictException")

    with inject_faults(connection().client, "UpdateItem", conflict):
        assert authorize(key)["user_id"] == OWNER


def test_staff_keys_need_a_required_second_factor(monkeypatch, owner):
    configured = {
        AdmissionSettings: settings(AdmissionSettings).replace(require_staff_second_factor=True)
    }
    monkeypatch.setattr(authorizer.service, "settings", configured.__getitem__)
    stored = api_key(owner)

    without = authorize(stored)
    owner.update([User.second_factor.set(True)])

    assert (without["permissions"], without["second_factor_due"]) == ("", True)
    assert "stock:write" in authorize(stored)["permissions"]


def test_a_table_failure_answers_unavailable_for_a_key(key):
    with inject_faults(connection().client, "BatchGetItem", read_timeout()):
        assert authorize(key) == {"refusal": "unavailable"}


def test_a_key_revoked_during_its_use_stays_revoked(monkeypatch, key):
    update = authorizer.repository.update_last_used

    def revoke_first(used, now):
        the_key().delete()
        update(used, now)

    monkeypatch.setattr(authorizer.repository, "update_last_used", revoke_first)

    authorize(key)

    assert ApiKey.count() == 0


def test_no_part_of_a_secret_is_logged(key):
    with logs.captured() as lines:
        authorize(key)
        authorize(key[:-1])
        authorize(key[:-43] + "canary".ljust(43, "A"))

    came, *refusals = lines.saying("audit")
    assert (came["result"], came["user_id"]) == ("done", OWNER)
    assert [line["reason"] for line in refusals] == ["token_invalid"] * 2
    for secret in (key[-43:], key[-43:-1], "canary"):
        assert secret not in lines.text
