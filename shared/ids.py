"""Opaque identifiers with a prefix that names their kind: `usr_ ses_ prd_ ord_ upl_ evt_`."""

import base64
import hashlib
import secrets

_BITS = 160  # 32 base32 characters: no padding, and no collision that anyone will live to see


def new_id(prefix: str) -> str:
    """A random identifier that nobody can guess."""
    return f"{prefix}_{_base32(secrets.token_bytes(_BITS // 8))}"


def derived_id(prefix: str, *parts: str) -> str:
    """The identifier that these parts always give, so that a repeat finds the first.

    The parts are length-prefixed before hashing: ("a", "bc") and ("ab", "c") differ.
    """
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big") + encoded)
    return f"{prefix}_{_base32(digest.digest()[: _BITS // 8])}"


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().lower()
