"""Limits on how often one network, or one user, may do something in an hour."""

import ipaddress
from datetime import datetime, timedelta

from shared import ids
from shared.errors.accounts import TooManyAttempts
from shared.storage.models.accounts import Attempts
from shared.storage.transactions import Condition, Transaction

HOUR_SECONDS = 3600
COUNTER_TTL = timedelta(hours=2)  # longer than the hour that is counted


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


def hourly_subject(action: str, who: str, now: datetime) -> str:
    """Return the key of a counter; each hour of the clock has its own."""
    return ids.derived_id("att", action, who, str(int(now.timestamp()) // HOUR_SECONDS))


def consume_hourly_quota(  # noqa: PLR0913 (all but two by name)
    transaction: Transaction, what: str, key: str, *, limit: int, now: datetime, units: int = 1
) -> None:
    """Stage the use of `units` of `limit` units an hour.

    The transaction raises TooManyAttempts if fewer units are left. `retry_after` is the number of
    seconds until the next hour of the clock.
    """
    seconds_left = HOUR_SECONDS - int(now.timestamp()) % HOUR_SECONDS
    has_units_left: Condition = Attempts.failures <= limit - units
    if units <= limit:
        has_units_left |= Attempts.subject.does_not_exist()
    transaction.update(
        Attempts(hourly_subject(what, key, now)),
        [
            Attempts.failures.add(units),
            Attempts.last_failed_at.set(now),
            Attempts.expires_at.set(now + COUNTER_TTL),
        ],
        only_if=has_units_left,
        otherwise=TooManyAttempts(
            "Hourly limit reached. Retry after the time in Retry-After.", retry_after=seconds_left
        ),
    )
