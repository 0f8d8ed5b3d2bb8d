"""Password hashes: bcrypt over a keyed pre-hash.

bcrypt reads 72 bytes and raises above that; 128 code points can be 512. So the password first
goes through HMAC-SHA-256 with a key (the pepper) from Secrets Manager, base64 (44 bytes, and no
NUL, at which bcrypt would stop): nothing is truncated, and a stolen table alone cannot be
attacked (OWASP Password Storage).
"""

import base64
import hmac
import unicodedata
from functools import cache

import bcrypt

from shared.security.key_rings import KeyRing


def hash_password(password: str, pepper: KeyRing, *, cost: int) -> str:
    """`kid:bcrypt`: which pepper was used, and the hash. `cost` is log2 of the rounds."""
    prehash = _prehash(password, pepper.signing_key)
    return f"{pepper.current}:{bcrypt.hashpw(prehash, bcrypt.gensalt(cost)).decode()}"


def is_password(password: str, stored: str, pepper: KeyRing, *, cost: int) -> bool:
    """In the time that a hash of that cost takes, though this one may be older and cheaper."""
    kid, _, hashed = stored.partition(":")
    prehash = _prehash(password, pepper.keys[kid])
    # 2^n and then 2^n, 2^(n+1) ... are together what one hash of the present cost is.
    for missing in range(_cost_of(stored), cost):
        bcrypt.checkpw(prehash, _decoy(missing))
    return bcrypt.checkpw(prehash, hashed.encode())


def is_current(stored: str, pepper: KeyRing, *, cost: int) -> bool:
    """Whether `hash_password` would make it so today; a cost that was lowered leaves it alone."""
    return stored.startswith(f"{pepper.current}:") and _cost_of(stored) >= cost


def verify_dummy_hash(password: str, pepper: KeyRing, *, cost: int) -> None:
    """Take as long as `is_password` does, so that an unknown e-mail does not show in the time."""
    bcrypt.checkpw(_prehash(password, pepper.signing_key), _decoy(cost))


def _cost_of(stored: str) -> int:
    return int(stored.split("$")[2])


@cache
def _decoy(cost: int) -> bytes:
    # Any salt and digest will do: nobody's prehash is known to give it.
    return f"$2b${cost:02d}$".encode() + b"." * 22 + b"x" * 31


def _prehash(password: str, key: bytes) -> bytes:
    # NIST SP 800-63B-4, 3.1.1.2: normalise once, so that two keyboards give one password.
    normalised = unicodedata.normalize("NFKC", password).encode()
    return base64.b64encode(hmac.digest(key, normalised, "sha256"))
