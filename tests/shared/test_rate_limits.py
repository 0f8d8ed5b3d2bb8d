"""Hourly limits, and what counts as one client."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors.accounts import TooManyAttempts
from shared.storage import rate_limits
from shared.storage.models.accounts import Attempts
from shared.storage.transactions import Transaction

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:0db8:0000:0000:1::1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
    ],
)
def test_an_ipv6_subnet_counts_as_one_address(one, other, is_same):
    assert (rate_limits.network(one) == rate_limits.network(other)) is is_same


def test_a_counter_restarts_with_each_hour():
    late = NOON + timedelta(minutes=59, seconds=59)

    subjects = [rate_limits.hourly_subject("mail", "x", time) for time in (NOON, late)]

    assert subjects[0] == subjects[1]
    assert rate_limits.hourly_subject("mail", "x", NOON + timedelta(hours=1)) != subjects[0]


def consume(*, limit: int, now: datetime = NOON, units: int = 1) -> None:
    transaction = Transaction()
    rate_limits.consume_hourly_quota(transaction, "mail", "x", limit=limit, now=now, units=units)
    transaction.commit()


@pytest.mark.usefixtures("aws")
def test_the_quota_is_refused_at_its_hourly_limit():
    for _ in range(3):
        consume(limit=3)

    with pytest.raises(TooManyAttempts) as raised:
        consume(limit=3, now=NOON + timedelta(minutes=59, seconds=1))

    assert raised.value.headers() == {"Retry-After": "59"}
    assert [counter.failures for counter in Attempts.scan()] == [3]
    consume(limit=3, now=NOON + timedelta(hours=1))


@pytest.mark.usefixtures("aws")
def test_a_use_of_more_units_than_are_left_is_refused():
    consume(limit=10, units=7)

    with pytest.raises(TooManyAttempts):
        consume(limit=10, units=4)

    assert [counter.failures for counter in Attempts.scan()] == [7]
    consume(limit=10, units=3)


@pytest.mark.usefixtures("aws")
def test_a_use_of_more_units_than_the_limit_is_refused():
    with pytest.raises(TooManyAttempts):
        consume(limit=10, units=11)

    assert list(Attempts.scan()) == []
