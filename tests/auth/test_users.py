"""Whole slice: admins list users, change roles and status, and end sessions."""

import pytest

from auth.handler import handler
from auth.users.service import grant_admin
from shared import clock
from shared.errors.accounts import EmailNotVerified, PasswordTooShortForStaff, UserNotFound
from shared.security import api_keys, opaque_tokens
from shared.storage.models.accounts import ApiKey, Login, User
from tests.support import logs, shop
from tests.support.accounts import EMAIL, authorize, call, get_me, get_tokens, log_in, refresh
from tests.support.accounts import register as register_unconfirmed
from tests.support.accounts import register_confirmed as register
from tests.support.events import published_event_types
from tests.support.http import ADMIN, NOBODY, STAFF, Caller, send

BOB = "bob@example.com"


@pytest.fixture(autouse=True)
def stored_admin(aws):  # noqa: ARG001 (needs the tables)
    """Writes check that the admin exists and is active."""
    shop.user(ADMIN.user_id, roles={"customer", "admin"})


def listed(caller: Caller | None = ADMIN, **query: str):
    return send(handler, "users.list", caller=caller, query=query)


def get(user_id: str, caller: Caller | None = ADMIN):
    return send(handler, "users.get", caller=caller, path={"user_id": user_id})


def update(user_id: str, *, caller: Caller | None = ADMIN, **change):
    """Update any version. test_editing_accounts.py tests versions."""
    path, headers = {"user_id": user_id}, {"if-match": "*"}
    return send(handler, "users.update", caller=caller, path=path, body=change, headers=headers)


def end_sessions(user_id: str, caller: Caller | None = ADMIN):
    return send(handler, "users.end_sessions", caller=caller, path={"user_id": user_id})


def stored(user_id: str) -> tuple[set[str], str, int, int]:
    """Return what both tables store, after checking that they agree."""
    user = User.get(user_id)
    login = Login.get(user.email)
    assert (login.roles, login.status) == (user.roles, user.status)
    assert (login.version, login.access_epoch) == (user.version, user.access_epoch)
    return user.roles, user.status, user.version, user.access_epoch


def store_api_key(user_id: str) -> str:
    """Store an API key and return its text."""
    text = api_keys.KeyText(user_id, f"key_{'a' * 32}", opaque_tokens.new_secret())
    ApiKey(
        user_id,
        text.key_id,
        name="sync",
        permissions={"products:write"},
        secret_hash=opaque_tokens.digest(text.secret),
        created_at=clock.utc_now(),
        expires_at=clock.utc_now().replace(year=clock.utc_now().year + 1),
    ).save()
    return str(text)


def audited(lines: logs.Lines, action: str) -> dict:
    (line,) = [line for line in lines.saying("audit") if line["action"] == action]
    return line


def test_users_are_listed_newest_first_page_by_page():
    known = [register(email=f"user{n}@example.com").body["id"] for n in range(5)]

    first = listed(limit="3").body
    second = listed(limit="3", cursor=first["next_cursor"]).body

    seen = [user["id"] for user in first["items"] + second["items"]]
    assert seen == known[::-1]
    assert second["next_cursor"] is None
    assert first["items"][0]["email"] == "user4@example.com"


def test_lists_of_users_show_no_password_hash():
    register()

    shown = str(listed().body) + str(listed(email=EMAIL).body)

    assert "hash" not in shown
    assert "$2b$" not in shown


def test_a_user_is_found_by_address_in_any_spelling():
    user_id = register().body["id"]
    register(email=BOB)

    answer = listed(email="Ada@EXAMPLE.com")

    assert [user["id"] for user in answer.body["items"]] == [user_id]
    assert answer.body["next_cursor"] is None


def test_an_address_without_an_account_gives_an_empty_list():
    answer = listed(email="nobody@example.com")

    assert (answer.status, answer.body) == (200, {"items": [], "next_cursor": None})


