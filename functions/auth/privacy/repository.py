"""Reads and deletes everything that is stored about a user."""

from collections.abc import Callable
from dataclasses import field
from itertools import islice
from typing import Any

from shared.errors.requests import ConcurrentModification, InvalidCursor
from shared.records import Record
from shared.storage import cursors
from shared.storage.dynamo import Table, batch_get
from shared.storage.models.accounts import ApiKey, Login, Session, User
from shared.storage.models.address_books import AddressBook
from shared.storage.models.carts import Cart
from shared.storage.models.orders import Order
from shared.storage.models.uploads import Upload
from shared.storage.transactions import ACTIONS_MAX, Condition, Transaction

DELETED_ITEMS_MAX = 1000  # sessions, or keys, that one request has time to delete


class RecordsPage(Record, frozen=False):
    book: AddressBook | None = None  # this one and the cart are on the first page
    cart: Cart | None = None
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


def list_records(user_id: str, *, limit: int, cursor: str | None) -> RecordsPage:
    """Return at most `limit` records, from the cursor on. Raises InvalidCursor."""
    # A cursor names the kind to read next, and the last key that was read of that kind.
    position = cursors.decode(cursor, query=_EXPORT, owner=user_id)
    ((first_kind, last_key),) = (position or {"sessions": {}}).items()
    kinds = list(_QUERIES)
    if first_kind not in kinds:  # newer code made the cursor and exports more
        raise InvalidCursor
    page, room = RecordsPage(), limit
    if position is None:
        page.book, page.cart = batch_get((AddressBook, user_id), (Cart, user_id))
    for kind in kinds[kinds.index(first_kind) :]:
        if room == 0:
            page.next_cursor = _encode_position({kind: {}}, user_id)
            break
        found = _QUERIES[kind](
            user_id, limit=room, page_size=room, last_evaluated_key=last_key or None
        )
        records = list(found)
        setattr(page, kind, records)
        if found.last_evaluated_key is not None:
            page.next_cursor = _encode_position({kind: found.last_evaluated_key}, user_id)
            break
        room, last_key = room - len(records), {}
    return page


def _encode_position(position: dict[str, Any], user_id: str) -> str | None:
    return cursors.encode(position, query=_EXPORT, owner=user_id)


class OrderAdded(Exception):
    """The account has got another order since it was read."""


def stage_account_deletion(
    transaction: Transaction, user: User, *, login_condition: Condition
) -> None:
    """Delete the account with its addresses and cart, if nobody has changed it since it was read.

    The transaction raises ConcurrentModification, or OrderAdded if only the orders have changed.
    """
    transaction.delete(
        Login(user.email),
        only_if=(Login.version == user.version) & login_condition,
        otherwise=ConcurrentModification(),
    )
    transaction.delete(
        User(user.user_id),
        only_if=(User.version == user.version) & _has_order_count(int(user.order_count)),
        otherwise=OrderAdded(),  # the login would refuse a change of the account
    )
    transaction.delete(AddressBook(user.user_id))
    transaction.delete(Cart(user.user_id))


def _has_order_count(count: int) -> Condition:
    """Accounts from before orders were counted have no count."""
    is_same: Condition = User.order_count == count
    return is_same if count else User.order_count.does_not_exist() | is_same


def delete_sessions_and_keys(user_id: str) -> None:
    """Delete at most DELETED_ITEMS_MAX of each. Their TTL deletes the rest."""
    for table in (Session, ApiKey):
        items = iter(table.query(user_id, consistent_read=True, limit=DELETED_ITEMS_MAX))
        while chunk := list(islice(items, ACTIONS_MAX)):
            _delete_all(chunk)


def _delete_all(items: list[Table]) -> None:
    transaction = Transaction()
    for item in items:
        transaction.delete(item)
    transaction.commit()
