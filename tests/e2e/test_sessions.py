"""Sessions on the local stack: concurrent clients, the authorizer's cache, and mailed links."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from tests.e2e.conftest import Shop, run_concurrent_sessions, wait_for_mailed_token, wait_until

PASSWORD = "correct horse battery"
NEW_PASSWORD = "staple correct battery"
TABS = 100
REUSE_GRACE_SECONDS = 10  # a refresh token can be used again for this long
AUTHORIZER_CACHE_SECONDS = 60


@pytest.fixture
def account(visitor: Shop) -> dict[str, str]:
    """The e-mail address and password of an account that has just registered."""
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


def with_token(visitor: Shop, token: str) -> Shop:
    return Shop(visitor.connection, token)


@pytest.mark.timed  # all of them must be answered within the grace period
def test_a_hundred_concurrent_refreshes_keep_one_session(stack, visitor, account, list_mails_to):
    """A replay after the grace period then ends the session, and the owner gets one mail."""
    token = log_in(visitor, account)["refresh_token"]

    answers = run_concurrent_sessions(stack, "refresh", token, TABS)

    (successor,) = set(answers)
    assert len(answers) == TABS
    later, again = refresh(visitor, successor), refresh(visitor, successor)
    assert (later.status_code, again.status_code) == (200, 200)
    assert later.json()["refresh_token"] == again.json()["refresh_token"]
    assert with_token(visitor, later.json()["access_token"]).get("/me").status_code == 200

    time.sleep(REUSE_GRACE_SECONDS + 0.5)
    with ThreadPoolExecutor(10) as pool:
        replays = list(pool.map(lambda _: refresh(visitor, token), range(10)))

    assert {(replay.status_code, replay.json()["error"]["code"]) for replay in replays} == {
        (401, "session_ended")
    }
    assert refresh(visitor, later.json()["refresh_token"]).status_code == 401
    # This token is used for the first time, so the authorizer has cached nothing for it.
    assert with_token(visitor, again.json()["access_token"]).get("/me").status_code == 401
    subject = "ended one of your sessions"

    def list_warnings() -> list[dict[str, str]]:
        return [mail for mail in list_mails_to(account["email"]) if subject in mail["subject"]]

    wait_until(lambda: len(list_warnings()) > 0)
    # The mails that the replays cause arrive before the welcome mail of a later account.
    later_email = visitor.register().email
    wait_until(lambda: len(list_mails_to(later_email)) == 1)
    assert len(list_warnings()) == 1


def test_cached_access_tokens_end_within_a_minute(ended_sessions):
    def only_one_session_is_left() -> bool:
        """A request that starts a minute after the end is refused, however long it takes."""
        codes = {}
        for name, client in ended_sessions.ended.items():
            requested_at = time.monotonic()
            answer = client.get("/me")
            codes[name] = answer.status_code
            is_late = requested_at >= ended_sessions.ended_at[name] + AUTHORIZER_CACHE_SECONDS
            assert answer.status_code == 401 or not is_late, name
            # A token that has expired shows nothing about its session.
            assert answer.status_code == 200 or answer.json()["error"]["code"] != "token_expired"
        assert ended_sessions.kept.get("/me").status_code == 200
        return set(codes.values()) == {401}

    wait_until(only_one_session_is_left)


def test_mailed_links_confirm_an_address_and_reset_a_password(stack, visitor, account):
    confirmed = visitor.post(
        "/auth/verify-email", {"token": wait_for_mailed_token(stack, account["email"], "welcome")}
    )
    assert confirmed.status_code == 204, confirmed.text
    assert log_in(visitor, account)["user"]["email_verified"] is True

    forgotten = visitor.post("/auth/password/forgot", {"email": account["email"]})
    assert forgotten.status_code == 202
    token = wait_for_mailed_token(stack, account["email"], "password")
    reset = visitor.post("/auth/password/reset", {"token": token, "password": NEW_PASSWORD})
    assert reset.status_code == 204, reset.text
    again = visitor.post("/auth/password/reset", {"token": token, "password": NEW_PASSWORD})
    assert again.json()["error"]["code"] == "link_expired"
    assert log_in(visitor, account | {"password": NEW_PASSWORD})


def test_registering_a_known_address_mails_its_owner(visitor, account, list_mails_to):
    again = visitor.post("/auth/register", account | {"password": NEW_PASSWORD, "name": "Eve"})

    assert again.status_code == 201
    assert again.json()["email"] == account["email"]
    wait_until(lambda: len(list_mails_to(account["email"])) == 2)
    assert visitor.post("/auth/login", account | {"password": NEW_PASSWORD}).status_code == 401


def test_few_of_many_concurrent_guesses_are_checked(stack, account):
    """Otherwise a thousand instances would check a thousand guesses before any was counted."""
    answers = run_concurrent_sessions(stack, "guess", account["email"], 8)

    # If the right guess is first, it clears the count, and one wrong guess is checked after it.
    checked = [answer for answer in answers if answer != "too_many_attempts"]
    assert 1 <= len(checked) <= 2
    assert len(set(checked)) == len(checked)
