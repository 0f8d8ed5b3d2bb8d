"""The guest orders of an e-mail address, and the user who confirmed that address."""

from collections.abc import Iterator

from pynamodb.exceptions import DoesNotExist

from shared.storage.models.accounts import Login, User
from shared.storage.models.orders import Order
from shared.storage.transactions import Transaction


class EmailNotOwned(Exception):
    """The user no longer exists, has another address, or has not confirmed this one."""


def find_user(user_id: str) -> User | None:
    return User.find(user_id, consistent=True)


def find_owner(email: str) -> User | None:
    """The user whose confirmed address this is now."""
    try:
        # The worker's role may read these attributes of a login only.
        login = Login.get(email, consistent_read=True, attributes_to_get=["email", "user_id"])
    except DoesNotExist:
        return None
    user = find_user(login.user_id)
    is_owner = user is not None and user.email == email and user.email_verified
    return user if is_owner else None


def is_listed(order: Order) -> bool:
    """Whether the index has the guest's order: `list_order_ids` of its address finds it then."""
    found = Order.by_guest.query(order.guest_email, Order.placed_at == order.placed_at)
    return any(listed.order_id == order.order_id for listed in found)


def list_order_ids(email: str) -> Iterator[str]:
    """The guest orders of the address; the index may lag."""
    return (order.order_id for order in Order.by_guest.query(email))


def stage_linked_order(transaction: Transaction, *, user_id: str, email: str) -> None:
    """Count the order in the account that it is linked to.

    The transaction raises EmailNotOwned unless the user owns the confirmed address. Without that,
    an order could go to an account that was deleted since the user was read. The deletion's event
    has the count, so the worker that anonymizes the orders knows of this one.
    """
    transaction.update(
        User(user_id),
        [User.order_count.add(1)],
        only_if=(User.email == email) & (User.email_verified == True),  # noqa: E712
        otherwise=EmailNotOwned(),
    )
