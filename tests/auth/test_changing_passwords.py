"""Whole slice: passwords are changed by who knows the old one, or reads the account's mail."""

import json
from datetime import timedelta

import pytest

from shared.events.all_events import parse_event
from shared.storage.models.accounts import EmailToken, Login, User
from shared.storage.models.outbox import OutboxRow
from tests.support import logs
from tests.support.accounts import (
    EMAIL,
    PASSWORD,
    call,
    create_link_token,
    get_me,
    get_tokens,
    log_in,
    post,
    refresh,
    register,
)
from tests.support.events import published_event_types

pytestmark = pytest.mark.usefixtures("aws")

NEW = "staple correct battery"


def change(token: str, current: str = PASSWORD, new: str = NEW):
    return call("me.change_password", token, {"current_password": current, "new_password": new})


def forgot(email: str = EMAIL, **more):
    return post("auth.forgot_password", {"email": email}, **more)


def reset(token: str, password: str = NEW):
    return post("auth.reset_password", {"token": token, "password": password})


def is_expired(answer) -> bool:
    return (answer.status, answer.code) == (400, "link_expired")


def test_a_changed_password_is_the_one_that_opens_the_account():
    register()

    assert change(get_tokens()["access_token"]).status == 204

    assert log_in(password=NEW).status == 200
    assert log_in().status == 401


def test_a_change_ends_all_other_sessions_and_tells_the_owner():
    register()
    here, there = get_tokens(), get_tokens()

    change(here["access_token"])

    assert get_me(here["access_token"]).status == 200
    assert get_me(there["access_token"]).code == "session_ended"
    assert refresh(there["refresh_token"]).code == "session_ended"
    assert published_event_types()[-1] == "user.password_changed"


def test_the_session_that_changes_the_password_lives_on():
    register()
    here = get_tokens()
    change(here["access_token"])

    assert get_me(here["access_token"]).status == 200
    renewed = refresh(here["refresh_token"])
    assert renewed.status == 200
    assert refresh(renewed.body["refresh_token"]).status == 200
    assert get_me(renewed.body["access_token"]).status == 200


@pytest.mark.parametrize("wrong", ["wrong horse battery", "", PASSWORD + " "])
def test_a_change_needs_the_old_password(wrong):
    register()
    token = get_tokens()["access_token"]

    answer = change(token, current=wrong)

    assert (answer.status, answer.code) == (403, "wrong_password")
    assert log_in().status == 200
    assert "user.password_changed" not in published_event_types()


def test_who_has_taken_over_a_session_cannot_guess_the_password_through_it():
    register()
    token = get_tokens()["access_token"]

    answers = [change(token, current=f"wrong horse {n}").status for n in range(6)]

    assert answers == [403] * 5 + [429]


@pytest.mark.parametrize("new", ["short", "password123", "lovelace1815", "souksouk", "qz" * 65])
def test_a_new_password_has_to_do(new):
    register()
    token = get_tokens()["access_token"]

    answer = change(token, new=new)

    assert (answer.status, answer.paths) == (422, ["body.new_password"])
    assert log_in().status == 200


def test_staff_choose_longer_passwords_than_customers():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    User(user_id).update([User.roles.set({"staff"})])

    assert change(token, new="qzjxkvwpmynthg").status == 422
    assert change(token, new="qzjxkvwpmynthgb").status == 204
    assert Login.get(EMAIL).suits_staff is True


def test_whether_a_password_is_long_enough_for_staff_is_known_from_the_start():
    register(password="qzjxkvwp")
    assert Login.get(EMAIL).suits_staff is False

    register(email="bob@example.com")
    assert Login.get("bob@example.com").suits_staff is True


def test_who_forgot_the_password_is_answered_alike_with_and_without_an_account():
    user_id = register().body["id"]

    known, unknown = forgot(), forgot("nobody@example.com")

    assert (known.status, known.body, known.headers) == (202, unknown.body, unknown.headers)
    asked = [parse_event(row.payload) for row in OutboxRow.scan() if "reset" in row.type]
    somebody, nobody = sorted(asked, key=lambda event: event.data.user_id != user_id)
    assert somebody.data.user_id == user_id
    assert User.find(nobody.data.user_id) is None


def test_asking_again_and_again_floods_no_mailbox_and_never_locks_the_owner_out(later):
    register()
    for _ in range(5):
        assert forgot(address="198.51.100.9").status == 202
    assert published_event_types().count("user.password_reset_requested") == 1

    later.advance(minutes=5)
    assert forgot().status == 202
    assert published_event_types().count("user.password_reset_requested") == 2


def test_a_disabled_account_gets_no_link():
    register()
    Login(EMAIL).update([Login.status.set("disabled")])

    assert forgot().status == 202
    (asked,) = [parse_event(row.payload) for row in OutboxRow.scan() if "reset" in row.type]
    assert User.find(asked.data.user_id) is None


def test_the_link_sets_a_password_confirms_the_address_and_ends_all_sessions():
    user_id = register().body["id"]
    before = get_tokens()

    assert reset(create_link_token("reset_password", user_id)).status == 204

    assert get_me(before["access_token"]).code == "session_ended"
    assert log_in().status == 401
    assert log_in(password=NEW).body["user"]["email_verified"] is True
    assert published_event_types()[-1] == "user.password_changed"


def test_a_reset_is_good_once_and_for_ten_minutes(later):
    user_id = register().body["id"]
    used, late = (
        create_link_token("reset_password", user_id),
        create_link_token("reset_password", user_id),
    )
    assert reset(used).status == 204
    assert is_expired(reset(used))

    fresh = create_link_token("reset_password", user_id, lives=timedelta(minutes=10))
    later.advance(minutes=10)
    assert is_expired(reset(fresh))
    assert is_expired(reset(late))


def test_a_password_that_was_changed_makes_links_of_before_worthless():
    user_id = register().body["id"]
    link = create_link_token("reset_password", user_id)
    change(get_tokens()["access_token"])

    assert is_expired(reset(link))
    assert log_in(password=NEW).status == 200


def test_a_link_outlives_a_password_that_will_not_do():
    user_id = register().body["id"]
    link = create_link_token("reset_password", user_id)

    refused = reset(link, password="password123")

    assert (refused.status, refused.paths) == (422, ["body.password"])
    assert EmailToken.count() == 1
    assert reset(link).status == 204


def test_a_confirmation_link_resets_nothing():
    user_id = register().body["id"]

    assert is_expired(reset(create_link_token("verify_email", user_id)))
    assert log_in().status == 200


def test_a_link_to_a_deleted_account_is_over():
    user_id = register().body["id"]
    link = create_link_token("reset_password", user_id)
    User(user_id).delete()

    assert is_expired(reset(link))


def test_no_password_and_no_token_is_logged():
    user_id = register().body["id"]
    link = create_link_token("reset_password", user_id)
    with logs.captured() as lines:
        forgot()
        reset(link, password="canary one two")
        tokens = get_tokens(password="canary one two")
        call(
            "me.change_password",
            tokens["access_token"],
            {"current_password": "canary one two", "new_password": "canary three four"},
        )

    assert "canary" not in lines.text
    assert link not in lines.text
    done = [(line["action"], line["result"]) for line in lines.saying("audit")]
    assert ("reset_password", "done") in done
    assert ("change_password", "done") in done
    assert json.loads(lines.text.splitlines()[0])
