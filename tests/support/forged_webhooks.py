"""Webhooks' signatures, by a hand of its own: what is tested must not make them."""

import hashlib
import hmac
from datetime import datetime


def signed(body: bytes, secret: str, *, at: datetime) -> str:
    """The header of a webhook with that body."""
    seconds = int(at.timestamp())
    mac = hmac.new(secret.encode(), b"%d." % seconds + body, hashlib.sha256)
    return f"t={seconds},v1={mac.hexdigest()}"
