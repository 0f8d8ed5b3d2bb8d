"""Opaque identifiers whose prefix names their kind: `usr_ ses_ prd_ ord_ upl_ evt_`."""

import base64
import hashlib
import secrets

_BITS = 160  # 32 base32 characters without padding; a collision is practically impossible


def new_id(prefix: str) -> str:
    """A random identifier that nobody can guess."""
    return f"{prefix}_{_base32(secrets.token_bytes(_BITS // 8))}"


def derived_id(prefix: str, *parts: str) -> str:
    """Always the same identifier for the same parts, so that a repeat finds the first.

    Each part is hashed after its length, so ("a", "bc") and ("ab", "c") differ.
    """
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big") + encoded)
    return f"{prefix}_{_base32(digest.digest()[: _BITS // 8])}"


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().lower()
