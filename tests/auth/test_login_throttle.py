"""Pure: how long an attempt must wait, and what counts as one subject."""

from datetime import timedelta

from auth.credentials import login_throttle
from auth.credentials.login_throttle import wait_after


def test_the_wait_grows_with_each_failure():
    waits = [wait_after(failures).total_seconds() for failures in range(13)]

    assert waits == [0, 0, 0, 0, 0, 15, 30, 60, 120, 240, 480, 900, 900]


def test_an_account_has_at_most_ten_failures_in_fifteen_minutes():
    """ASVS 5.0, 6.3.1, for an attacker who waits no longer than required."""
    times, now = [], timedelta()
    for failures in range(40):
        now += wait_after(failures)
        times.append(now)

    for start in times:
        assert len([time for time in times if start <= time < start + timedelta(minutes=15)]) <= 10


def test_a_hundred_failures_in_a_row_cause_a_day_of_waiting():
    """NIST SP 800-63B-4, 3.2.2."""
    assert wait_after(99) == timedelta(minutes=15)
    assert wait_after(100) == timedelta(days=1)
    assert wait_after(100_000) == timedelta(days=1)


def test_an_address_has_more_free_attempts():
    assert wait_after(99, free_attempts=100) == timedelta()
    assert wait_after(100, free_attempts=100) == timedelta(seconds=15)
    assert wait_after(195, free_attempts=100) == timedelta(days=1)


def test_a_subject_does_not_reveal_the_account():
    subject = login_throttle.known_device_subject("ada@example.com", "203.0.113.7")

    assert subject.startswith("att_")
    assert not [part for part in ("ada", "example", "203") if part in subject.removeprefix("att_")]
