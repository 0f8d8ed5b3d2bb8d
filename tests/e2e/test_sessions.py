"""Sessions on the real thing: many clients at once, the authorizer's cache, and the mails."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.conftest import Shop, at_once, eventually, mailed_token

PASSWORD = "correct horse battery"
NEW_PASSWORD = "staple correct battery"
TABS = 100
GRACE_SECONDS = 10
CACHED_SECONDS = 60


@pytest.fixture
def account(visitor: Shop) -> dict[str, str]:
    """Someone who has just registered: e-mail and password."""
    credentials = {"email": f"{uuid4().hex}@example.com", "password": PASSWORD}
    answer = visitor.post("/auth/register", credentials | {"name": "Ada Lovelace"})
    assert answer.status_code == 201, answer.text
    return credentials


def log_in(visitor: Shop, account: dict[str, str]) -> dict:
    answer = visitor.post("/auth/login", account)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refresh(visitor: Shop, token: str) -> httpx.Response:
    return visitor.post("/auth/refresh", {"refresh_token": token})


def bearing(visitor: Shop, token: str) -> Shop:
    return Shop(visitor.connection, token)


def test_a_hundred_refreshes_at_once_are_one_chain_and_a_replay_ends_it(
    stack, visitor, account, mails_to
):
    token = log_in(visitor, account)["refresh_token"]

    answers = at_once(stack, "refresh", token, TABS)

    (successor,) = set(answers)
    assert len(answers) == TABS
    later, again = refresh(visitor, successor), refresh(visitor, successor)
    assert (later.status_code, again.status_code) == (200, 200)
    assert later.json()["refresh_token"] == again.json()["refresh_token"]
    assert bearing(visitor, later.json()["access_token"]).get("/me").status_code == 200

    time.sleep(GRACE_SECONDS + 0.5)
    with ThreadPoolExecutor(10) as pool:
        replays = list(pool.map(lambda _: refresh(visitor, token), range(10)))

    assert {(it.status_code, it.json()["error"]["code"]) for it in replays} == {
        (401, "session_ended")
    }
    assert refresh(visitor, later.json()["refresh_token"]).status_code == 401
    # This one was not used before: no answer about it is cached.
    assert bearing(visitor, again.json()["access_token"]).get("/me").status_code == 401
    about_reuse = "ended one of your sessions"

    def warnings() -> list[dict[str, str]]:
        return [mail for mail in mails_to(account["email"]) if about_reuse in mail["subject"]]

    eventually(lambda: len(warnings()) > 0)
    later_mail = visitor.registered().email  # whatever the replays caused is mailed before this
    eventually(lambda: len(mails_to(later_mail)) == 1)
    assert len(warnings()) == 1


def test_what_ends_sessions_is_felt_by_cached_access_tokens_within_a_minute(
    stack, visitor, account, admin
):
    logged_out, ended, changed, kept = (
        bearing(visitor, log_in(visitor, account)["access_token"]) for _ in range(4)
    )
    disabled, promoted = visitor.registered(), visitor.registered()
    everyone = (logged_out, ended, changed, disabled, promoted, kept)
    ids = [it.get("/me").json()["id"] for it in (disabled, promoted)]
    link = mailed_token(stack, promoted.email)
    assert visitor.post("/auth/verify-email", {"token": link}).status_code == 204
    assert [it.get("/me").status_code for it in everyone] == [200] * 6
    sessions = kept.get("/me/sessions").json()["items"]
    assert [it["current"] for it in sessions] == [True, False, False, False]

    done: list[float] = []  # when each was ended

    def end(session: Shop, *call: Any, **request: Any) -> None:
        assert session.call(*call, **request).status_code in (200, 204)
        done.append(time.monotonic())

    end(logged_out, "POST", "/auth/logout")
    end(kept, "DELETE", f"/me/sessions/{sessions[2]['id']}")
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    end(kept, "PUT", "/me/password", json=change)
    changes = ({"status": "disabled"}, {"roles": ["customer", "staff"]})
    for user_id, what in zip(ids, changes, strict=True):
        end(admin, "PATCH", f"/users/{user_id}", json=what, headers={"if-match": "*"})

    def all_but_one_are_out() -> bool:
        """However long answers take: what is asked a minute after the end is refused."""
        codes = []
        for session, since in zip(everyone, [*done, time.monotonic()], strict=True):
            asked = time.monotonic()
            codes.append(session.get("/me").status_code)
            assert codes[-1] == 401 or asked < since + CACHED_SECONDS
        assert codes[-1] == 200
        return codes[:-1] == [401] * 5

    eventually(all_but_one_are_out)


def test_an_address_is_confirmed_and_a_password_reset_by_the_links_that_are_mailed(
    stack, visitor, account
):
    confirmed = visitor.post(
        "/auth/verify-email", {"token": mailed_token(stack, account["email"], "welcome")}
    )
    assert confirmed.status_code == 204, confirmed.text
    assert log_in(visitor, account)["user"]["email_verified"] is True

    forgotten = visitor.post("/auth/password/forgot", {"email": account["email"]})
    assert forgotten.status_code == 202
    token = mailed_token(stack, account["email"], "password")
    reset = visitor.post("/auth/password/reset", {"token": token, "password": NEW_PASSWORD})
    assert reset.status_code == 204, reset.text
    again = visitor.post("/auth/password/reset", {"token": token, "password": NEW_PASSWORD})
    assert again.json()["error"]["code"] == "link_expired"
    assert log_in(visitor, account | {"password": NEW_PASSWORD})


def test_a_known_address_is_answered_like_a_new_one_and_its_owner_is_mailed(
    visitor, account, mails_to
):
    again = visitor.post("/auth/register", account | {"password": NEW_PASSWORD, "name": "Eve"})

    assert again.status_code == 201
    assert again.json()["email"] == account["email"]
    eventually(lambda: len(mails_to(account["email"])) == 2)
    assert visitor.post("/auth/login", account | {"password": NEW_PASSWORD}).status_code == 401


def test_of_guesses_made_at_once_one_is_answered(stack, account):
    """Otherwise a thousand instances would answer a thousand guesses before any was counted."""
    answers = at_once(stack, "guess", account["email"], 8)

    # A right guess that is first clears the count, and lets one wrong guess be told that it is.
    told = [answer for answer in answers if answer != "too_many_attempts"]
    assert 1 <= len(told) <= 2
    assert len(set(told)) == len(told)
