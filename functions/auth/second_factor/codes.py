"""Codes of a second factor: time-based ones (TOTP, RFC 6238) and recovery codes. Pure.

The secret that an authenticator app shares is derived from a stored seed and the pepper, so that a
stolen table makes no codes.
"""

import base64
import hmac
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime

import pyotp

from shared.security import opaque_tokens
from shared.security.key_rings import KeyRing
from shared.storage.models.accounts import Login
from shared.storage.transactions import Action, Condition

SECONDS = 30  # RFC 6238, 5.2
WINDOW = 1  # steps that a phone's clock may be off, either way
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10  # 80 bits: they live long, and are guessed at only through a counted login


@dataclass(frozen=True, slots=True)
class UsedCode:
    """A code that was right: that of a time step, or a recovery code. Each is good once."""

    step: int | None = None
    recovery_hash: str | None = None

    @property
    def actions(self) -> list[Action]:
        """How to write down, in the login, that it is used up."""
        if self.step is not None:
            return [Login.totp_step.set(self.step)]
        return [Login.recovery_hashes.delete({self.recovery_hash})]

    @property
    def unused(self) -> Condition:
        unused: Condition = Login.recovery_hashes.contains(self.recovery_hash)
        if self.step is not None:
            unused = Login.totp_step.does_not_exist() | (Login.totp_step < self.step)
        return unused


def new_seed(pepper: KeyRing) -> str:
    """`kid:seed`: which pepper makes the secret of it, and what."""
    return f"{pepper.current}:{opaque_tokens.new_secret()}"


def totp_of(seed: str, pepper: KeyRing) -> pyotp.TOTP:
    kid, _, rest = seed.partition(":")
    secret = hmac.digest(pepper.keys[kid], f"totp {rest}".encode(), "sha256")[:20]
    return pyotp.TOTP(base64.b32encode(secret).decode(), interval=SECONDS)


def use(login: Login, code: str, pepper: KeyRing, *, now: datetime) -> UsedCode | None:
    """None unless it is the code of now, not used yet, or a recovery code that is left."""
    written = "".join(unicodedata.normalize("NFKC", code).split()).lower()
    if not login.totp_seed:
        return None
    step = _step_of(written, totp_of(login.totp_seed, pepper), now)
    if step is not None and step > (login.totp_step or 0):
        return UsedCode(step=step)
    hashed = opaque_tokens.digest(written.replace("-", ""))
    if hashed in (login.recovery_hashes or ()):
        return UsedCode(recovery_hash=hashed)
    return None


def removal() -> list[Action]:
    """Of all that the login holds of a second factor."""
    return [Login.totp_seed.remove(), Login.totp_step.remove(), Login.recovery_hashes.remove()]


def new_recovery_codes() -> list[str]:
    """Shown once: `xxxx-xxxx-xxxx-xxxx`."""
    return [_grouped(secrets.token_bytes(_RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]


def hashes_of(recovery_codes: list[str]) -> set[str]:
    return {opaque_tokens.digest(code.replace("-", "")) for code in recovery_codes}


def _grouped(raw: bytes) -> str:
    text = base64.b32encode(raw).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _step_of(code: str, totp: pyotp.TOTP, now: datetime) -> int | None:
    """The time step that it is the code of, of those that are near enough."""
    current = int(now.timestamp()) // SECONDS
    for step in range(current - WINDOW, current + WINDOW + 1):
        if hmac.compare_digest(totp.at(step * SECONDS).encode(), code.encode()):
            return step
    return None
