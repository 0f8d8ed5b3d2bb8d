"""Whole slice: the Lambda authorizer, for whoever shows an API key."""

import json
from dataclasses import replace
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
def owner(aws: None) -> User:  # noqa: ARG001 (where the user is stored)
    return shop.user(OWNER, roles={"customer", "staff"})


@pytest.fixture
def key(owner: User) -> str:
    return api_key(owner)


def the_key() -> ApiKey:
    (stored,) = ApiKey.scan()
    return stored


def test_a_good_key_becomes_a_principal_without_a_session(owner):
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
def test_a_key_does_not_manage_its_owner_s_account(route, key):
    answer = call(route, key)

    assert (answer.status, answer.code) == (403, "forbidden")


@pytest.mark.parametrize("kept", ["account:own", "api_keys:manage", "users:manage"])
def test_what_is_for_no_key_is_not_for_one_that_was_stored_with_it(kept, owner):
    """However it came to be: what may be given to keys may become less while they live."""
    owner.update([User.roles.set({"customer", "admin"})])
    key = api_key(owner, permissions={kept, "stock:write"})

    assert authorize(key)["permissions"] == "stock:write"


def test_a_permission_that_only_newer_code_knows_is_left_out(owner):
    key = api_key(owner, permissions={"drones:fly", "stock:write"})

    assert authorize(key)["permissions"] == "stock:write"


def test_a_revoked_key_is_invalid(key):
    the_key().delete()

    assert authorize(key) == INVALID


def test_an_expired_key_is_told_apart(owner):
    key = api_key(owner, expires_at=clock.utc_now() - timedelta(seconds=1))

    assert authorize(key) == {"refusal": "token_expired"}


def test_that_a_key_has_expired_is_told_to_whoever_has_its_secret_alone(owner):
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
def test_a_key_is_worth_nothing_without_its_owner(change, owner, key):
    change(owner)

    assert authorize(key) == ENDED
    assert the_key().last_used_at is None


def test_who_loses_a_role_loses_it_on_their_keys_too(owner):
    key = api_key(owner, permissions={"stock:write", "orders:place"})

    owner.update([User.roles.set({"customer"})])

    assert authorize(key)["permissions"] == "orders:place"
    assert call("me.list_api_keys", key).code == "forbidden"


def test_who_gains_a_role_gains_nothing_on_their_keys(owner, key):
    owner.update([User.roles.set({"customer", "admin"})])

    assert authorize(key)["permissions"] == "stock:write"


def test_a_key_outlives_its_owner_s_sessions(owner, key):
    owner.update([User.access_epoch.set(7)])

    assert authorize(key)["permissions"] == "stock:write"


def test_the_key_of_someone_else_is_theirs_alone(owner, key):
    other = shop.user(ids.derived_id("usr", "other"), roles={"customer", "admin"})
    text = KeyText.parse(key)

    assert authorize(str(KeyText(other.user_id, text.key_id, text.secret))) == INVALID
    assert authorize(key)["user_id"] == owner.user_id


MANGLED = {
    "another secret": lambda it: f"{it[:-43]}{'A' * 43}",
    "its first character changed": lambda it: (
        it[:-43] + ("A" if it[-43] != "A" else "B") + it[-42:]
    ),
    "its last character changed": lambda it: it[:-1] + ("A" if it[-1] != "A" else "E"),
    "no secret": lambda it: it[:-43],
    "a short secret": lambda it: it[:-1],
    "a long secret": lambda it: it + "A",
    "padding": lambda it: it + "=",
    "the digest of the secret": lambda it: it[:-43] + the_key().secret_hash,
    "as much of it as fits": lambda it: it[:-43] + the_key().secret_hash[:43],
    "a space inside": lambda it: f"{it[:40]} {it[40:]}",
    "a newline inside": lambda it: f"{it[:40]}\n{it[40:]}",
    "NUL at its end": lambda it: it + "\x00",
    "another key": lambda it: f"souk_{'c' * 32}{it[37:]}",
    "another user": lambda it: f"{it[:38]}{'b' * 32}{it[70:]}",
    "user and key the other way round": lambda it: f"souk_{it[38:70]}_{it[5:37]}{it[70:]}",
    "no user": lambda it: it[:37] + it[70:],
    "a session's id": lambda it: f"souk_ses_{it[5:]}",
    "capitals": lambda it: "souk_" + it[5:70].upper() + it[70:],
    "another prefix": lambda it: "shop" + it[4:],
    "the prefix in capitals": lambda it: "SOUK" + it[4:],
    "the prefix alone": lambda _: "souk_",
    "the prefix twice": lambda it: "souk_" + it,
    "what lists show of it": lambda it: it[:37],
    "hyphens for underscores": lambda it: it.replace("_", "-"),
    "twice": lambda it: it + it,
    "two with a comma": lambda it: f"{it},{it}",
    "huge": lambda _: "souk_" + "a" * 100_000,
    "not ASCII": lambda it: it[:-1] + "é",
    "digits of another script": lambda it: f"souk_٢{it[6:]}",
    "half a surrogate": lambda it: it[:-1] + "\ud800",
    "in quotes": lambda it: f'"{it}"',
    "percent-encoded": lambda it: it.replace("_", "%5F"),
    "a wildcard": lambda it: f"souk_*{it[37:]}",
}


