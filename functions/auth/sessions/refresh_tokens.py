"""Refresh tokens: opaque to clients, good once, and telling when one was copied. Pure.

`rt.<user>.<session>.<epoch>.<family>.<secret>`: where to look and what to expect there, 128 bits
that all tokens of the session share, and 256 that each use replaces. Both are stored as digests.
A token with the right family and a wrong secret was issued by us and used up: a copy (RFC 9700,
4.14.2). One with a wrong family is noise, and noise ends no session.

The next secret is derived from the last with a key of the shop. So whoever comes with the last one
a moment later, a second tab or a client whose reply was lost, gets the same next one: a session
never has two chains.
"""

import base64
import hmac
import re
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from shared.errors.accounts import TokenInvalid
from shared.security import opaque_tokens
from shared.security.key_rings import KeyRing
from shared.storage.models.accounts import Session

GRACE = timedelta(seconds=10)
IDLE = timedelta(days=14)
ABSOLUTE = timedelta(days=30)

_FORM = re.compile(
    r"rt\.(?P<user>[a-z2-7]{32})\.(?P<session>[a-z2-7]{32})\.(?P<epoch>[0-9]{1,12})"
    r"\.(?P<family>[\w-]{22})\.(?P<secret>[\w-]{43})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class RefreshToken:
    user_id: str
    session_id: str
    epoch: int
    family: str
    secret: str

    def __str__(self) -> str:
        user, session = (of.partition("_")[2] for of in (self.user_id, self.session_id))
        return f"rt.{user}.{session}.{self.epoch}.{self.family}.{self.secret}"

    @classmethod
    def parse(cls, text: str) -> "RefreshToken":
        """Raises TokenInvalid."""
        parts = _FORM.fullmatch(text)
        if parts is None:
            raise TokenInvalid("This is not a refresh token of the shop. Log in.")
        return cls(
            f"usr_{parts['user']}",
            f"ses_{parts['session']}",
            int(parts["epoch"]),
            parts["family"],
            parts["secret"],
        )

    @classmethod
    def first(cls, user_id: str, session_id: str, epoch: int) -> "RefreshToken":
        family = secrets.token_urlsafe(16)
        return cls(user_id, session_id, epoch, family, opaque_tokens.new_secret())

    @property
    def family_hash(self) -> str:
        return opaque_tokens.digest(self.family)

    @property
    def hash(self) -> str:
        return opaque_tokens.digest(self.secret)

    def successor(self, ring: KeyRing) -> "RefreshToken":
        return self._derived(ring.signing_key)

    def successor_in(self, session: Session, ring: KeyRing) -> "RefreshToken | None":
        """The token that has replaced this one, if that is the session's current one."""
        candidates = (self._derived(key) for key in ring.keys.values())
        return next((it for it in candidates if it.hash == session.refresh_hash), None)

    def is_of(self, session: Session) -> bool:
        """Whether we have issued it for that session, now or before."""
        return opaque_tokens.is_secret(self.family, session.family_hash)

    def _derived(self, key: bytes) -> "RefreshToken":
        derived = hmac.digest(key, f"refresh {self.session_id} {self.secret}".encode(), "sha256")
        return replace(self, secret=base64.urlsafe_b64encode(derived).rstrip(b"=").decode())
