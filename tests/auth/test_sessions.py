"""Whole slice: users list their sessions and end them."""

import pytest

from auth.handler import handler
from shared import clock
from shared.storage.models.accounts import Session
from tests.support.accounts import authorize, call, get_me, get_tokens, refresh, register
from tests.support.fake_clock import FakeClock
from tests.support.http import Caller, send

pytestmark = pytest.mark.usefixtures("aws")


def sessions(token: str) -> list[dict]:
    answer = call("me.list_sessions", token)
    assert answer.status == 200
    assert answer.body["next_cursor"] is None
    return answer.body["items"]


def end(token: str, session_id: str):
    return call("me.end_session", token, path={"session_id": session_id})


def test_each_login_is_listed_as_a_session_newest_first():
    register()
    phone = get_tokens(device="Phone/1.0")
    laptop = get_tokens(device="Laptop/2.0 " + "x" * 300)

    listed = sessions(phone["access_token"])

    assert [session["device"] for session in listed] == [
        ("Laptop/2.0 " + "x" * 300)[:200],
        "Phone/1.0",
    ]
    assert [session["current"] for session in listed] == [False, True]
    assert set(listed[0]) == {
        "id",
        "device",
        "current",
        "second_factor",
        "created_at",
        "last_used_at",
        "expires_at",
    }
    assert sessions(laptop["access_token"])[0]["current"] is True


def test_a_list_of_sessions_shows_no_secret():
    register()
    tokens = get_tokens()

    shown = str(sessions(tokens["access_token"]))

    (session,) = Session.scan()
    hidden = [session.refresh_hash, session.family_hash, *tokens["refresh_token"].split(".")[4:]]
    assert not [secret for secret in hidden if secret in shown]


def test_the_owner_can_end_a_session():
    register()
    here, lost = get_tokens(), get_tokens()
    (other,) = [session for session in sessions(here["access_token"]) if not session["current"]]

    assert end(here["access_token"], other["id"]).status == 204

    assert get_me(lost["access_token"]).code == "session_ended"
    assert refresh(lost["refresh_token"]).code == "session_ended"
    assert get_me(here["access_token"]).status == 200
    assert len(sessions(here["access_token"])) == 1
    assert end(here["access_token"], other["id"]).code == "session_not_found"


def test_a_user_cannot_end_the_session_of_another():
    register()
    register(email="bob@example.com")
    ada, bob = get_tokens(), get_tokens(email="bob@example.com")
    (hers,) = sessions(ada["access_token"])

    answer = end(bob["access_token"], hers["id"])
    unknown = end(bob["access_token"], "ses_" + "a" * 32)

    assert (answer.status, answer.code) == (404, "session_not_found")
    assert answer.body["error"] | {"request_id": ""} == unknown.body["error"] | {"request_id": ""}
    assert get_me(ada["access_token"]).status == 200


def test_all_other_sessions_end_at_once():
    register()
    here, *others = [get_tokens() for _ in range(4)]

    assert call("me.end_other_sessions", here["access_token"]).status == 204

    assert {get_me(tokens["access_token"]).code for tokens in others} == {"session_ended"}
    assert {refresh(tokens["refresh_token"]).code for tokens in others} == {"session_ended"}
    renewed = refresh(here["refresh_token"])
    assert get_me(renewed.body["access_token"]).status == 200
    assert [session["current"] for session in sessions(here["access_token"])] == [True]


def test_an_ended_session_cannot_end_the_others():
    """API Gateway accepts an ended session for up to a minute."""
    register()
    owner, thief = get_tokens(), get_tokens()
    kept = authorize(thief["access_token"])
    call("me.end_other_sessions", owner["access_token"])

    answer = send(handler, "me.end_other_sessions", caller=kept)

    assert (answer.status, answer.code) == (401, "session_ended")
    assert refresh(thief["refresh_token"]).code == "session_ended"
    assert get_me(owner["access_token"]).status == 200
    assert refresh(owner["refresh_token"]).status == 200


def test_ended_sessions_are_not_listed(monkeypatch):
    monkeypatch.setattr(clock, "utc_now", fake_clock := FakeClock())
    user_id = register().body["id"]
    get_tokens()
    fake_clock.advance(days=14)
    get_tokens()

    listed = send(handler, "me.list_sessions", caller=Caller(user_id)).body["items"]

    assert Session.count() == 2
    assert len(listed) == 1


def test_a_device_has_no_hidden_character():
    register()

    tokens = get_tokens(device="Lynx\u202e/2.9\x1b[31m\r\n")

    (session,) = call("me.list_sessions", tokens["access_token"]).body["items"]
    assert session["device"] == "Lynx/2.9[31m"
