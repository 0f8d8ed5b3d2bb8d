"""Refresh tokens: opaque to clients, and valid once. A reuse reveals a copy. Pure.

`rt.<user>.<session>.<epoch>.<family>.<secret>`: the session's key and its expected epoch, 128 bits
that all tokens of the session share, and 256 bits that each use replaces. Family and secret are
stored as digests. A token with the right family and a wrong secret was issued and used before, so
somebody has a copy (RFC 9700, 4.14.2). A token with a wrong family was never issued, and ends no
session.

The next secret is derived from the current one with a key of the shop. A second tab, or a client
whose reply was lost, may send the same token a moment later and gets the same next token. So a
session never has two chains of tokens.
"""

import base64
import hmac
import re
import secrets
from datetime import timedelta

from shared.errors.accounts import TokenInvalid
from shared.records import Record
from shared.security import opaque_tokens
from shared.security.key_rings import KeyRing
from shared.storage.models.accounts import Session

REUSE_GRACE = timedelta(seconds=10)  # for a second tab, or a reply that was lost
IDLE_TTL = timedelta(days=14)  # without use
ABSOLUTE_TTL = timedelta(days=30)  # however often it is used
_FAMILY_BYTES = 16

_FORM = re.compile(
    r"rt\.(?P<user>[a-z2-7]{32})\.(?P<session>[a-z2-7]{32})\.(?P<epoch>[0-9]{1,12})"
    r"\.(?P<family>[\w-]{22})\.(?P<secret>[\w-]{43})",
    re.ASCII,
)


class RefreshToken(Record):
    user_id: str
    session_id: str
    epoch: int
    family: str
    secret: str

    def __str__(self) -> str:
        user, session = (full.partition("_")[2] for full in (self.user_id, self.session_id))
        return f"rt.{user}.{session}.{self.epoch}.{self.family}.{self.secret}"

    @classmethod
    def parse(cls, text: str) -> "RefreshToken":
        """Raises TokenInvalid."""
        parts = _FORM.fullmatch(text)
        if parts is None:
            raise TokenInvalid
        return cls(
            f"usr_{parts['user']}",
            f"ses_{parts['session']}",
            int(parts["epoch"]),
            parts["family"],
            parts["secret"],
        )

    @classmethod
    def first(cls, user_id: str, session_id: str, epoch: int) -> "RefreshToken":
        """Create the first token of a session."""
        family = secrets.token_urlsafe(_FAMILY_BYTES)
        return cls(user_id, session_id, epoch, family, opaque_tokens.new_secret())

    @property
    def family_hash(self) -> str:
        return opaque_tokens.digest(self.family)

    @property
    def hash(self) -> str:
        return opaque_tokens.digest(self.secret)

    def successor(self, ring: KeyRing) -> "RefreshToken":
        return self._derive(ring.signing_key)

    def find_successor(self, session: Session, ring: KeyRing) -> "RefreshToken | None":
        """Return the token that replaced this one, if it is still the session's current token."""
        candidates = (self._derive(key) for key in ring.keys.values())
        return next((token for token in candidates if token.hash == session.refresh_hash), None)

    def belongs_to(self, session: Session) -> bool:
        """Whether the shop issued this token for the session, now or before."""
        return opaque_tokens.matches_digest(self.family, session.family_hash)

    def _derive(self, key: bytes) -> "RefreshToken":
        derived = hmac.digest(key, f"refresh {self.session_id} {self.secret}".encode(), "sha256")
        return self.replace(secret=base64.urlsafe_b64encode(derived).rstrip(b"=").decode())
