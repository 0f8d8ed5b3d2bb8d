"""Limits on how often one network, or one user, may do something in an hour.

DynamoDB lets one transaction at a time write an item. So a counter with a large limit is divided
into shards, each with a part of the limit, and a use takes a random shard that has units left. All
shards together never pass the limit, however many requests come at once. A use is refused when all
shards together have too few units left.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import field
from datetime import datetime, timedelta
from functools import partial

from shared import ids
from shared.errors.accounts import TooManyAttempts
from shared.records import Record
from shared.storage.cache import CacheLimit, cached
from shared.storage.models.accounts import Attempts
from shared.storage.transactions import Contended, Transaction
from shared.storage.write_sharding import allocate, divide_evenly

HOUR_SECONDS = 3600
COUNTER_TTL = timedelta(hours=2)  # longer than the hour that is counted
SHARDS_MAX = 8  # together they take 200 uses a second or more (docs/scale.md)
SHARD_UNITS_MIN = 10  # in smaller shards, many uses would meet a full one
COUNTERS_KNOWN_MAX = 1000  # in one function instance

# How a refusal names what is counted. The keys are part of stored counters.
_NAMES = {
    "mail from": "mails that your network causes",
    "order of": "orders of your account",
    "guest order from": "guest orders from your network",
    "guest cart from": "new guest carts from your network",
    "unknown promotion code of": "unknown promotion codes",
    "upload of": "uploads of your account",
    "API key of": "new API keys of your account",
    "payment start of": "payment starts of this order",
}


def network(address: str) -> str:
    """Return the unit that counts as one client: an IPv4 address, or an IPv6 /64.

    Whoever has one IPv6 address usually has the 2^64 addresses of its subnet (RFC 6177).
    """
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def hourly_subjects(what: str, key: str, *, limit: int, now: datetime) -> list[str]:
    """Return the keys of a counter's shards; each hour of the clock has its own."""
    first = ids.derived_id("att", what, key, str(int(now.timestamp()) // HOUR_SECONDS))
    shards = min(max(limit // SHARD_UNITS_MIN, 1), SHARDS_MAX)
    return [first, *(ids.derived_id("att", first, str(shard)) for shard in range(1, shards))]


def consume_hourly_quota(  # noqa: PLR0913 (all but two by name)
    transaction: Transaction, what: str, key: str, *, limit: int, now: datetime, units: int = 1
) -> None:
    """Stage the use of `units` of `limit` units an hour.

    The transaction raises TooManyAttempts if fewer units are left. `retry_after` is the number of
    seconds until the next hour of the clock.
    """
    transaction.choose(_Use(find_counter(what, key, limit=limit, now=now), what, units, now))


def require_hourly_quota(what: str, key: str, *, limit: int, now: datetime) -> None:
    """Raises TooManyAttempts if this instance knows that no unit is left. Calls nothing."""
    if find_counter(what, key, limit=limit, now=now).units_left < 1:
        raise limit_reached(what, now)


def find_counter(what: str, key: str, *, limit: int, now: datetime) -> "HourlyCounter":
    return known_counter(tuple(hourly_subjects(what, key, limit=limit, now=now)), limit)


class HourlyCounter(Record, frozen=False):
    """What this instance knows of an hour's counter.

    Counts only rise within their hour. So what was once used is the least that is used now, and a
    counter without units left has none until the hour ends.
    """

    subjects: tuple[str, ...]  # of the shards
    limit: int
    shares: dict[int, int] = field(init=False)  # of the limit, by shard
    used: list[int] = field(init=False)  # at least, by shard
    is_stale: bool = False  # a shard had fewer units left than this instance knew

    def __post_init__(self) -> None:
        self.shares = divide_evenly(self.limit, len(self.subjects))
        self.used = [0] * len(self.subjects)

    @property
    def units_left(self) -> int:
        """At most."""
        return sum(self._units_left_by_shard().values())

    def record(self, shard: int, used: int) -> None:
        self.used[shard] = max(self.used[shard], used)

    def read(self) -> None:
        self.record_stored(Attempts.find_many(self.subjects).values())

    def record_stored(self, stored: Iterable[Attempts]) -> None:
        """Learn from all of the shards that are stored."""
        for item in stored:
            self.record(self.subjects.index(item.subject), int(item.failures))
        self.is_stale = False

    def allocate(self, units: int) -> dict[int, int] | None:
        """Choose shards for these units, by shard; None if too few units are left."""
        return allocate(self._units_left_by_shard(), units)

    def _units_left_by_shard(self) -> dict[int, int]:
        return {shard: max(0, share - self.used[shard]) for shard, share in self.shares.items()}


@cached(seconds=HOUR_SECONDS, limit=CacheLimit(COUNTERS_KNOWN_MAX))
def known_counter(subjects: tuple[str, ...], limit: int) -> HourlyCounter:
    """The counter with these shards, which starts with nothing known."""
    return HourlyCounter(subjects, limit)


class _ShardFull(Contended):
    """Others have used a shard that seemed to have units left: choose again."""


class _Use(Record, frozen=False):
    """The use of some units of a counter, as a choice of shards."""

    counter: HourlyCounter
    what: str
    units: int
    now: datetime
    used_after: dict[int, int] = field(default_factory=dict)  # at least, by chosen shard

    @property
    def writes_max(self) -> int:
        return min(self.units, len(self.counter.subjects))

    def stage(self, transaction: Transaction) -> None:
        if self.counter.is_stale:
            self.counter.read()
        allocated = self.counter.allocate(self.units)
        if allocated is None:
            raise limit_reached(self.what, self.now)
        self.used_after = {
            shard: self.counter.used[shard] + units for shard, units in allocated.items()
        }
        for shard, units in allocated.items():
            self._stage_shard(transaction, shard, units)

    def on_commit(self) -> None:
        for shard, used in self.used_after.items():
            self.counter.record(shard, used)

    def _stage_shard(self, transaction: Transaction, shard: int, units: int) -> None:
        transaction.update(
            Attempts(self.counter.subjects[shard]),
            [
                Attempts.failures.add(units),
                Attempts.last_failed_at.set(self.now),
                Attempts.expires_at.set(self.now + COUNTER_TTL),
            ],
            only_if=Attempts.subject.does_not_exist()
            | (Attempts.failures <= self.counter.shares[shard] - units),
            otherwise=partial(self._refuse, shard),
        )

    def _refuse(self, shard: int, found: Attempts | None) -> Exception:
        self.counter.record(shard, int(found.failures) if found else 0)
        self.counter.is_stale = True
        if self.counter.units_left < self.units:
            return limit_reached(self.what, self.now)
        return _ShardFull()


def limit_reached(what: str, now: datetime) -> TooManyAttempts:
    seconds_left = HOUR_SECONDS - int(now.timestamp()) % HOUR_SECONDS
    return TooManyAttempts(
        f"The hourly limit of {_NAMES.get(what, what)} is reached. Retry after the time in "
        "Retry-After, when the next hour begins.",
        retry_after=seconds_left,
    )
