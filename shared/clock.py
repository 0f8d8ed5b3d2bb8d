"""Time, always aware and always UTC."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The current time, to the microsecond."""
    return datetime.now(UTC)
