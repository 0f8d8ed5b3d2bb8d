"""Secrets that mean nothing: refresh tokens, API keys, the tokens in links.

256 random bits, and stored as a SHA-256 digest alone: what cannot be guessed needs no salt and no
slow hash (OWASP Cheat Sheet: Cryptographic Storage; ASVS 5.0, 11.5.1).
"""

import hashlib
import hmac
import secrets

BYTES = 32


def new_secret() -> str:
    """43 characters of base64url."""
    return secrets.token_urlsafe(BYTES)


def digest(secret: str) -> str:
    """What is stored of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret(secret: str, stored: str | None) -> bool:
    """Whether `stored` is its digest, in a time that tells nothing."""
    return hmac.compare_digest(digest(secret), stored or "")
