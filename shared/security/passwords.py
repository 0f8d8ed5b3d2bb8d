"""Password hashes: bcrypt over a keyed pre-hash.

bcrypt reads 72 bytes and raises above that; 128 code points can be 512 bytes. So the password first
goes through HMAC-SHA-256 with a key (the pepper) from Secrets Manager, then through base64. The
result has 44 bytes and no NUL, at which bcrypt would stop. Nothing is truncated, and a stolen table
alone cannot be attacked (OWASP Password Storage).
"""

import base64
import hmac
import unicodedata
from functools import cache

import bcrypt

from shared.security.key_rings import KeyRing


def hash_password(password: str, pepper: KeyRing, *, cost: int) -> str:
    """Return `kid:bcrypt`: the pepper's name and the hash. `cost` is log2 of the rounds."""
    prehash = _prehash(password, pepper.signing_key)
    return f"{pepper.current}:{bcrypt.hashpw(prehash, bcrypt.gensalt(cost)).decode()}"


def verify_password(password: str, stored: str, pepper: KeyRing, *, cost: int) -> bool:
    """Whether the password is right. Takes as long as a hash of `cost`, even for a cheaper hash."""
    kid, _, hashed = stored.partition(":")
    prehash = _prehash(password, pepper.keys[kid])
    # A hash of cost n, and then n, n+1 ... up to `cost` - 1, together cost one hash of `cost`.
    for missing in range(_cost_of(stored), cost):
        bcrypt.checkpw(prehash, _dummy_hash(missing))
    return bcrypt.checkpw(prehash, hashed.encode())


def is_current(stored: str, pepper: KeyRing, *, cost: int) -> bool:
    """Whether the hash has the current pepper, and at least the current cost."""
    return stored.startswith(f"{pepper.current}:") and _cost_of(stored) >= cost


def verify_dummy_hash(password: str, pepper: KeyRing, *, cost: int) -> None:
    """Take as long as `verify_password`, so that the time does not reveal an unknown e-mail."""
    bcrypt.checkpw(_prehash(password, pepper.signing_key), _dummy_hash(cost))


def _cost_of(stored: str) -> int:
    return int(stored.split("$")[2])


@cache
def _dummy_hash(cost: int) -> bytes:
    # Any salt and digest will do: no known pre-hash has this digest.
    return f"$2b${cost:02d}$".encode() + b"." * 22 + b"x" * 31


def _prehash(password: str, key: bytes) -> bytes:
    # NIST SP 800-63B-4, 3.1.1.2: normalise, so that two keyboards produce the same password.
    normalised = unicodedata.normalize("NFKC", password).encode()
    return base64.b64encode(hmac.digest(key, normalised, "sha256"))
