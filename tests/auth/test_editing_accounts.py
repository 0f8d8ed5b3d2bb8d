"""Whole slice: an edit of an account overwrites no change that the editor has not seen."""

from collections.abc import Callable
from typing import Any

import pytest

from auth.accounts import repository
from auth.handler import handler
from shared.storage.models.accounts import Login, User
from shared.storage.transactions import Transaction
from tests.support import shop
from tests.support.accounts import (
    EMAIL,
    call,
    get_me,
    get_tokens,
    log_in,
    register,
    register_confirmed,
)
from tests.support.http import ADMIN, Answer, Caller, send


@pytest.fixture(autouse=True)
def stored_admin(aws):  # noqa: ARG001 (needs the tables)
    shop.user(ADMIN.user_id, roles={"customer", "admin"})


def me(user_id: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(handler, "auth.me", caller=Caller(user_id), headers=named)


def user(user_id: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    path = {"user_id": user_id}
    return send(handler, "users.get", caller=ADMIN, path=path, headers=named)


def rename(user_id: str, if_match: str | None, name: str = "Ada King") -> Answer:
    headers = {"if-match": if_match}
    return send(handler, "me.update", caller=Caller(user_id), body={"name": name}, headers=headers)


def give_roles(user_id: str, if_match: str | None, *roles: str) -> Answer:
    return send(
        handler,
        "users.update",
        caller=ADMIN,
        path={"user_id": user_id},
        body={"roles": list(roles or ("customer", "staff"))},
        headers={"if-match": if_match},
    )


Read = Callable[..., Answer]
Edit = Callable[[str, str | None], Answer]
both_reads = pytest.mark.parametrize("read", [me, user])
both_edits = pytest.mark.parametrize("edit", [rename, give_roles])


def stored(user_id: str) -> dict[str, Any]:
    """Return what both tables store, after checking that they agree."""
    profile = User.get(user_id)
    login = Login.get(profile.email)
    names = ("name", "roles", "status", "version", "access_epoch")
    users, logins = ({name: getattr(item, name) for name in names} for item in (profile, login))
    assert users == logins
    return users


def overtake_edits(monkeypatch, *edits: Callable[[], object]) -> None:
    """After each read for an edit, make one of these edits before it is written."""
    find, ahead = repository.find_user, list(edits)

    def find_then_edit(user_id: str) -> User | None:
        found = find(user_id)
        if ahead:
            ahead.pop(0)()
        return found

    monkeypatch.setattr(repository, "find_user", find_then_edit)


def renaming(user_id: str, name: str) -> Callable[[], None]:
    def rename_at_once() -> None:
        transaction = Transaction()
        repository.stage_profile_update(transaction, User.get(user_id), name=name)
        transaction.commit()

    return rename_at_once


@both_reads
def test_an_account_has_an_etag(read: Read):
    registered = register_confirmed()

    answer = read(registered.body["id"])

    assert answer.status == 200
    assert answer.headers["ETag"].startswith('"1-')
    assert answer.headers["Cache-Control"] == "no-store"


def test_owner_and_admin_get_the_same_etag():
    user_id = register_confirmed().body["id"]

    assert me(user_id).headers["ETag"] == user(user_id).headers["ETag"]


@both_reads
def test_an_unchanged_account_answers_304(read: Read):
    user_id = register_confirmed().body["id"]
    etag = read(user_id).headers["ETag"]

    same = read(user_id, if_none_match=etag)
    renamed = rename(user_id, etag)
    other = read(user_id, if_none_match=etag)

    assert (same.status, same.body, same.headers["ETag"]) == (304, "", etag)
    assert (other.status, other.body) == (200, renamed.body)


@both_reads
def test_a_change_without_a_new_version_changes_the_etag(read: Read):
    """An ETag covers the whole answer; an edit compares the version only."""
    user_id = register().body["id"]
    etag = read(user_id).headers["ETag"]
    User(user_id).update([User.email_verified.set(True)])

    answer = read(user_id, if_none_match=etag)

    assert (answer.status, answer.body["email_verified"]) == (200, True)


@both_edits
def test_an_edit_of_the_current_version_returns_the_next_etag(edit: Edit):
    user_id = register_confirmed().body["id"]

    answer = edit(user_id, me(user_id).headers["ETag"])

    assert (answer.status, answer.body["version"]) == (200, 2)
    assert answer.headers["ETag"] == me(user_id).headers["ETag"]
    assert stored(user_id)["version"] == 2


def test_any_answer_with_the_account_gives_a_usable_version():
    registered = register_confirmed()
    user_id = registered.body["id"]

    first = rename(user_id, registered.headers["ETag"], "Ada King")
    second = rename(user_id, first.headers["ETag"], "Countess of Lovelace")
    third = rename(user_id, f'"{log_in().body["user"]["version"]}"', "Ada Lovelace")

    assert [answer.status for answer in (first, second, third)] == [200, 200, 200]
    assert stored(user_id)["name"] == "Ada Lovelace"


@both_edits
def test_an_edit_without_if_match_is_refused(edit: Edit):
    user_id = register_confirmed().body["id"]

    answer = edit(user_id, None)

    assert (answer.status, answer.code) == (428, "if_match_required")
    assert stored(user_id)["version"] == 1


@both_edits
@pytest.mark.parametrize("if_match", ["1", '"1', "", '"1" "2"', '*, "1"'])
def test_an_edit_with_a_malformed_if_match_is_refused(edit: Edit, if_match: str):
    user_id = register_confirmed().body["id"]

    answer = edit(user_id, if_match)

    assert (answer.status, answer.code) == (400, "invalid_precondition")
    assert stored(user_id)["version"] == 1


@both_edits
@pytest.mark.parametrize("if_match", ['"1"', '"3"', 'W/"2"', '"", "x"', '"1", "3"'])
def test_a_stale_edit_changes_nothing_and_returns_the_version(edit: Edit, if_match: str):
    user_id = register_confirmed().body["id"]
    rename(user_id, '"1"', "First")
    before = stored(user_id)

    answer = edit(user_id, if_match)

    assert (answer.status, answer.code) == (412, "stale_version")
    assert answer.error["details"] == {"current_version": 2}
    assert stored(user_id) == before


def test_the_second_of_two_edits_of_one_version_is_refused():
    user_id = register_confirmed().body["id"]
    seen = user(user_id).headers["ETag"]

    first, second = rename(user_id, seen), give_roles(user_id, seen)

    assert (first.status, second.status) == (200, 412)
    assert (stored(user_id)["name"], stored(user_id)["roles"]) == ("Ada King", {"customer"})


def test_exactly_one_of_many_edits_of_a_version_succeeds():
    user_id = register_confirmed().body["id"]

    won = []
    for n in range(5):
        seen = me(user_id).headers["ETag"]
        answers = [rename(user_id, seen, f"{n} by {editor}") for editor in range(10)]
        won += [answer.body["name"] for answer in answers if answer.status == 200]
        assert sorted(answer.status for answer in answers) == [200, *[412] * 9]

    assert (won[-1], len(won)) == (stored(user_id)["name"], 5)
    assert stored(user_id)["version"] == 6


@both_edits
def test_an_edit_overtaken_after_its_read_is_stale(edit: Edit, monkeypatch):
    user_id = register_confirmed().body["id"]
    overtake_edits(monkeypatch, renaming(user_id, "First"))

    answer = edit(user_id, '"1"')

    assert (answer.status, answer.code) == (412, "stale_version")
    assert answer.error["details"] == {"current_version": 2}
    assert stored(user_id)["name"] == "First"
    assert stored(user_id)["roles"] == {"customer"}


def test_an_edit_with_a_wildcard_is_retried_when_overtaken(monkeypatch):
    user_id = register_confirmed().body["id"]
    overtake_edits(monkeypatch, *[renaming(user_id, f"Another {n}") for n in range(3)])

    answer = give_roles(user_id, "*")

    assert (answer.status, answer.body["version"]) == (200, 5)
    profile = stored(user_id)
    assert (profile["name"], profile["roles"]) == ("Another 2", {"customer", "staff"})


@both_edits
def test_an_edit_overtaken_at_every_attempt_is_refused(edit: Edit, monkeypatch):
    user_id = register_confirmed().body["id"]
    overtake_edits(monkeypatch, *[renaming(user_id, f"Another {n}") for n in range(9)])

    answer = edit(user_id, "*")

    assert (answer.status, answer.code) == (409, "concurrent_modification")
    assert stored(user_id)["roles"] == {"customer"}


def test_an_edit_of_an_account_deleted_in_between_is_not_found(monkeypatch):
    user_id = register_confirmed().body["id"]

    def delete() -> None:
        User(user_id).delete()
        Login(EMAIL).delete()

    overtake_edits(monkeypatch, delete)

    answer = give_roles(user_id, "*")

    assert (answer.status, answer.code) == (404, "user_not_found")
    assert Login.count() == 0


def test_an_edit_with_a_wildcard_creates_no_account():
    answer = give_roles("usr_nobody", "*")

    assert (answer.status, answer.code) == (404, "user_not_found")
    assert User.count() == 1  # the admin


def test_a_stale_edit_without_effect_is_refused_too():
    user_id = register_confirmed().body["id"]

    fresh, stale = give_roles(user_id, '"1"', "customer"), give_roles(user_id, '"2"', "customer")

    assert (fresh.status, fresh.headers["ETag"]) == (200, user(user_id).headers["ETag"])
    assert stale.status == 412
    assert stored(user_id)["version"] == 1


def test_a_login_does_not_change_the_version():
    user_id = register_confirmed().body["id"]
    seen = me(user_id).headers["ETag"]
    tokens = get_tokens()
    log_in(password="wrong horse battery")

    answer = call(
        "me.update", tokens["access_token"], {"name": "Ada King"}, headers={"if-match": seen}
    )

    assert answer.status == 200


def test_registering_a_known_address_returns_an_etag_too():
    known, new = register(), register(email="bob@example.com")
    again = register()

    for answer in (known, new, again):
        assert answer.headers["ETag"].startswith('"1-')
    assert len({len(answer.headers["ETag"]) for answer in (known, new, again)}) == 1
    assert known.headers.keys() == new.headers.keys() == again.headers.keys()


@pytest.mark.parametrize("name", ["", "x" * 101, "Ada\r\nBcc: eve@example.org", None])
def test_a_name_must_be_a_single_line(name):
    register()
    token = get_tokens()["access_token"]

    assert call("me.update", token, {"name": name}).status == 422
    assert call("me.update", token, {"name": "Ada King"}).body["name"] == "Ada King"
    assert get_me(token).body["name"] == log_in().body["user"]["name"] == "Ada King"


@pytest.mark.parametrize("field", ["email", "roles", "email_verified", "status", "version", "id"])
def test_only_the_name_can_be_updated(field):
    register()
    token = get_tokens()["access_token"]

    answer = call("me.update", token, {"name": "Ada King", field: "admin"})

    assert (answer.status, answer.paths) == (422, [f"body.{field}"])
