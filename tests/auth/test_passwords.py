"""Whole slice: a change needs the current password, and a reset needs the account's mailbox."""

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


def request_reset(email: str = EMAIL, **more):
    return post("auth.forgot_password", {"email": email}, **more)


def reset(token: str, password: str = NEW):
    return post("auth.reset_password", {"token": token, "password": password})


def is_expired(answer) -> bool:
    return (answer.status, answer.code) == (400, "link_expired")


def test_after_a_change_only_the_new_password_works():
    register()

    assert change(get_tokens()["access_token"]).status == 204

    assert log_in(password=NEW).status == 200
    assert log_in().status == 401


def test_a_password_change_ends_all_other_sessions():
    register()
    here, there = get_tokens(), get_tokens()

    change(here["access_token"])

    assert get_me(here["access_token"]).status == 200
    assert get_me(there["access_token"]).code == "session_ended"
    assert refresh(there["refresh_token"]).code == "session_ended"
    assert published_event_types()[-1] == "user.password_changed"


def test_the_session_that_changes_the_password_continues():
    register()
    here = get_tokens()
    change(here["access_token"])

    assert get_me(here["access_token"]).status == 200
    renewed = refresh(here["refresh_token"])
    assert renewed.status == 200
    assert refresh(renewed.body["refresh_token"]).status == 200
    assert get_me(renewed.body["access_token"]).status == 200


@pytest.mark.parametrize("wrong", ["wrong horse battery", "", PASSWORD + " "])
def test_a_password_change_needs_the_current_password(wrong):
    register()
    token = get_tokens()["access_token"]

    answer = change(token, current=wrong)

    assert (answer.status, answer.code) == (403, "wrong_password")
    assert log_in().status == 200
    assert "user.password_changed" not in published_event_types()


def test_wrong_current_passwords_are_throttled():
    register()
    token = get_tokens()["access_token"]

    answers = [change(token, current=f"wrong horse {n}").status for n in range(6)]

    assert answers == [403] * 5 + [429]


@pytest.mark.parametrize("new", ["short", "password123", "lovelace1815", "souksouk", "qz" * 65])
def test_a_new_password_must_pass_the_policy(new):
    register()
    token = get_tokens()["access_token"]

    answer = change(token, new=new)

    assert (answer.status, answer.paths) == (422, ["body.new_password"])
    assert log_in().status == 200


def test_staff_need_a_longer_new_password():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    User(user_id).update([User.roles.set({"staff"})])

    assert change(token, new="qzjxkvwpmynthg").status == 422
    assert change(token, new="qzjxkvwpmynthgb").status == 204
    assert Login.get(EMAIL).suits_staff is True


def test_registration_stores_whether_the_password_suits_staff():
    register(password="qzjxkvwp")
    assert Login.get(EMAIL).suits_staff is False

    register(email="bob@example.com")
    assert Login.get("bob@example.com").suits_staff is True


def test_reset_requests_answer_the_same_without_an_account():
    user_id = register().body["id"]

    known, unknown = request_reset(), request_reset("nobody@example.com")

    assert (known.status, known.body, known.headers) == (202, unknown.body, unknown.headers)
    asked = [parse_event(row.payload) for row in OutboxRow.scan() if "reset" in row.type]
    somebody, nobody = sorted(asked, key=lambda event: event.data.user_id != user_id)
    assert somebody.data.user_id == user_id
    assert User.find(nobody.data.user_id) is None


def test_repeated_reset_requests_send_one_mail(fake_clock):
    register()
    for _ in range(5):
        assert request_reset(address="198.51.100.9").status == 202
    assert published_event_types().count("user.password_reset_requested") == 1

    fake_clock.advance(minutes=5)
    assert request_reset().status == 202
    assert published_event_types().count("user.password_reset_requested") == 2


def test_a_disabled_account_gets_no_reset_link():
    register()
    Login(EMAIL).update([Login.status.set("disabled")])

    assert request_reset().status == 202
    (asked,) = [parse_event(row.payload) for row in OutboxRow.scan() if "reset" in row.type]
    assert User.find(asked.data.user_id) is None


def test_a_reset_sets_the_password_and_ends_all_sessions():
    user_id = register().body["id"]
    before = get_tokens()

    assert reset(create_link_token("reset_password", user_id)).status == 204

    assert get_me(before["access_token"]).code == "session_ended"
    assert log_in().status == 401
    assert log_in(password=NEW).body["user"]["email_verified"] is True
    assert published_event_types()[-1] == "user.password_changed"


def test_a_reset_link_works_once_and_for_ten_minutes(fake_clock):
    user_id = register().body["id"]
    used, late = (
        create_link_token("reset_password", user_id),
        create_link_token("reset_password", user_id),
    )
    assert reset(used).status == 204
    assert is_expired(reset(used))

    fresh = create_link_token("reset_password", user_id, lives=timedelta(minutes=10))
    fake_clock.advance(minutes=10)
    assert is_expired(reset(fresh))
    assert is_expired(reset(late))


def test_a_password_change_voids_older_reset_links():
    user_id = register().body["id"]
    link = create_link_token("reset_password", user_id)
    change(get_tokens()["access_token"])

    assert is_expired(reset(link))
    assert log_in(password=NEW).status == 200


def test_a_refused_password_does_not_use_up_the_link():
    user_id = register().body["id"]
    link = create_link_token("reset_password", user_id)

    refused = reset(link, password="password123")

    assert (refused.status, refused.paths) == (422, ["body.password"])
    assert EmailToken.count() == 1
    assert reset(link).status == 204


def test_a_verification_link_cannot_reset_a_password():
    user_id = register().body["id"]

    assert is_expired(reset(create_link_token("verify_email", user_id)))
    assert log_in().status == 200


def test_a_reset_link_of_a_deleted_account_does_not_work():
    user_id = register().body["id"]
    link = create_link_token("reset_password", user_id)
    User(user_id).delete()

    assert is_expired(reset(link))


def test_passwords_and_tokens_are_never_logged():
    user_id = register().body["id"]
    link = create_link_token("reset_password", user_id)
    with logs.captured() as lines:
        request_reset()
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
