"""Whole slice: admins see the accounts, give and take roles, disable, and end sessions."""

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
def admin_who_exists(aws):  # noqa: ARG001 (it needs the tables)
    """What is done in the name of one who does not would not count."""
    shop.user(ADMIN.user_id, roles={"customer", "admin"})


def listed(caller: Caller | None = ADMIN, **query: str):
    return send(handler, "users.list", caller=caller, query=query)


def get(user_id: str, caller: Caller | None = ADMIN):
    return send(handler, "users.get", caller=caller, path={"user_id": user_id})


def update(user_id: str, *, caller: Caller | None = ADMIN, **change):
    """Whatever it was before: test_editing_accounts.py has what becomes of versions."""
    path, headers = {"user_id": user_id}, {"if-match": "*"}
    return send(handler, "users.update", caller=caller, path=path, body=change, headers=headers)


def end_sessions(user_id: str, caller: Caller | None = ADMIN):
    return send(handler, "users.end_sessions", caller=caller, path={"user_id": user_id})


def stored(user_id: str) -> tuple[set[str], str, int, int]:
    """What both tables have alike."""
    user = User.get(user_id)
    login = Login.get(user.email)
    assert (login.roles, login.status) == (user.roles, user.status)
    assert (login.version, login.access_epoch) == (user.version, user.access_epoch)
    return user.roles, user.status, user.version, user.access_epoch


def key_of(user_id: str) -> str:
    """An API key, as its holder has it."""
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


def test_no_list_shows_a_hash():
    register()

    shown = str(listed().body) + str(listed(email=EMAIL).body)

    assert "hash" not in shown
    assert "$2b$" not in shown


def test_a_user_is_found_by_their_address_however_it_is_written():
    user_id = register().body["id"]
    register(email=BOB)

    answer = listed(email="Ada@EXAMPLE.com")

    assert [user["id"] for user in answer.body["items"]] == [user_id]
    assert answer.body["next_cursor"] is None


def test_an_address_without_an_account_finds_nobody():
    answer = listed(email="nobody@example.com")

    assert (answer.status, answer.body) == (200, {"items": [], "next_cursor": None})


def test_what_is_no_address_is_refused():
    answer = listed(email="nobody")

    assert (answer.status, answer.paths) == (422, ["query.email"])


def test_the_cursor_of_one_admin_is_no_other_admins():
    for n in range(3):
        register(email=f"user{n}@example.com")
    cursor = listed(limit="1").body["next_cursor"]

    answer = listed(Caller("usr_other", "customer admin"), limit="1", cursor=cursor)

    assert (answer.status, answer.code) == (400, "cursor_user_mismatch")


@pytest.mark.parametrize("cursor", ["k1.e30.AAAA", "not a cursor"])
def test_a_cursor_that_was_not_given_is_refused(cursor):
    answer = listed(cursor=cursor)

    assert (answer.status, answer.code) == (400, "invalid_cursor")


def test_one_user_is_shown():
    user_id = register().body["id"]

    answer = get(user_id)

    assert (answer.status, answer.body["id"], answer.body["email"]) == (200, user_id, EMAIL)


@pytest.mark.parametrize("ask", [get, end_sessions, lambda it: update(it, status="disabled")])
def test_a_user_who_is_not_there_is_not_found(ask):
    answer = ask("usr_nobody")

    assert (answer.status, answer.code) == (404, "user_not_found")


@pytest.mark.parametrize("caller", [Caller("usr_eve"), STAFF])
def test_users_are_no_affair_of_anyone_but_admins(caller):
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


def test_a_role_that_is_given_ends_the_sessions_of_before():
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
    line = audited(lines, "change_user")
    assert (line["user_id"], line["target_id"]) == (ADMIN.user_id, user_id)
    assert (line["roles"], line["status"]) == ("customer staff", "active")


def test_a_role_that_is_taken_is_gone():
    user_id = register().body["id"]
    update(user_id, roles=["staff"])

    answer = update(user_id, roles=["customer"])

    assert answer.body["roles"] == ["customer"]
    assert "stock:write" not in authorize(get_tokens()["access_token"])["permissions"]


