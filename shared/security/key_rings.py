"""Rings of secret keys, kept in Secrets Manager and nowhere else.

A secret holds JSON: `{"current": "k1", "k1": "...", "k2": "..."}`. The current key signs; all of
them verify, so that a key rotates and nobody is logged out. `"next": "k2"` takes over as current at
`"next_from"`, which lies so far ahead that by then every instance has read the new key.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from shared import aws, clock
from shared.errors.base import Unavailable
from shared.storage.cache import cached

KEY_BYTES_MIN = 32  # RFC 7518, 3.2: no shorter than the hash that HS256 uses
REREAD_SECONDS = 60  # a new key is in use everywhere within this


@dataclass(frozen=True, slots=True)
class KeyRing:
    current: str
    keys: dict[str, bytes]

    @property
    def signing_key(self) -> bytes:
        return self.keys[self.current]

    @classmethod
    def parse(cls, secret: str) -> "KeyRing":
        """Raises ValueError when the secret is no ring, or holds a key that is too short."""
        names = json.loads(secret)
        if not isinstance(names, dict) or not all(isinstance(key, str) for key in names.values()):
            raise ValueError("the ring is not a JSON object of strings")
        current, successor, since = (names.pop(it, None) for it in ("current", "next", "next_from"))
        keys = {kid: key.encode() for kid, key in names.items()}
        if current not in keys:
            raise ValueError("the ring's current key is not in it")
        if (successor is None) != (since is None) or successor not in {None, *keys}:
            raise ValueError("the ring's next key is not in it, or has no time, or is not named")
        if successor is not None and clock.utc_now() >= _moment(since):
            current = successor
        if any(len(key) < KEY_BYTES_MIN for key in keys.values()):
            raise ValueError(f"a key has fewer than {KEY_BYTES_MIN} bytes")
        return cls(current, keys)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # which quotes the text, and that may be a key in the wrong place
        raise ValueError("the ring's time is no time") from None
    if moment.tzinfo is None:  # it would be another moment on each machine
        raise ValueError("the ring's time has no time zone")
    return moment


@cached(seconds=REREAD_SECONDS)
def key_ring(secret_arn: str) -> KeyRing:
    """The ring of that secret, at most 60 s old.

    Raises Unavailable when Secrets Manager does not answer: there is no default key.
    """
    try:
        answer = aws.client("secretsmanager").get_secret_value(SecretId=secret_arn)
    except (BotoCoreError, ClientError) as error:
        raise Unavailable("The shop cannot check credentials right now. Try again.") from error
    return KeyRing.parse(answer["SecretString"])