def test_a_filter_that_is_no_address_is_refused():
    answer = listed(email="nobody")

    assert (answer.status, answer.paths) == (422, ["query.email"])


def test_a_cursor_works_only_for_its_own_admin():
    for n in range(3):
        register(email=f"user{n}@example.com")
    cursor = listed(limit="1").body["next_cursor"]

    answer = listed(Caller("usr_other", "customer admin"), limit="1", cursor=cursor)

    assert (answer.status, answer.code) == (400, "cursor_user_mismatch")


@pytest.mark.parametrize("cursor", ["k1.e30.AAAA", "not a cursor"])
def test_a_cursor_that_the_shop_did_not_issue_is_refused(cursor):
    answer = listed(cursor=cursor)

    assert (answer.status, answer.code) == (400, "invalid_cursor")


def test_an_admin_can_read_a_user():
    user_id = register().body["id"]

    answer = get(user_id)

    assert (answer.status, answer.body["id"], answer.body["email"]) == (200, user_id, EMAIL)


@pytest.mark.parametrize(
    "request_for", [get, end_sessions, lambda user_id: update(user_id, status="disabled")]
)
def test_an_unknown_user_is_not_found(request_for):
    answer = request_for("usr_nobody")

    assert (answer.status, answer.code) == (404, "user_not_found")


@pytest.mark.parametrize("caller", [Caller("usr_eve"), STAFF])
def test_only_admins_can_manage_users(caller):
    user_id = register().body["id"]

    answers = [
        listed(caller),
        get(user_id, caller),
        update(user_id, caller=caller, status="disabled"),
        end_sessions(user_id, caller),
    ]

    assert [answer.code for answer in answers] == ["forbidden"] * 4
    assert listed(NOBODY).code == "token_missing"
    assert stored(user_id) == ({"customer"}, "active", 1, 1)


def test_granting_a_role_ends_existing_sessions():
    user_id = register().body["id"]
    before = get_tokens()

    with logs.captured() as lines:
        answer = update(user_id, roles=["staff", "customer"])

    assert (answer.status, answer.body["roles"]) == (200, ["customer", "staff"])
    assert answer.body == get(user_id).body
    assert stored(user_id) == ({"customer", "staff"}, "active", 2, 2)
    assert get_me(before["access_token"]).code == "session_ended"
    assert refresh(before["refresh_token"]).code == "session_ended"
    assert "stock:write" in authorize(get_tokens()["access_token"])["permissions"]
    line = audited(lines, "update_user")
    assert (line["user_id"], line["target_id"]) == (ADMIN.user_id, user_id)
    assert (line["roles"], line["status"]) == ("customer staff", "active")


def test_a_removed_role_loses_its_permissions():
    user_id = register().body["id"]
    update(user_id, roles=["staff"])

    answer = update(user_id, roles=["customer"])

    assert answer.body["roles"] == ["customer"]
    assert "stock:write" not in authorize(get_tokens()["access_token"])["permissions"]


def test_a_change_without_effect_writes_nothing():
    user_id = register().body["id"]
    tokens = get_tokens()

    answer = update(user_id, roles=["customer", "customer"], status="active")

    assert (answer.status, answer.body) == (200, get(user_id).body)
    assert stored(user_id) == ({"customer"}, "active", 1, 1)
    assert get_me(tokens["access_token"]).status == 200


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"roles": []},
        {"roles": ["owner"]},
        {"roles": "admin"},
        {"roles": [1]},
        {"status": "deleted"},
        {"roles": None},
        {"status": "disabled", "email_verified": True},
    ],
)
def test_an_invalid_change_is_refused(change):
    user_id = register().body["id"]

    answer = update(user_id, **change)

    assert (answer.status, answer.code) == (422, "invalid_fields")
    assert stored(user_id) == ({"customer"}, "active", 1, 1)


