"""Page cursors: where a query goes on, made opaque, signed, and bound to that query and its caller.

A cursor is `kid.payload.mac`: none can be forged, edited, carried over to another query or to
another user, or kept for longer than it lives.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
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
from shared.security.key_rings import KeyRing, key_ring

LIFETIME = timedelta(hours=1)  # a ring that is rotated keeps the keys of cursors for as long
STEP_SECONDS = 600  # lifetimes end together, so that a page which has not changed is the same text

Position = dict[str, Any]  # as JSON has it
Indexed = TypeVar("Indexed", bound=Model)


@dataclass(frozen=True, slots=True)
class ItemPage(Generic[Indexed]):
    items: list[Indexed]
    next_cursor: str | None


def query_page(  # noqa: PLR0913 (what a page is)
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
    """One page of a partition of an index, the last in its order first: one Query.

    `consistent`, as it is now: of a local index alone. `between` bounds the index's range key.
    Raises what `decode` does.
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
    """The cursor to the page behind that position, or None where there is none.

    `owner` is the user whose items are listed, if they are anyone's.
    """
    if position is None:
        return None
    ring = _ring()
    content = {
        "at": position,
        "query": _short_digest(query),
        "owner": _short_digest(owner),
        "until": _end_of_life(),
    }
    payload = _base64(json.dumps(content, separators=(",", ":")).encode())
    return f"{ring.current}.{payload}.{_mac(payload, ring.signing_key)}"


def decode(cursor: str | None, *, query: str, owner: str = "") -> Position | None:
    """Where that query goes on.

    Raises InvalidCursor for what is no cursor of this shop, and CursorQueryMismatch,
    CursorUserMismatch or CursorExpired for one that is, but not for this request.
    """
    if cursor is None:
        return None
    content = _verified(cursor)
    if content["owner"] != _short_digest(owner):
        raise CursorUserMismatch("This cursor was given to another user. Start without a cursor.")
    if content["query"] != _short_digest(query):
        raise CursorQueryMismatch(
            "This cursor continues another query. Ask as you did for the page before, or start "
            "without a cursor."
        )
    if content["until"] < clock.utc_now().timestamp():
        raise CursorExpired("This cursor has expired. Start again without a cursor.")
    position: Position = content["at"]
    return position


def _verified(cursor: str) -> dict[str, Any]:
    ring = _ring()
    try:
        kid, payload, mac = cursor.split(".")
        if not hmac.compare_digest(mac.encode(), _mac(payload, ring.keys[kid]).encode()):
            raise ValueError("signed for something else")
        content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    except (KeyError, ValueError, binascii.Error) as error:
        raise InvalidCursor(
            "This is no cursor of this shop. Start again without a cursor."
        ) from error
    return content


def _end_of_life() -> int:
    """Of a cursor that is given now: in 50 to 60 minutes."""
    ends = int((clock.utc_now() + LIFETIME).timestamp())
    return ends - ends % STEP_SECONDS


def _short_digest(text: str) -> str:
    """Short, since the mac is what vouches for it."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _mac(payload: str, key: bytes) -> str:
    return _base64(hmac.digest(key, f"cursor\n{payload}".encode(), "sha256"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _ring() -> KeyRing:
    return key_ring(settings(CursorSettings).cursor_keys_secret_arn)
