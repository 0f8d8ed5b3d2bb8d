"""Page cursors: DynamoDB's LastEvaluatedKey, made opaque, signed, and bound to one query.

A cursor is `kid.payload.mac`; the mac covers the key and the query that it continues, so that a
cursor cannot be forged, edited, or carried over to another query or another user.
"""

import base64
import binascii
import hmac
import json
from typing import Any

from shared.config import CursorSettings, settings
from shared.errors import InvalidCursor
from shared.keys import KeyRing, key_ring

LastEvaluatedKey = dict[str, dict[str, Any]]


def encode(last_key: LastEvaluatedKey | None, *, query: str) -> str | None:
    """The cursor to the page behind `last_key`, or None where there is none."""
    if last_key is None:
        return None
    ring = _ring()
    payload = _base64(json.dumps(last_key, separators=(",", ":")).encode())
    return f"{ring.current}.{payload}.{_mac(payload, query, ring.signing_key)}"


def decode(cursor: str | None, *, query: str) -> LastEvaluatedKey | None:
    """Where that query goes on. Raises InvalidCursor for any cursor but its own."""
    if cursor is None:
        return None
    ring = _ring()
    try:
        kid, payload, mac = cursor.split(".")
        expected = _mac(payload, query, ring.keys[kid])
        if not hmac.compare_digest(mac.encode(), expected.encode()):
            raise ValueError("signed for something else")
        key: LastEvaluatedKey = json.loads(base64.urlsafe_b64decode(payload + "=="))
    except (KeyError, ValueError, binascii.Error) as error:
        raise InvalidCursor(
            "This cursor is not one that this query gave. Start again without a cursor."
        ) from error
    return key


def _mac(payload: str, query: str, key: bytes) -> str:
    return _base64(hmac.digest(key, f"{query}\n{payload}".encode(), "sha256"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _ring() -> KeyRing:
    return key_ring(settings(CursorSettings).cursor_keys_secret_arn)
