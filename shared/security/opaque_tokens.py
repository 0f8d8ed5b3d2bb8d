"""Random secrets: refresh tokens, API keys, and the tokens in links.

A secret has 256 random bits, and only its SHA-256 digest is stored. Nobody can guess such a secret,
so it needs neither a salt nor a slow hash (OWASP Cheat Sheet: Cryptographic Storage; ASVS 5.0,
11.5.1).
"""

import hashlib
import hmac
import secrets

SECRET_BYTES = 32


def new_secret() -> str:
    """43 characters of base64url."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> str:
    """Return what the shop stores of the secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def matches_digest(secret: str, stored: str | None) -> bool:
    """Whether `stored` is the secret's digest. The comparison takes constant time."""
    return hmac.compare_digest(digest(secret), stored or "")