def test_a_change_to_what_is_so_already_writes_nothing():
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
def test_a_change_that_is_none_is_refused(change):
    user_id = register().body["id"]

    answer = update(user_id, **change)

    assert (answer.status, answer.code) == (422, "invalid_fields")
    assert stored(user_id) == ({"customer"}, "active", 1, 1)


@pytest.mark.parametrize("role", ["staff", "admin"])
def test_who_has_a_short_password_does_not_become_staff(role):
    user_id = register(password="qzjxkvwp").body["id"]

    answer = update(user_id, roles=["customer", role])

    assert (answer.status, answer.code) == (409, "password_too_short_for_staff")
    assert answer.error["details"] == {"password_length_min": 15}
    assert "/v1/me/password" in answer.error["message"]
    assert stored(user_id) == ({"customer"}, "active", 1, 1)


def test_a_password_that_gets_too_short_while_the_role_is_given_refuses_it(monkeypatch):
    user_id = register().body["id"]
    find = Login.find

    def then_shortened(*args, **kwargs):
        login = find(*args, **kwargs)
        Login(EMAIL).update([Login.suits_staff.set(False)])
        return login

    monkeypatch.setattr(Login, "find", then_shortened)

    answer = update(user_id, roles=["staff"])

    assert (answer.status, answer.code) == (409, "password_too_short_for_staff")
    assert stored(user_id) == ({"customer"}, "active", 1, 1)


def test_who_is_staff_with_a_short_password_can_still_be_disabled():
    user_id = register(password="qzjxkvwp").body["id"]
    for table, key in ((User, user_id), (Login, EMAIL)):
        table(key).update([table.roles.set({"staff", "admin"})])

    disabled = update(user_id, status="disabled")
    demoted = update(user_id, roles=["staff"])

    assert (disabled.status, demoted.status) == (200, 200)
    assert stored(user_id)[:2] == ({"staff"}, "disabled")


@pytest.mark.parametrize("change", [{"roles": ["customer"]}, {"status": "disabled"}])
def test_an_admin_changes_no_roles_of_their_own(change):
    answer = update(ADMIN.user_id, **change)

    assert (answer.status, answer.code) == (409, "cannot_modify_own_account")
    assert User.get(ADMIN.user_id).roles == {"customer", "admin"}


@pytest.mark.parametrize("role", ["staff", "admin"])
def test_nobody_becomes_staff_under_an_address_that_may_be_someone_else_s(role):
    user_id = register_unconfirmed().body["id"]

    answer = update(user_id, roles=["customer", role])

    assert (answer.status, answer.code) == (403, "email_not_verified")
    assert stored(user_id)[0] == {"customer"}
    with pytest.raises(EmailNotVerified):
        grant_admin(EMAIL)


def test_ending_someone_s_sessions_revokes_their_keys_too():
    user_id = register().body["id"]
    key = key_of(user_id)

    assert end_sessions(user_id).status == 204

    assert authorize(key) == {"refusal": "token_invalid"}


def test_who_is_no_admin_any_more_ends_nothing_though_the_authorizer_remembers_them():
    user_id = register().body["id"]
    User(ADMIN.user_id).update([User.status.set("disabled")])

    answers = [end_sessions(user_id), remove_second_factor(user_id)]

    assert answers[0].code == "forbidden"
    assert answers[1].code == "second_factor_state"
    assert stored(user_id)[3] == 1


def remove_second_factor(user_id: str, caller: Caller | None = ADMIN):
    path = {"user_id": user_id}
    return send(handler, "users.remove_second_factor", caller=caller, path=path)


def test_a_lost_second_factor_is_turned_off_by_an_admin_and_the_owner_is_told():
    user_id = register().body["id"]
    tokens = get_tokens()
    for table in (User(user_id), Login(EMAIL)):
        table.update([type(table).second_factor.set(True)])
    Login(EMAIL).update([Login.totp_seed.set("k1:lost"), Login.recovery_hashes.set({"lost"})])
    assert log_in().code == "second_factor_code_required"

    assert remove_second_factor(user_id).status == 204

    login = Login.get(EMAIL)
    assert (login.second_factor, login.totp_seed, login.recovery_hashes) == (False, None, None)
    assert get_me(tokens["access_token"]).code == "session_ended"
    assert log_in().status == 200
    assert published_event_types()[-1] == "user.second_factor_changed"
    assert remove_second_factor(user_id).code == "second_factor_state"
    assert remove_second_factor(ADMIN.user_id).code == "cannot_modify_own_account"
    assert remove_second_factor("usr_nobody").code == "user_not_found"


