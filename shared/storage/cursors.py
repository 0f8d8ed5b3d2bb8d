"""Page cursors: a position in a query, opaque, signed and bound to that query and its user.

A cursor is `kid.payload.mac`. Clients cannot forge or edit one, use it for another query or as
another user, or use it after it has expired.
"""

import base64
import binascii
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any, Generic, TypeVar

from pynamodb.expressions.condition import Condition
from pynamodb.indexes import Index
from pynamodb.models import Model

from shared import clock
from shared.config import CursorSettings, settings
from shared.errors.requests import (
    CursorExpired,
    CursorQueryMismatch,
    CursorUserMismatch,
    InvalidCursor,
)
from shared.records import Record
from shared.security.key_rings import KeyRing, key_ring

LIFETIME = timedelta(hours=1)  # key rotation keeps the old key for as long
EXPIRY_STEP_SECONDS = 600  # expiries are multiples of it, so an unchanged page has the same bytes

Position = dict[str, Any]  # DynamoDB's LastEvaluatedKey
Indexed = TypeVar("Indexed", bound=Model)


class ItemPage(Record, Generic[Indexed]):
    items: list[Indexed]
    next_cursor: str | None


def query_page(  # noqa: PLR0913 (the parameters of a Query)
    index: Index[Indexed],
    hash_key: str,
    *,
    query: str,
    owner: str,
    limit: int,
    cursor: str | None,
    consistent: bool = False,
    between: Condition | None = None,
) -> ItemPage[Indexed]:
    """One page of an index's partition, in descending order: one Query.

    Only a local index can be read `consistent`. `between` limits the index's range key. Raises the
    errors of `decode`.
    """
    found = index.query(
        hash_key,
        between,
        scan_index_forward=False,
        consistent_read=consistent,
        limit=limit,
        page_size=limit,
        last_evaluated_key=decode(cursor, query=query, owner=owner),
    )
    items = list(found)
    return ItemPage(items, encode(found.last_evaluated_key, query=query, owner=owner))


def encode(position: Position | None, *, query: str, owner: str = "") -> str | None:
    """The cursor of the page after this position, or None if the position is None.

    `owner` is the user whose items the query lists, if they belong to one.
    """
    if position is None:
        return None
    ring = _ring()
    content = {
        "at": position,
        "query": _short_digest(query),
        "owner": _short_digest(owner),
        "until": _expiry(),
    }
    # Unicode as it is: escaped, a group of 64 letters in two keys would exceed a cursor's length.
    document = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    payload = _base64(document.encode())
    return f"{ring.current}.{payload}.{_mac(payload, ring.signing_key)}"


def decode(cursor: str | None, *, query: str, owner: str = "") -> Position | None:
    """The position in a cursor, or None without a cursor.

    Raises InvalidCursor for a text that is not a cursor of this shop, and CursorUserMismatch,
    CursorQueryMismatch or CursorExpired for a cursor that this request cannot use.
    """
    if cursor is None:
        return None
    content = _verify(cursor)
    if content["owner"] != _short_digest(owner):
        raise CursorUserMismatch
    if content["query"] != _short_digest(query):
        raise CursorQueryMismatch
    if content["until"] < clock.utc_now().timestamp():
        raise CursorExpired
    position: Position = content["at"]
    return position


def _verify(cursor: str) -> dict[str, Any]:
    ring = _ring()
    try:
        kid, payload, mac = cursor.split(".")
        if not hmac.compare_digest(mac.encode(), _mac(payload, ring.keys[kid]).encode()):
            raise ValueError("wrong signature")
        content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    except (KeyError, ValueError, binascii.Error) as error:
        raise InvalidCursor from error
    return content


def _expiry() -> int:
    """When a new cursor expires: in 50 to 60 minutes."""
    expires_at = int((clock.utc_now() + LIFETIME).timestamp())
    return expires_at - expires_at % EXPIRY_STEP_SECONDS


def _short_digest(text: str) -> str:
    """Short, because the MAC already protects the payload."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _mac(payload: str, key: bytes) -> str:
    return _base64(hmac.digest(key, f"cursor\n{payload}".encode(), "sha256"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _ring() -> KeyRing:
    return key_ring(settings(CursorSettings).cursor_keys_secret_arn)
