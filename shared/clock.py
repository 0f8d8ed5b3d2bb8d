"""Time, always aware and always UTC."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The current instant, to the microsecond."""
    return datetime.now(UTC)
