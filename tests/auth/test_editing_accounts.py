"""Whole slice: who edits an account, their own or someone else's, overwrites nothing unseen."""

from collections.abc import Callable
from typing import Any

import pytest

from auth.accounts import repository
from auth.handler import handler
from shared.storage.models.accounts import Login, User
from shared.storage.transactions import Transaction
from tests.support import shop
from tests.support.accounts import EMAIL, call, get_tokens, log_in, register, register_confirmed
from tests.support.http import ADMIN, Answer, Caller, send


@pytest.fixture(autouse=True)
def admin_who_exists(aws):  # noqa: ARG001 (it needs the tables)
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
    """What both tables have alike."""
    profile = User.get(user_id)
    login = Login.get(profile.email)
    names = ("name", "roles", "status", "version", "access_epoch")
    held, also = ({name: getattr(it, name) for name in names} for it in (profile, login))
    assert held == also
    return held


def edited_meanwhile(monkeypatch, *edits: Callable[[], object]) -> None:
    """Each time that an account was read for an edit, somebody else makes one of these first."""
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
        repository.amend(transaction, User.get(user_id), name=name)
        transaction.commit()

    return rename_at_once


@both_reads
def test_an_account_is_shown_with_its_etag(read: Read):
    registered = register_confirmed()

    answer = read(registered.body["id"])

    assert answer.status == 200
    assert answer.headers["ETag"].startswith('"1-')
    assert answer.headers["Cache-Control"] == "no-store"


def test_both_who_may_read_an_account_are_shown_the_same():
    user_id = register_confirmed().body["id"]

    assert me(user_id).headers["ETag"] == user(user_id).headers["ETag"]


@both_reads
def test_who_has_an_account_as_it_is_is_not_sent_it_again(read: Read):
    user_id = register_confirmed().body["id"]
    etag = read(user_id).headers["ETag"]

    same = read(user_id, if_none_match=etag)
    renamed = rename(user_id, etag)
    other = read(user_id, if_none_match=etag)

    assert (same.status, same.body, same.headers["ETag"]) == (304, "", etag)
    assert (other.status, other.body) == (200, renamed.body)


@both_reads
def test_a_change_without_an_edit_is_shown_too(read: Read):
    """An ETag is of all that is shown; the version is only what an edit is made upon."""
    user_id = register().body["id"]
    etag = read(user_id).headers["ETag"]
    User(user_id).update([User.email_verified.set(True)])

    answer = read(user_id, if_none_match=etag)

    assert (answer.status, answer.body["email_verified"]) == (200, True)


@both_edits
def test_an_edit_upon_what_there_is_is_made_and_has_the_next_etag(edit: Edit):
    user_id = register_confirmed().body["id"]

    answer = edit(user_id, me(user_id).headers["ETag"])

    assert (answer.status, answer.body["version"]) == (200, 2)
    assert answer.headers["ETag"] == me(user_id).headers["ETag"]
    assert stored(user_id)["version"] == 2


def test_an_account_can_be_edited_upon_any_answer_that_shows_it():
    registered = register_confirmed()
    user_id = registered.body["id"]

    first = rename(user_id, registered.headers["ETag"], "Ada King")
    second = rename(user_id, first.headers["ETag"], "Countess of Lovelace")
    third = rename(user_id, f'"{log_in().body["user"]["version"]}"', "Ada Lovelace")

    assert [it.status for it in (first, second, third)] == [200, 200, 200]
    assert stored(user_id)["name"] == "Ada Lovelace"


@both_edits
def test_an_edit_that_says_not_upon_what_is_refused(edit: Edit):
    user_id = register_confirmed().body["id"]

    answer = edit(user_id, None)

    assert (answer.status, answer.code) == (428, "if_match_required")
    assert stored(user_id)["version"] == 1


@both_edits
@pytest.mark.parametrize("if_match", ["1", '"1', "", '"1" "2"', '*, "1"'])
def test_an_edit_upon_what_cannot_be_read_is_refused(edit: Edit, if_match: str):
    user_id = register_confirmed().body["id"]

    answer = edit(user_id, if_match)

    assert (answer.status, answer.code) == (400, "invalid_precondition")
    assert stored(user_id)["version"] == 1


@both_edits
@pytest.mark.parametrize("if_match", ['"1"', '"3"', 'W/"2"', '"", "x"', '"1", "3"'])
def test_a_stale_edit_is_told_the_version_and_changes_nothing(edit: Edit, if_match: str):
    user_id = register_confirmed().body["id"]
    rename(user_id, '"1"', "First")
    before = stored(user_id)

    answer = edit(user_id, if_match)

    assert (answer.status, answer.code) == (412, "stale_version")
    assert answer.error["details"] == {"current_version": 2}
    assert stored(user_id) == before


