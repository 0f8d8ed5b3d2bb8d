"""How often something may be done from one place in an hour."""

import ipaddress
from datetime import datetime, timedelta

from shared import ids
from shared.errors.accounts import TooManyAttempts
from shared.storage.models.accounts import Attempts
from shared.storage.transactions import Transaction

HOUR = 3600


def network(address: str) -> str:
    """Whoever has one IPv6 address has the 2^64 of its subnet too (RFC 6177)."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def hourly_subject(what: str, whose: str, now: datetime) -> str:
    """Counts begin anew with each hour of the clock."""
    return ids.derived_id("att", what, whose, str(int(now.timestamp()) // HOUR))


def consume_hourly_quota(
    transaction: Transaction, what: str, whose: str, *, limit: int, now: datetime
) -> None:
    """One of the `limit` times an hour that this may be done. Its refusal is TooManyAttempts."""
    left = HOUR - int(now.timestamp()) % HOUR
    transaction.update(
        Attempts(hourly_subject(what, whose, now)),
        [
            Attempts.failures.add(1),
            Attempts.last_failed_at.set(now),
            Attempts.expires_at.set(now + timedelta(hours=2)),
        ],
        only_if=Attempts.subject.does_not_exist() | (Attempts.failures < limit),
        otherwise=TooManyAttempts("This was asked for too often. Wait.", retry_after=left),
    )