@pytest.mark.parametrize("how", MANGLED)
def test_a_mangled_key_is_invalid(how, key):
    mangled = MANGLED[how](key)

    assert mangled != key
    assert authorize(mangled) == INVALID
    assert the_key().last_used_at is None


def test_what_has_not_the_form_of_a_key_costs_no_call():
    with record_calls() as calls:
        for shown in ("souk_", "souk_" + "a" * 10_000, "souk_null"):
            authorize(shown)

    assert len(calls) == 0


def test_key_and_owner_are_read_as_they_are_now_in_one_call(owner):
    key = api_key(owner, last_used_at=clock.utc_now())
    authorize(key)

    with record_calls() as calls:
        authorize(key)

    (asked,) = calls
    tables = json.loads(asked.body)["RequestItems"]
    assert asked.operation == "BatchGetItem"
    assert set(tables) == {"souk-api-keys", "souk-users"}
    assert all(of["ConsistentRead"] for of in tables.values())


def test_a_key_needs_no_key_ring(key):
    key_ring.forget()

    assert authorize(key)["user_id"] == OWNER


def test_that_a_key_was_used_is_noted_every_five_minutes(monkeypatch, key):
    monkeypatch.setattr(clock, "utc_now", later := FakeClock())
    noted = []

    for minutes in (0, 4, 2):
        later.advance(minutes=minutes)
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
def test_a_use_that_cannot_be_noted_is_not_refused(fault, key):
    with inject_faults(connection().client, "UpdateItem", fault), logs.captured() as lines:
        assert authorize(key)["user_id"] == OWNER

    assert lines.saying("use of a key not noted")[0]["key_id"] == KeyText.parse(key).key_id
    assert the_key().last_used_at is None


def test_a_use_that_another_instance_notes_too_is_not_refused(key):
    conflict = error_reply("TransactionConflictException")

    with inject_faults(connection().client, "UpdateItem", conflict):
        assert authorize(key)["user_id"] == OWNER


def test_where_a_second_factor_is_demanded_the_keys_of_staff_without_one_are_customers(
    monkeypatch, owner
):
    chosen = {
        AdmissionSettings: replace(settings(AdmissionSettings), require_staff_second_factor=True)
    }
    monkeypatch.setattr(authorizer.service, "settings", chosen.__getitem__)
    stored = api_key(owner)

    without = authorize(stored)
    owner.update([User.second_factor.set(True)])

    assert (without["permissions"], without["second_factor_due"]) == ("", True)
    assert "stock:write" in authorize(stored)["permissions"]


def test_without_its_tables_it_calls_no_key_good_or_bad(key):
    with inject_faults(connection().client, "BatchGetItem", read_timeout()):
        assert authorize(key) == {"refusal": "unavailable"}


def test_a_key_that_is_revoked_while_it_is_used_does_not_come_back(monkeypatch, key):
    note = authorizer.repository.note_use

    def revoked_meanwhile(used, now):
        the_key().delete()
        note(used, now)

    monkeypatch.setattr(authorizer.repository, "note_use", revoked_meanwhile)

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