def test_two_admins_who_dismiss_each_other_leave_one():
    one, two = (register(email=email).body["id"] for email in (EMAIL, BOB))
    grant_admin(EMAIL)
    grant_admin(BOB)
    callers = [Caller(user_id, "customer admin") for user_id in (one, two)]

    first = update(two, caller=callers[0], roles=["customer"])
    second = update(one, caller=callers[1], roles=["customer"])  # its authorization is cached

    assert (first.status, second.status, second.code) == (200, 403, "forbidden")
    assert "admin" in stored(one)[0]


def test_a_disabled_account_opens_to_nothing_that_it_had():
    user_id = register().body["id"]
    update(user_id, roles=["customer", "staff"])
    tokens, key = get_tokens(), key_of(user_id)
    assert "products:write" in authorize(key)["permissions"]

    answer = update(user_id, status="disabled")

    assert (answer.status, answer.body["status"]) == (200, "disabled")
    assert authorize(tokens["access_token"]) == {"refusal": "session_ended"}
    assert get_me(tokens["access_token"]).code == "session_ended"
    assert authorize(key) == {"refusal": "session_ended"}
    assert refresh(tokens["refresh_token"]).code == "session_ended"
    assert log_in().code == "account_disabled"
    assert log_in(password="wrong horse battery").code == "wrong_credentials"


def test_an_account_that_is_enabled_again_begins_new_sessions():
    user_id = register().body["id"]
    before = get_tokens()
    update(user_id, status="disabled")

    answer = update(user_id, status="active")

    assert answer.body["status"] == "active"
    assert get_me(before["access_token"]).code == "session_ended"
    assert refresh(before["refresh_token"]).code == "session_ended"
    assert get_me(get_tokens()["access_token"]).status == 200


def test_all_sessions_of_a_user_are_ended_at_once():
    user_id = register().body["id"]
    here, there = get_tokens(), get_tokens()

    with logs.captured() as lines:
        answer = end_sessions(user_id)

    assert (answer.status, answer.body) == (204, "")
    for tokens in (here, there):
        assert get_me(tokens["access_token"]).code == "session_ended"
        assert refresh(tokens["refresh_token"]).code == "session_ended"
    assert get_me(get_tokens()["access_token"]).status == 200
    line = audited(lines, "end_sessions_of_user")
    assert (line["user_id"], line["target_id"]) == (ADMIN.user_id, user_id)


def test_the_operator_makes_an_account_an_admins_who_keeps_the_roles_they_had():
    user_id = register().body["id"]
    update(user_id, roles=["customer", "staff"])
    before = get_tokens()

    with logs.captured() as lines:
        granted = grant_admin("Ada@Example.com")

    assert (granted.user_id, granted.roles) == (user_id, {"customer", "staff", "admin"})
    assert stored(user_id) == (granted.roles, "active", granted.version, granted.access_epoch)
    assert get_me(before["access_token"]).code == "session_ended"
    assert call("users.list", get_tokens()["access_token"]).status == 200
    line = audited(lines, "change_user")
    assert (line["user_id"], line["target_id"], line["result"]) == ("operator", user_id, "done")


def test_making_an_admin_of_one_changes_nothing():
    register()
    first = grant_admin(EMAIL)

    again = grant_admin(EMAIL)

    assert (again.roles, again.version) == (first.roles, first.version)


@pytest.mark.parametrize("email", ["nobody@example.com", "not an address", ""])
def test_nobody_is_made_an_admin_who_has_no_account(email):
    with pytest.raises(UserNotFound):
        grant_admin(email)


def test_nobody_is_made_an_admin_whose_password_is_too_short_for_it():
    user_id = register(password="qzjxkvwp").body["id"]

    with pytest.raises(PasswordTooShortForStaff, match="at least 15 characters"):
        grant_admin(EMAIL)

    assert stored(user_id) == ({"customer"}, "active", 1, 1)
