"""Whole slice: an account has a bounded number of sessions, and lists them page by page."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from auth.sessions import limits, service
from auth.sessions.schemas import Credentials
from benchmarks.endpoint import record_calls
from shared import clock
from shared.http.authorization import Client
from shared.storage.models.accounts import Attempts, Session
from tests.support.accounts import EMAIL, PASSWORD, call, get_me, get_tokens, log_in, register
from tests.support.fake_clock import FakeClock
from tests.support.http import BROWSER, HOME, outcome_of

pytestmark = pytest.mark.usefixtures("aws")

MOST = 3


@pytest.fixture
def _three_sessions(monkeypatch):
    monkeypatch.setattr(limits, "SESSIONS_MAX", MOST)


def page(token: str, **query: str):
    answer = call("me.list_sessions", token, query=query)
    assert answer.status == 200, answer
    return answer.body


@pytest.mark.usefixtures("_three_sessions")
def test_the_login_after_the_last_ends_the_oldest_session():
    register()
    tokens = [get_tokens(device=f"Phone/{number}") for number in range(MOST + 2)]

    statuses = [get_me(each["access_token"]).code if number < 2 else "ok"
                for number, each in enumerate(tokens)]  # fmt: skip

    assert statuses == ["session_ended", "session_ended", "ok", "ok", "ok"]
    listed = page(tokens[-1]["access_token"])["items"]
    assert [item["device"] for item in listed] == ["Phone/4", "Phone/3", "Phone/2"]


@pytest.mark.usefixtures("_three_sessions")
def test_sessions_that_are_over_end_before_others():
    register()
    get_tokens(device="Old/1")
    over = get_tokens(device="Over/1")
    get_tokens(device="Old/2")
    (session,) = [session for session in Session.scan() if session.device == "Over/1"]
    session.update([Session.ends_at.set(clock.utc_now())])

    get_tokens(device="New/1")

    assert {session.device for session in Session.scan()} == {"Old/1", "Old/2", "New/1"}
    assert get_me(over["access_token"]).code == "session_ended"


@pytest.mark.usefixtures("_three_sessions")
def test_sessions_that_were_ended_together_end_before_others():
    register()
    kept = get_tokens(device="Kept/1")
    get_tokens(device="Ended/1")
    get_tokens(device="Ended/2")
    assert call("me.end_other_sessions", kept["access_token"]).status == 204

    get_tokens(device="New/1")

    devices = {session.device for session in Session.scan()}
    assert {"Kept/1", "New/1"} < devices
    assert get_me(kept["access_token"]).status == 200


@pytest.mark.usefixtures("_three_sessions")
def test_logouts_make_room_for_other_sessions():
    register()
    first = get_tokens()
    for _ in range(MOST * 2):
        call("auth.logout", get_tokens()["access_token"])

    assert get_me(first["access_token"]).status == 200
    assert Session.count() == 1


@pytest.mark.usefixtures("_three_sessions")
@pytest.mark.parametrize("before", [0, MOST])
def test_logins_at_once_do_not_pass_the_limit(before):
    register()
    for _ in range(before):
        log_in()
    barrier = Barrier(6)

    def log_in_at_once(_) -> str:
        sent = Credentials(email=EMAIL, password=PASSWORD)
        barrier.wait()
        return outcome_of(lambda: service.log_in(sent, Client(HOME, BROWSER)))

    with ThreadPoolExecutor(6) as pool:
        outcomes = set(pool.map(log_in_at_once, range(6)))

    assert "done" in outcomes
    assert outcomes <= {"done", "too_many_attempts", "unavailable"}
    assert Session.count() <= MOST


@pytest.mark.usefixtures("_three_sessions")
def test_sessions_of_the_previous_release_end_too():
    """It counted none."""
    register()
    for _ in range(MOST * 2):
        log_in()
    for session in [*Session.scan()]:
        for number in range(MOST * 10):
            old = session.serialize() | {"session_id": {"S": f"ses_{number}"}}
            Session.from_raw_data(old).save()

    log_in()

    assert Session.count() == MOST


def test_a_login_makes_two_calls_below_the_limit():
    register()
    log_in()

    with record_calls() as calls:
        log_in()

    assert len(calls) == 2


@pytest.mark.usefixtures("_three_sessions")
def test_a_counter_that_expired_starts_again():
    user_id = register().body["id"]
    for _ in range(MOST):
        log_in()
    Attempts(limits.counter_subject(user_id)).delete()

    assert log_in().status == 200


def test_sessions_are_listed_page_by_page(monkeypatch):
    register()
    monkeypatch.setattr(clock, "utc_now", fake_clock := FakeClock())
    for number in range(5):
        fake_clock.advance(seconds=1)
        token = get_tokens(device=f"Phone/{number}")["access_token"]

    seen, query = [], {"limit": "2"}
    while True:
        found = page(token, **query)
        seen.append([item["device"] for item in found["items"]])
        if found["next_cursor"] is None:
            break
        query["cursor"] = found["next_cursor"]

    assert seen == [["Phone/4", "Phone/3"], ["Phone/2", "Phone/1"], ["Phone/0"]]
    assert len(page(token)["items"]) == 5


def test_a_cursor_of_sessions_works_for_its_user_only():
    register()
    register(email="bob@example.com")
    get_tokens()
    token = get_tokens()["access_token"]
    cursor = page(token, limit="1")["next_cursor"]

    other = get_tokens(email="bob@example.com")["access_token"]
    answer = call("me.list_sessions", other, query={"cursor": cursor})

    assert (answer.status, answer.code) == (400, "cursor_user_mismatch")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x"])
def test_a_page_has_one_to_a_hundred_sessions(limit):
    register()
    token = get_tokens()["access_token"]

    assert call("me.list_sessions", token, query={"limit": limit}).status == 422
