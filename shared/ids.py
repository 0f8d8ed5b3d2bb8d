"""Opaque identifiers whose prefix names their kind: `usr_ ses_ prd_ ord_ upl_ evt_`."""

import hashlib
import secrets

_BITS = 160  # 32 base32 characters without padding; a collision is practically impossible

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]  # of ten bits
_SHIFTS = range(_BITS - 10, -1, -10)


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
    """As RFC 4648 has it, in lower case. An import makes four ids a row: base64's takes longer."""
    number = int.from_bytes(raw, "big")
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])