@pytest.mark.parametrize("role", ["staff", "admin"])
def test_a_user_with_a_short_password_cannot_become_staff(role):
    user_id = register(password="qzjxkvwp").body["id"]

    answer = update(user_id, roles=["customer", role])

    assert (answer.status, answer.code) == (409, "password_too_short_for_staff")
    assert answer.error["details"] == {"password_length_min": 15}
    assert "/v1/me/password" in answer.error["message"]
    assert stored(user_id) == ({"customer"}, "active", 1, 1)


def test_a_password_shortened_during_the_change_refuses_it(monkeypatch):
    user_id = register().body["id"]
    find = Login.find

    def shorten_after(*args, **kwargs):
        login = find(*args, **kwargs)
        Login(EMAIL).update([Login.suits_staff.set(False)])
        return login

    monkeypatch.setattr(Login, "find", shorten_after)

    answer = update(user_id, roles=["staff"])

    assert (answer.status, answer.code) == (409, "password_too_short_for_staff")
    assert stored(user_id) == ({"customer"}, "active", 1, 1)


def test_staff_with_a_short_password_can_be_disabled():
    user_id = register(password="qzjxkvwp").body["id"]
    for table, key in ((User, user_id), (Login, EMAIL)):
        table(key).update([table.roles.set({"staff", "admin"})])

    disabled = update(user_id, status="disabled")
    demoted = update(user_id, roles=["staff"])

    assert (disabled.status, demoted.status) == (200, 200)
    assert stored(user_id)[:2] == ({"staff"}, "disabled")


@pytest.mark.parametrize("change", [{"roles": ["customer"]}, {"status": "disabled"}])
def test_an_admin_cannot_change_their_own_account(change):
    answer = update(ADMIN.user_id, **change)

    assert (answer.status, answer.code) == (409, "cannot_modify_own_account")
    assert User.get(ADMIN.user_id).roles == {"customer", "admin"}


@pytest.mark.parametrize("role", ["staff", "admin"])
def test_staff_need_a_confirmed_address(role):
    user_id = register_unconfirmed().body["id"]

    answer = update(user_id, roles=["customer", role])

    assert (answer.status, answer.code) == (403, "email_not_verified")
    assert stored(user_id)[0] == {"customer"}
    with pytest.raises(EmailNotVerified):
        grant_admin(EMAIL)


def test_ending_a_users_sessions_revokes_their_keys():
    user_id = register().body["id"]
    key = store_api_key(user_id)

    assert end_sessions(user_id).status == 204

    assert authorize(key) == {"refusal": "token_invalid"}


def test_a_former_admin_with_a_cached_token_is_refused():
    user_id = register().body["id"]
    User(ADMIN.user_id).update([User.status.set("disabled")])

    answers = [end_sessions(user_id), disable_second_factor(user_id)]

    assert answers[0].code == "forbidden"
    assert answers[1].code == "second_factor_not_enabled"
    assert stored(user_id)[3] == 1


def disable_second_factor(user_id: str, caller: Caller | None = ADMIN):
    path = {"user_id": user_id}
    return send(handler, "users.remove_second_factor", caller=caller, path=path)


def test_an_admin_can_disable_a_lost_second_factor():
    user_id = register().body["id"]
    tokens = get_tokens()
    for table in (User(user_id), Login(EMAIL)):
        table.update([type(table).second_factor.set(True)])
    Login(EMAIL).update([Login.totp_seed.set("k1:lost"), Login.recovery_hashes.set({"lost"})])
    assert log_in().code == "second_factor_code_required"

    assert disable_second_factor(user_id).status == 204

    login = Login.get(EMAIL)
    assert (login.second_factor, login.totp_seed, login.recovery_hashes) == (False, None, None)
    assert get_me(tokens["access_token"]).code == "session_ended"
    assert log_in().status == 200
    assert published_event_types()[-1] == "user.second_factor_changed"
    assert disable_second_factor(user_id).code == "second_factor_not_enabled"
    assert disable_second_factor(ADMIN.user_id).code == "cannot_modify_own_account"
    assert disable_second_factor("usr_nobody").code == "user_not_found"


