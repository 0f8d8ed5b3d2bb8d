"""Whole slice: guessing passwords is slow, and locks nobody out who has the right one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from auth.credentials import login_throttle, repository, service
from shared import clock
from shared.config import AccountSettings, PasswordSettings, settings
from shared.errors.accounts import TooManyAttempts
from shared.security import passwords
from shared.storage.models.accounts import Attempts, Login, Session
from tests.support import logs
from tests.support.accounts import EMAIL, create_link_token, log_in, post, register
from tests.support.fake_clock import FakeClock
from tests.support.http import ELSEWHERE, HOME

pytestmark = pytest.mark.usefixtures("aws")

WRONG = "wrong horse battery"


@pytest.fixture(autouse=True)
def later(monkeypatch) -> FakeClock:
    """At the beginning of an hour: counts by the hour of the clock are not what is tested here."""
    moved = FakeClock()
    minutes = moved().minute
    moved.advance(minutes=60 - minutes)
    monkeypatch.setattr(clock, "utc_now", moved)
    return moved


@pytest.fixture(autouse=True)
def cheap_checks(monkeypatch):
    """Hundreds of guesses: what is counted does not depend on the hash."""
    monkeypatch.setattr(
        passwords, "hash_password", lambda password, *_, **__: f"k1:$2b$10${password}"
    )
    monkeypatch.setattr(
        passwords, "is_password", lambda password, stored, *_, **__: stored.endswith(f"${password}")
    )
    monkeypatch.setattr(passwords, "verify_dummy_hash", lambda *_, **__: None)


def fail(times: int, **more) -> list[int]:
    return [log_in(password=WRONG, **more).status for _ in range(times)]


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
def test_after_five_failures_an_account_waits_whether_it_exists_or_not(email):
    register()

    assert fail(6, email=email) == [401] * 5 + [429]
    refused = log_in(email=email, password=WRONG)

    assert refused.code == "too_many_attempts"
    assert 0 < int(refused.headers["Retry-After"]) <= 15
    assert refused.error["details"] == {"retry_after": int(refused.headers["Retry-After"])}


def test_the_right_password_waits_like_any_other(later):
    register()
    fail(5)

    assert log_in().status == 429

    later.advance(seconds=15)
    assert log_in().status == 200


def test_the_wait_is_over_before_a_password_is_looked_at(monkeypatch):
    register()
    fail(5)
    monkeypatch.setattr(passwords, "is_password", None)

    assert log_in().status == 429


def test_the_wait_grows(later):
    register()
    fail(5)

    later.advance(seconds=15)
    assert fail(2) == [401, 429]
    later.advance(seconds=29)
    assert fail(1) == [429]
    later.advance(seconds=1)
    assert fail(1) == [401]


def test_a_successful_login_clears_the_account_s_count():
    register()
    fail(4)

    assert log_in().status == 200
    assert fail(5) == [401] * 5


def test_failures_are_forgotten_after_a_day(later):
    register()
    fail(5)

    later.advance(days=1)

    assert fail(5) == [401] * 5


def test_strangers_cannot_lock_the_owner_out_where_they_have_logged_in_before():
    register()
    log_in(address=HOME)

    assert fail(6, address=ELSEWHERE)[-1] == 429

    assert log_in(address=HOME).status == 200
    assert fail(6, address=HOME) == [401] * 5 + [429]


def test_an_attack_that_never_ends_keeps_the_owner_out_of_no_known_address(later):
    register()
    log_in(address=HOME)

    for _ in range(60):
        fail(2, address=ELSEWHERE)
        later.advance(minutes=15)
        assert log_in(address=HOME).status == 200


def test_an_owner_on_the_way_gets_in_by_resetting_the_password():
    user_id = register().body["id"]
    fail(5, address=ELSEWHERE)
    assert log_in(address=ELSEWHERE).status == 429
    token = create_link_token("reset_password", user_id)

    reset = {"token": token, "password": "staple correct battery"}
    assert post("auth.reset_password", reset, address=ELSEWHERE).status == 204

    assert log_in(password="staple correct battery", address=ELSEWHERE).status == 200


def test_a_reset_makes_the_place_where_it_was_done_a_known_one():
    user_id = register().body["id"]
    token = create_link_token("reset_password", user_id)
    reset = {"token": token, "password": "staple correct battery"}
    post("auth.reset_password", reset, address=HOME)

    assert fail(6, address=ELSEWHERE)[-1] == 429

    assert log_in(password="staple correct battery", address=HOME).status == 200


def test_a_neighbour_who_guesses_keeps_nobody_out_who_is_known_there(monkeypatch):
    chosen = {
        AccountSettings: replace(settings(AccountSettings), failures_per_address=3),
        PasswordSettings: settings(PasswordSettings),
    }
    monkeypatch.setattr(service, "settings", chosen.__getitem__)
    register()
    log_in(address=HOME)
    for n in range(4):
        fail(1, email=f"user{n}@example.com", address=HOME)
    assert fail(1, email="another@example.com", address=HOME) == [429]

    assert log_in(address=HOME).status == 200


def test_a_count_of_long_ago_begins_anew_for_one_attempt_and_not_for_all(later):
    """Two who have read the same old count: the second must see that it was begun anew."""
    register()
    fail(1)
    later.advance(days=1, seconds=1)
    address = "203.0.113.9"
    now = clock.utc_now()
    read = [repository.read(EMAIL, address, now=now, free_per_address=100)[1] for _ in range(2)]

    repository.count_failure(read[0], now)

    with pytest.raises(TooManyAttempts):
        repository.count_failure(read[1], now)


def test_one_address_that_tries_many_accounts_waits_too(monkeypatch):
    chosen = replace(settings(AccountSettings), failures_per_address=7)
    monkeypatch.setattr(
        service,
        "settings",
        lambda section: chosen if section is AccountSettings else settings(section),
    )

    answers = [fail(1, email=f"user{n}@example.com")[0] for n in range(9)]

    assert answers == [401] * 7 + [429] * 2
    assert fail(1, address=ELSEWHERE) == [401]


def test_two_right_logins_at_once_both_succeed():
    register()
    ready = Barrier(2)
    read = repository.read

    def both_read_first(*args, **kwargs):
        found = read(*args, **kwargs)
        ready.wait()
        return found

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(repository, "read", both_read_first)
        answers = list(pool.map(lambda _: log_in().status, range(2)))

    assert answers == [200, 200]
    assert Session.count() == 2


def test_counts_expire_by_themselves():
    register()
    fail(1)
    log_in()

    now = clock.utc_now()
    assert Attempts.count() > 0
    assert all(now < row.expires_at for row in Attempts.scan())


def test_a_wait_is_a_line_for_the_audit_without_the_address_that_was_tried():
    fail(5)
    with logs.captured() as lines:
        fail(1)

    (line,) = lines.saying("audit")
    assert line["reason"] == "too_many_attempts"
    assert line["account"] == login_throttle.account_subject(EMAIL)
    assert EMAIL not in lines.text


def test_a_locked_account_is_not_marked_in_its_row():
    """Whoever may read Logins learns nothing new, and a lock needs nobody to lift it."""
    register()
    before = Login.get(EMAIL).attribute_values

    fail(6)

    assert Login.get(EMAIL).attribute_values == before
