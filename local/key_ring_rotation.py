"""Computes the next content of a key ring (`shared.security.key_rings`). Pure functions."""

import json
import secrets
from datetime import datetime, timedelta

from shared.security.key_rings import REREAD_SECONDS, KeyRing

CLOCK_MARGIN = timedelta(seconds=60)  # for clocks that differ, and for the write itself
TAKEOVER_DELAY = timedelta(seconds=REREAD_SECONDS) + CLOCK_MARGIN
KEY_BYTES = 48


class RotationTooEarly(Exception):
    """A token that the oldest key signed may still be valid."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"{wait.total_seconds():.0f} s too early")
        self.wait = wait


def rotate(secret: str, *, now: datetime, signature_lifetime: timedelta) -> str:
    """The ring with a new key, which verifies at once and signs after TAKEOVER_DELAY.

    Two keys remain: the one that signs now and the new one. `signature_lifetime` is how long a
    signature must stay valid. Refresh tokens do not count: the database stores their digests, and
    they need the key that derived their successor only for the grace period of ten seconds.

    Raises RotationTooEarly. Raises ValueError when the secret is no key ring.
    """
    current = KeyRing.parse(secret).current
    ring = json.loads(secret)
    last_takeover = ring.get("next_from")
    if last_takeover is not None:
        # Until the new key signs in every instance, the key before it may still sign.
        earliest = datetime.fromisoformat(last_takeover) + TAKEOVER_DELAY + signature_lifetime
        if now < earliest:
            raise RotationTooEarly(earliest - now)
    new = _next_key_id(ring)
    return json.dumps(
        {
            "current": current,
            current: ring[current],
            new: secrets.token_urlsafe(KEY_BYTES),
            "next": new,
            "next_from": (now + TAKEOVER_DELAY).isoformat(timespec="seconds"),
        }
    )


def _next_key_id(ring: dict[str, str]) -> str:
    numbers = [int(kid[1:]) for kid in ring if kid[:1] == "k" and kid[1:].isdecimal()]
    return f"k{max(numbers, default=0) + 1}"
