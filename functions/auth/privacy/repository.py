"""All that is held on a user, and how it goes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from shared.errors.requests import ConcurrentModification
from shared.storage import cursors
from shared.storage.dynamo import Table
from shared.storage.models.accounts import ApiKey, Login, Session, User
from shared.storage.models.orders import Order
from shared.storage.models.uploads import Upload
from shared.storage.transactions import ACTIONS_MAX, Condition, Transaction

# Lambda answers with 6 MB at most. An order of 50 lines, each name of 200 characters that take four
# bytes, is 0.07 MB as JSON within JSON, which leaves nearly as much for what became of it; nothing
# else that is exported is nearly as long.
ITEMS_MAX = 50
REMOVED_MAX = 1000  # sessions, or keys, for which there is time in one request


@dataclass(slots=True)
class Held:
    """Some of it."""

    sessions: list[Session] = field(default_factory=list)
    api_keys: list[ApiKey] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    next_cursor: str | None = None


_EXPORT = "export"
# In the order in which they are exported.
_QUERIES: dict[str, Callable[..., Any]] = {
    "sessions": Session.query,
    "api_keys": ApiKey.query,
    "uploads": Upload.by_owner.query,
    "orders": Order.by_buyer.query,
}


def held_on(user_id: str, *, cursor: str | None) -> Held:
    """ITEMS_MAX of it, from where the cursor says. Raises InvalidCursor."""
    # A cursor names what is read next, and the last item of it that was.
    at = cursors.decode(cursor, query=_EXPORT, owner=user_id)
    ((first, last_key),) = (at or {"sessions": {}}).items()
    kinds = list(_QUERIES)
    held, room = Held(), ITEMS_MAX
    for kind in kinds[kinds.index(first) :]:
        if room == 0:
            held.next_cursor = cursors.encode({kind: {}}, query=_EXPORT, owner=user_id)
            break
        found = _QUERIES[kind](
            user_id, limit=room, page_size=room, last_evaluated_key=last_key or None
        )
        items = list(found)
        setattr(held, kind, items)
        if found.last_evaluated_key is not None:
            at = {kind: found.last_evaluated_key}
            held.next_cursor = cursors.encode(at, query=_EXPORT, owner=user_id)
            break
        room, last_key = room - len(items), {}
    return held


def remove(transaction: Transaction, user: User, *, still_holds: Condition) -> None:
    """The account, if nobody has changed it since `user` was read, and this holds of its login.

    Its refusal is ConcurrentModification.
    """
    changed = ConcurrentModification("The account was changed meanwhile. Try again.")
    transaction.delete(
        Login(user.email),
        only_if=(Login.version == user.version) & still_holds,
        otherwise=changed,
    )
    transaction.delete(User(user.user_id), only_if=User.version == user.version, otherwise=changed)


def remove_access(user_id: str) -> None:
    """The user's sessions and keys. Those beyond REMOVED_MAX of each are left to their TTL."""
    for table in (Session, ApiKey):
        rows = iter(table.query(user_id, consistent_read=True, limit=REMOVED_MAX))
        while chunk := list(islice(rows, ACTIONS_MAX)):
            _remove_all(chunk)


def _remove_all(rows: list[Table]) -> None:
    transaction = Transaction()
    for row in rows:
        transaction.delete(row)
    transaction.commit()
