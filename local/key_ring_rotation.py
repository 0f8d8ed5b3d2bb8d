"""Rotating a key ring (`shared.security.key_rings`): what the secret holds next. Pure."""

import json
import secrets
from datetime import datetime, timedelta

from shared.security.key_rings import REREAD_SECONDS, KeyRing

MARGIN = timedelta(seconds=60)  # for clocks that differ, and for this write to arrive
TAKES_OVER_AFTER = timedelta(seconds=REREAD_SECONDS) + MARGIN
KEY_BYTES = 48


class TooEarly(Exception):
    """The key that would be dropped may still have signed tokens that live."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"{wait.total_seconds():.0f} s too early")
        self.wait = wait


def rotated(secret: str, *, now: datetime, signatures_live: timedelta) -> str:
    """The ring with a new key, which verifies at once and signs from TAKES_OVER_AFTER on.

    Two keys are left: the one that signs now, and the new one. `signatures_live` is how long after
    it was made a signature must be good. Refresh tokens do not count: they are known by their
    digests, and need the key that derived their successor for the ten seconds of grace alone.

    Raises TooEarly, and ValueError when it is no ring.
    """
    current = KeyRing.parse(secret).current
    ring = json.loads(secret)
    last = ring.get("next_from")
    if last is not None:
        # Until a key has taken over everywhere, the one before it may sign.
        over = datetime.fromisoformat(last) + TAKES_OVER_AFTER + signatures_live
        if now < over:
            raise TooEarly(over - now)
    new = _name_after(ring)
    return json.dumps(
        {
            "current": current,
            current: ring[current],
            new: secrets.token_urlsafe(KEY_BYTES),
            "next": new,
            "next_from": (now + TAKES_OVER_AFTER).isoformat(timespec="seconds"),
        }
    )


def _name_after(ring: dict[str, str]) -> str:
    numbers = [int(kid[1:]) for kid in ring if kid[:1] == "k" and kid[1:].isdecimal()]
    return f"k{max(numbers, default=0) + 1}"