def test_of_two_editors_the_second_is_refused_and_the_first_edit_stands():
    user_id = register_confirmed().body["id"]
    seen = user(user_id).headers["ETag"]

    first, second = rename(user_id, seen), give_roles(user_id, seen)

    assert (first.status, second.status) == (200, 412)
    assert (stored(user_id)["name"], stored(user_id)["roles"]) == ("Ada King", {"customer"})


def test_of_many_editors_one_wins_each_round_and_no_edit_is_lost():
    user_id = register_confirmed().body["id"]

    won = []
    for n in range(5):
        seen = me(user_id).headers["ETag"]
        answers = [rename(user_id, seen, f"{n} by {editor}") for editor in range(10)]
        won += [it.body["name"] for it in answers if it.status == 200]
        assert sorted(it.status for it in answers) == [200, *[412] * 9]

    assert (won[-1], len(won)) == (stored(user_id)["name"], 5)
    assert stored(user_id)["version"] == 6


@both_edits
def test_who_is_overtaken_between_reading_and_writing_is_stale_too(edit: Edit, monkeypatch):
    user_id = register_confirmed().body["id"]
    edited_meanwhile(monkeypatch, renaming(user_id, "First"))

    answer = edit(user_id, '"1"')

    assert (answer.status, answer.code) == (412, "stale_version")
    assert answer.error["details"] == {"current_version": 2}
    assert stored(user_id)["name"] == "First"
    assert stored(user_id)["roles"] == {"customer"}


def test_whoever_edits_whatever_there_is_overtakes_in_turn(monkeypatch):
    user_id = register_confirmed().body["id"]
    edited_meanwhile(monkeypatch, *[renaming(user_id, f"Another {n}") for n in range(3)])

    answer = give_roles(user_id, "*")

    assert (answer.status, answer.body["version"]) == (200, 5)
    held = stored(user_id)
    assert (held["name"], held["roles"]) == ("Another 2", {"customer", "staff"})


@both_edits
def test_whoever_is_overtaken_at_each_try_is_told_so(edit: Edit, monkeypatch):
    user_id = register_confirmed().body["id"]
    edited_meanwhile(monkeypatch, *[renaming(user_id, f"Another {n}") for n in range(9)])

    answer = edit(user_id, "*")

    assert (answer.status, answer.code) == (409, "concurrent_modification")
    assert stored(user_id)["roles"] == {"customer"}


def test_an_edit_of_an_account_that_is_deleted_meanwhile_finds_nobody(monkeypatch):
    user_id = register_confirmed().body["id"]

    def delete() -> None:
        User(user_id).delete()
        Login(EMAIL).delete()

    edited_meanwhile(monkeypatch, delete)

    answer = give_roles(user_id, "*")

    assert (answer.status, answer.code) == (404, "user_not_found")
    assert Login.count() == 0


def test_an_edit_upon_anything_does_not_make_an_account():
    answer = give_roles("usr_nobody", "*")

    assert (answer.status, answer.code) == (404, "user_not_found")
    assert User.count() == 1  # the admin


def test_a_role_that_is_there_already_is_still_not_given_upon_something_stale():
    user_id = register_confirmed().body["id"]

    fresh, stale = give_roles(user_id, '"1"', "customer"), give_roles(user_id, '"2"', "customer")

    assert (fresh.status, fresh.headers["ETag"]) == (200, user(user_id).headers["ETag"])
    assert stale.status == 412
    assert stored(user_id)["version"] == 1


def test_logging_in_makes_no_edit_stale():
    user_id = register_confirmed().body["id"]
    seen = me(user_id).headers["ETag"]
    tokens = get_tokens()
    log_in(password="wrong horse battery")

    answer = call(
        "me.update", tokens["access_token"], {"name": "Ada King"}, headers={"if-match": seen}
    )

    assert answer.status == 200


def test_the_answer_to_a_known_address_has_an_etag_like_any_other():
    known, new = register(), register(email="bob@example.com")
    again = register()

    for answer in (known, new, again):
        assert answer.headers["ETag"].startswith('"1-')
    assert len({len(it.headers["ETag"]) for it in (known, new, again)}) == 1
    assert known.headers.keys() == new.headers.keys() == again.headers.keys()
