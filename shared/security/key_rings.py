"""Secrets, and the rings of keys in them. Secrets Manager is the only place that stores them.

Every instance uses a new secret within REREAD_SECONDS. An instance that cannot read the secret
keeps the last one for KEEP_SECONDS: longer than an outage of a region, and short enough that a
removed key dies within a day. An instance without the secret raises: there is no default.

The secret of a ring holds JSON: `{"current": "k1", "k1": "...", "k2": "..."}`. The current key
signs and all keys verify, so a rotation logs nobody out. `"next": "k2"` becomes current at
`"next_from"`. That time is far enough ahead for every instance to have read the new key.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from shared import aws, clock, observability, request_budget, snapstart
from shared.errors.base import AppError, Unavailable
from shared.storage.cache import CachedFunction, StaleIfError, cached

KEY_BYTES_MIN = 32  # RFC 7518, 3.2: at least as long as the hash of HS256
REREAD_SECONDS = 60
KEEP_SECONDS = 12 * 3600  # since the secret was read

Secret = TypeVar("Secret")


@dataclass(frozen=True, slots=True)
class KeyRing:
    current: str
    keys: dict[str, bytes]

    @property
    def signing_key(self) -> bytes:
        return self.keys[self.current]

    @classmethod
    def parse(cls, secret: str) -> "KeyRing":
        """Raises ValueError when the secret is not a ring, or a key in it is too short."""
        names = json.loads(secret)
        if not isinstance(names, dict) or not all(isinstance(key, str) for key in names.values()):
            raise ValueError("the ring is not a JSON object of strings")
        current, successor, since = (
            names.pop(field, None) for field in ("current", "next", "next_from")
        )
        keys = {kid: key.encode() for kid, key in names.items()}
        if current not in keys:
            raise ValueError("the ring does not contain its current key")
        if (successor is None) != (since is None) or successor not in {None, *keys}:
            raise ValueError("the ring needs next and next_from together, and next must name a key")
        if successor is not None and clock.utc_now() >= _parse_time(since):
            current = successor
        if any(len(key) < KEY_BYTES_MIN for key in keys.values()):
            raise ValueError(f"a key has fewer than {KEY_BYTES_MIN} bytes")
        return cls(current, keys)


def _parse_time(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:  # its message quotes the text, which may be a misplaced key
        raise ValueError("the ring's next_from is not a time") from None
    if parsed.tzinfo is None:  # machines in different time zones would read different times
        raise ValueError("the ring's next_from has no time zone")
    return parsed


@snapstart.before_snapshot
def _build_client() -> None:
    aws.client("secretsmanager")


def get_secret(secret_arn: str) -> str:
    """Raises Unavailable when Secrets Manager does not answer.

    The read has a budget of its own: if it fails, a request that has the last secret goes on.
    """
    try:
        with request_budget.limit_retries():
            answer = aws.client("secretsmanager").get_secret_value(SecretId=secret_arn)
    except (BotoCoreError, ClientError) as error:
        raise Unavailable("The shop cannot check credentials now. Retry in a moment.") from error
    return str(answer["SecretString"])


def cached_secret(read: Callable[[str], Secret]) -> CachedFunction[[str], Secret]:
    """Cache what this function reads and parses. It raises an AppError or ValueError if it fails.

    After a failure, the function is called again in 5 s, then 10 s, up to once in REREAD_SECONDS.
    """
    stale = StaleIfError(KEEP_SECONDS, on=(AppError, ValueError), on_failure=_log_failure)
    return cached(seconds=REREAD_SECONDS, stale=stale)(read)


def _log_failure(error: Exception) -> None:
    """CloudWatch counts these lines (template.yaml). The error's text may quote the secret."""
    reason = type(error.__cause__ or error).__name__
    observability.logger.error("secret not read", reason=reason)


@cached_secret
def key_ring(secret_arn: str) -> KeyRing:
    """Return the ring in this secret: at most 60 s old, or 12 hours if it cannot be read.

    Raises Unavailable when there is none and Secrets Manager does not answer.
    """
    return KeyRing.parse(get_secret(secret_arn))