def test_two_admins_cannot_remove_each_other_at_once():
    one, two = (register(email=email).body["id"] for email in (EMAIL, BOB))
    grant_admin(EMAIL)
    grant_admin(BOB)
    callers = [Caller(user_id, "customer admin") for user_id in (one, two)]

    first = update(two, caller=callers[0], roles=["customer"])
    second = update(
        one, caller=callers[1], roles=["customer"]
    )  # API Gateway has cached its authorization

    assert (first.status, second.status, second.code) == (200, 403, "forbidden")
    assert "admin" in stored(one)[0]


def test_a_disabled_account_loses_its_sessions_and_keys():
    user_id = register().body["id"]
    update(user_id, roles=["customer", "staff"])
    tokens, key = get_tokens(), store_api_key(user_id)
    assert "products:write" in authorize(key)["permissions"]

    answer = update(user_id, status="disabled")

    assert (answer.status, answer.body["status"]) == (200, "disabled")
    assert authorize(tokens["access_token"]) == {"refusal": "session_ended"}
    assert get_me(tokens["access_token"]).code == "session_ended"
    assert authorize(key) == {"refusal": "session_ended"}
    assert refresh(tokens["refresh_token"]).code == "session_ended"
    assert log_in().code == "account_disabled"
    assert log_in(password="wrong horse battery").code == "wrong_credentials"


def test_an_account_that_is_enabled_again_needs_a_login():
    user_id = register().body["id"]
    before = get_tokens()
    update(user_id, status="disabled")

    answer = update(user_id, status="active")

    assert answer.body["status"] == "active"
    assert get_me(before["access_token"]).code == "session_ended"
    assert refresh(before["refresh_token"]).code == "session_ended"
    assert get_me(get_tokens()["access_token"]).status == 200


def test_an_admin_can_end_all_sessions_of_a_user():
    user_id = register().body["id"]
    here, there = get_tokens(), get_tokens()

    with logs.captured() as lines:
        answer = end_sessions(user_id)

    assert (answer.status, answer.body) == (204, "")
    for tokens in (here, there):
        assert get_me(tokens["access_token"]).code == "session_ended"
        assert refresh(tokens["refresh_token"]).code == "session_ended"
    assert get_me(get_tokens()["access_token"]).status == 200
    line = audited(lines, "end_user_sessions")
    assert (line["user_id"], line["target_id"]) == (ADMIN.user_id, user_id)


def test_the_operator_can_add_the_admin_role():
    user_id = register().body["id"]
    update(user_id, roles=["customer", "staff"])
    before = get_tokens()

    with logs.captured() as lines:
        granted = grant_admin("Ada@Example.com")

    assert (granted.user_id, granted.roles) == (user_id, {"customer", "staff", "admin"})
    assert stored(user_id) == (granted.roles, "active", granted.version, granted.access_epoch)
    assert get_me(before["access_token"]).code == "session_ended"
    assert call("users.list", get_tokens()["access_token"]).status == 200
    line = audited(lines, "update_user")
    assert (line["user_id"], line["target_id"], line["result"]) == ("operator", user_id, "done")


def test_granting_admin_to_an_admin_changes_nothing():
    register()
    first = grant_admin(EMAIL)

    again = grant_admin(EMAIL)

    assert (again.roles, again.version) == (first.roles, first.version)


@pytest.mark.parametrize("email", ["nobody@example.com", "not an address", ""])
def test_granting_admin_needs_an_account(email):
    with pytest.raises(UserNotFound):
        grant_admin(email)


def test_granting_admin_needs_a_long_password():
    user_id = register(password="qzjxkvwp").body["id"]

    with pytest.raises(PasswordTooShortForStaff, match="at least 15 characters"):
        grant_admin(EMAIL)

    assert stored(user_id) == ({"customer"}, "active", 1, 1)
