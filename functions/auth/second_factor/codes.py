"""Second factor codes: time-based codes (TOTP, RFC 6238) and recovery codes. Pure.

The secret in the authenticator app is derived from a stored seed and the pepper. So a stolen table
alone produces no codes.
"""

import base64
import hmac
import secrets
import unicodedata
from datetime import datetime

import pyotp

from shared.records import Record
from shared.security import opaque_tokens
from shared.security.key_rings import KeyRing
from shared.storage.models.accounts import Login
from shared.storage.transactions import Action, Condition

STEP_SECONDS = 30  # RFC 6238, 5.2
STEPS_OFF_MAX = 1  # how far a phone's clock may be ahead or behind
RECOVERY_CODE_COUNT = 10
_RECOVERY_CODE_BYTES = 10  # 80 bits: long-lived, but each guess is a counted login attempt


class AcceptedCode(Record):
    """A correct code: either one of a time step, or a recovery code. Each works once."""

    step: int | None = None
    recovery_hash: str | None = None

    @property
    def actions(self) -> list[Action]:
        """The updates of the login that use the code up."""
        if self.step is not None:
            return [Login.totp_step.set(self.step)]
        return [Login.recovery_hashes.delete({self.recovery_hash})]

    @property
    def is_unused(self) -> Condition:
        """The condition that nobody has used the code since it was matched."""
        is_unused: Condition = Login.recovery_hashes.contains(self.recovery_hash)
        if self.step is not None:
            is_unused = Login.totp_step.does_not_exist() | (Login.totp_step < self.step)
        return is_unused


def new_seed(pepper: KeyRing) -> str:
    """Return `kid:seed`: the name of the pepper, and the seed that it turns into the secret."""
    return f"{pepper.current}:{opaque_tokens.new_secret()}"


def totp_from_seed(seed: str, pepper: KeyRing) -> pyotp.TOTP:
    kid, _, rest = seed.partition(":")
    secret = hmac.digest(pepper.keys[kid], f"totp {rest}".encode(), "sha256")[:20]
    return pyotp.TOTP(base64.b32encode(secret).decode(), interval=STEP_SECONDS)


def match_code(login: Login, code: str, pepper: KeyRing, *, now: datetime) -> AcceptedCode | None:
    """Return None unless the code is the current unused one, or an unused recovery code."""
    typed = "".join(unicodedata.normalize("NFKC", code).split()).lower()
    if not login.totp_seed:
        return None
    step = _find_step(typed, totp_from_seed(login.totp_seed, pepper), now)
    if step is not None and step > (login.totp_step or 0):
        return AcceptedCode(step=step)
    hashed = opaque_tokens.digest(typed.replace("-", ""))
    if hashed in (login.recovery_hashes or ()):
        return AcceptedCode(recovery_hash=hashed)
    return None


def removal_actions() -> list[Action]:
    """Return the updates that remove every trace of a second factor from a login."""
    return [Login.totp_seed.remove(), Login.totp_step.remove(), Login.recovery_hashes.remove()]


def new_recovery_codes() -> list[str]:
    """Return codes such as `xxxx-xxxx-xxxx-xxxx`. The owner sees them once."""
    return [
        _format_recovery_code(secrets.token_bytes(_RECOVERY_CODE_BYTES))
        for _ in range(RECOVERY_CODE_COUNT)
    ]


def hash_recovery_codes(recovery_codes: list[str]) -> set[str]:
    return {opaque_tokens.digest(code.replace("-", "")) for code in recovery_codes}


def _format_recovery_code(raw: bytes) -> str:
    text = base64.b32encode(raw).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _find_step(code: str, totp: pyotp.TOTP, now: datetime) -> int | None:
    """Return the time step of the code, if it is close enough to now."""
    current = int(now.timestamp()) // STEP_SECONDS
    for step in range(current - STEPS_OFF_MAX, current + STEPS_OFF_MAX + 1):
        if hmac.compare_digest(totp.at(step * STEP_SECONDS).encode(), code.encode()):
            return step
    return None
