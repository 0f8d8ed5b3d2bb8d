"""Hourly limits, and what counts as one client."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from unittest import mock

import pytest

from shared.errors.accounts import TooManyAttempts
from shared.storage import rate_limits
from shared.storage.models.accounts import Attempts
from shared.storage.transactions import Contended, Transaction

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
THREADS = 8


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

    one, other, later = (
        rate_limits.hourly_subjects("mail", "x", limit=100, now=time)
        for time in (NOON, late, NOON + timedelta(hours=1))
    )

    assert one == other
    assert not set(one) & set(later)


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


def used() -> int:
    return sum(int(shard.failures) for shard in Attempts.scan())


@pytest.mark.usefixtures("aws")
def test_the_shards_together_take_the_whole_limit():
    for _ in range(87):
        consume(limit=87)

    with pytest.raises(TooManyAttempts):
        consume(limit=87)

    assert len(list(Attempts.scan())) == rate_limits.SHARDS_MAX
    assert used() == 87


@pytest.mark.usefixtures("aws")
def test_an_instance_that_knows_nothing_finds_the_last_units():
    for _ in range(87):
        rate_limits.known_counter.forget()  # as another function instance
        consume(limit=87)

    for _ in range(2):  # the second refusal knows of the first
        with pytest.raises(TooManyAttempts):
            consume(limit=87)
    assert used() == 87


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("instances", ["one", "many"])
def test_concurrent_uses_never_pass_the_limit(instances):
    barrier = Barrier(THREADS)

    def use_up() -> int:
        barrier.wait()
        done = 0
        while True:
            if instances == "many":
                rate_limits.known_counter.forget()
            try:
                consume(limit=87, units=3)
            except Contended:
                continue  # the others won each attempt
            except TooManyAttempts:
                return done
            done += 1

    with ThreadPoolExecutor(THREADS) as pool:
        done = sum(pool.map(lambda _: use_up(), range(THREADS)))

    assert done == 87 // 3
    assert used() == 87


@pytest.mark.usefixtures("aws")
def test_a_use_takes_its_units_from_several_shards():
    consume(limit=87, units=80)

    with pytest.raises(TooManyAttempts):
        consume(limit=87, units=8)

    consume(limit=87, units=7)
    assert used() == 87


@pytest.mark.usefixtures("aws")
def test_a_use_knows_how_many_writes_it_may_need():
    transaction = Transaction()
    for units in (1, 5, 50):
        rate_limits.consume_hourly_quota(transaction, "mail", "x", limit=87, now=NOON, units=units)

    assert len(transaction) == 1 + 5 + rate_limits.SHARDS_MAX


@pytest.mark.usefixtures("aws")
def test_a_counter_of_the_previous_release_counts():
    """It has one item for each hour, which may hold the whole limit."""
    first, *_ = rate_limits.hourly_subjects("mail", "x", limit=87, now=NOON)
    Attempts(first, failures=87, last_failed_at=NOON, expires_at=NOON).save()

    for _ in range(87 - 11):  # the shares of the other shards
        consume(limit=87)
    with pytest.raises(TooManyAttempts):
        consume(limit=87)


@pytest.mark.usefixtures("aws")
def test_a_known_refusal_calls_nothing():
    for _ in range(20):
        consume(limit=20)

    with mock.patch.object(Transaction, "update", side_effect=AssertionError):
        with pytest.raises(TooManyAttempts):
            consume(limit=20)
        with pytest.raises(TooManyAttempts):
            rate_limits.require_hourly_quota("mail", "x", limit=20, now=NOON)


@pytest.mark.usefixtures("aws")
def test_a_use_that_was_not_stored_does_not_count():
    transaction = Transaction()
    rate_limits.consume_hourly_quota(transaction, "mail", "x", limit=1, now=NOON)
    transaction.put(
        Attempts("other", failures=0, last_failed_at=NOON, expires_at=NOON),
        only_if=Attempts.subject.exists(),
        otherwise=LookupError(),
    )

    with pytest.raises(LookupError):
        transaction.commit()

    consume(limit=1)
