"""Whole slice: guessing passwords is slow, and does not lock the owner out."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from auth.credentials import login_throttle, repository, service
from auth.sessions import service as sessions
from auth.sessions.schemas import Credentials
from shared import clock
from shared.config import AccountSettings, PasswordSettings, settings
from shared.errors.accounts import TooManyAttempts
from shared.http.authorization import Client
from shared.security import passwords
from shared.storage.models.accounts import Attempts, Login, Session
from tests.support import logs
from tests.support.accounts import EMAIL, PASSWORD, create_link_token, log_in, post, register
from tests.support.fake_clock import FakeClock
from tests.support.http import BROWSER, ELSEWHERE, HOME, outcome_of

pytestmark = pytest.mark.usefixtures("aws")

WRONG = "wrong horse battery"


@pytest.fixture(autouse=True)
def fake_clock(monkeypatch) -> FakeClock:
    """Starts at the beginning of an hour, so that no hourly counter restarts during a test."""
    moved = FakeClock()
    minutes = moved().minute
    moved.advance(minutes=60 - minutes)
    monkeypatch.setattr(clock, "utc_now", moved)
    return moved


@pytest.fixture(autouse=True)
def cheap_checks(monkeypatch):
    """Hundreds of guesses: the counters do not depend on the hash."""
    monkeypatch.setattr(
        passwords, "hash_password", lambda password, *_, **__: f"k1:$2b$10${password}"
    )
    monkeypatch.setattr(
        passwords,
        "verify_password",
        lambda password, stored, *_, **__: stored.endswith(f"${password}"),
    )
    monkeypatch.setattr(passwords, "verify_dummy_hash", lambda *_, **__: None)


def fail(times: int, **more) -> list[int]:
    return [log_in(password=WRONG, **more).status for _ in range(times)]


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
def test_known_and_unknown_accounts_wait_after_five_failures(email):
    register()

    assert fail(6, email=email) == [401] * 5 + [429]
    refused = log_in(email=email, password=WRONG)

    assert refused.code == "too_many_attempts"
    assert 0 < int(refused.headers["Retry-After"]) <= 15
    assert refused.error["details"] == {"retry_after": int(refused.headers["Retry-After"])}


def test_the_right_password_must_wait_too(fake_clock):
    register()
    fail(5)

    assert log_in().status == 429

    fake_clock.advance(seconds=15)
    assert log_in().status == 200


def test_no_password_is_checked_during_a_wait(monkeypatch):
    register()
    fail(5)
    monkeypatch.setattr(passwords, "verify_password", None)

    assert log_in().status == 429


def test_each_further_failure_doubles_the_wait(fake_clock):
    register()
    fail(5)

    fake_clock.advance(seconds=15)
    assert fail(2) == [401, 429]
    fake_clock.advance(seconds=29)
    assert fail(1) == [429]
    fake_clock.advance(seconds=1)
    assert fail(1) == [401]


def test_a_successful_login_clears_the_failures():
    register()
    fail(4)

    assert log_in().status == 200
    assert fail(5) == [401] * 5


def test_failures_expire_after_a_day(fake_clock):
    register()
    fail(5)

    fake_clock.advance(days=1)

    assert fail(5) == [401] * 5


def test_strangers_cannot_lock_the_owner_out_of_known_devices():
    register()
    log_in(address=HOME)

    assert fail(6, address=ELSEWHERE)[-1] == 429

    assert log_in(address=HOME).status == 200
    assert fail(6, address=HOME) == [401] * 5 + [429]


def test_an_endless_attack_does_not_lock_known_devices(fake_clock):
    register()
    log_in(address=HOME)

    for _ in range(60):
        fail(2, address=ELSEWHERE)
        fake_clock.advance(minutes=15)
        assert log_in(address=HOME).status == 200


def test_a_password_reset_ends_the_wait_on_a_new_device():
    user_id = register().body["id"]
    fail(5, address=ELSEWHERE)
    assert log_in(address=ELSEWHERE).status == 429
    token = create_link_token("reset_password", user_id)

    reset = {"token": token, "password": "staple correct battery"}
    assert post("auth.reset_password", reset, address=ELSEWHERE).status == 204

    assert log_in(password="staple correct battery", address=ELSEWHERE).status == 200


def test_a_password_reset_makes_the_device_known():
    user_id = register().body["id"]
    token = create_link_token("reset_password", user_id)
    reset = {"token": token, "password": "staple correct battery"}
    post("auth.reset_password", reset, address=HOME)

    assert fail(6, address=ELSEWHERE)[-1] == 429

    assert log_in(password="staple correct battery", address=HOME).status == 200


def test_failures_at_an_address_do_not_lock_known_devices(monkeypatch):
    configured = {
        AccountSettings: settings(AccountSettings).replace(failures_per_address=3),
        PasswordSettings: settings(PasswordSettings),
    }
    monkeypatch.setattr(service, "settings", configured.__getitem__)
    register()
    log_in(address=HOME)
    for n in range(4):
        fail(1, email=f"user{n}@example.com", address=HOME)
    assert fail(1, email="another@example.com", address=HOME) == [429]

    assert log_in(address=HOME).status == 200


def test_an_expired_counter_restarts_for_one_attempt_only(fake_clock):
    """Two attempts read the same old counter: the second must notice that it restarted."""
    register()
    fail(1)
    fake_clock.advance(days=1, seconds=1)
    address = "203.0.113.9"
    now = clock.utc_now()
    read = [
        repository.find_login_and_throttle(EMAIL, address, now=now, free_attempts_per_address=100)[
            1
        ]
        for _ in range(2)
    ]

    repository.record_failure(read[0], now)

    with pytest.raises(TooManyAttempts):
        repository.record_failure(read[1], now)


def test_an_address_that_tries_many_accounts_must_wait(monkeypatch):
    limited = settings(AccountSettings).replace(failures_per_address=7)
    monkeypatch.setattr(
        service,
        "settings",
        lambda section: limited if section is AccountSettings else settings(section),
    )

    answers = [fail(1, email=f"user{n}@example.com")[0] for n in range(9)]

    assert answers == [401] * 7 + [429] * 2
    assert fail(1, address=ELSEWHERE) == [401]


def log_in_at_once(password: str, times: int) -> list[str]:
    """The outcomes of logins of which each has read the account before another writes."""
    ready, read = Barrier(times), repository.find_login_and_throttle
    sent = Credentials(email=EMAIL, password=password)

    def all_read_first(*args, **kwargs):
        found = read(*args, **kwargs)
        ready.wait()
        return found

    def log_in_once(_: int) -> str:
        return outcome_of(lambda: sessions.log_in(sent, Client(HOME, BROWSER)))

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(times) as pool:
        patch.setattr(repository, "find_login_and_throttle", all_read_first)
        return sorted(pool.map(log_in_once, range(times)))


def test_guesses_at_once_all_count_for_their_network():
    """Each has cost the check of a password, though only one learned its result."""
    outcomes = log_in_at_once(WRONG, 4)

    now = clock.utc_now()
    shards = login_throttle.address_subjects(HOME, limit=100, now=now)
    counted = Attempts.find_many(shards).values()
    assert outcomes == [*["too_many_attempts"] * 3, "wrong_credentials"]
    assert sum(int(shard.failures) for shard in counted) == 4


def test_two_correct_logins_at_once_both_succeed():
    register()

    outcomes = log_in_at_once(PASSWORD, 2)

    assert outcomes == ["done", "done"]
    assert Session.count() == 2


def test_counters_have_a_ttl():
    register()
    fail(1)
    log_in()

    now = clock.utc_now()
    assert Attempts.count() > 0
    assert all(now < row.expires_at for row in Attempts.scan())


def test_a_throttled_login_is_audited_without_the_address():
    fail(5)
    with logs.captured() as lines:
        fail(1)

    (line,) = lines.saying("audit")
    assert line["reason"] == "too_many_attempts"
    assert line["account"] == login_throttle.account_subject(EMAIL)
    assert EMAIL not in lines.text


def test_throttling_does_not_change_the_login_item():
    """A wait ends by itself, and a reader of Logins learns nothing about it."""
    register()
    before = Login.get(EMAIL).attribute_values

    fail(6)

    assert Login.get(EMAIL).attribute_values == before
