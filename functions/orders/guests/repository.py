"""The guest orders of an e-mail address, and the user who confirmed that address."""

from collections.abc import Iterator

from shared.storage.models.accounts import User
from shared.storage.models.orders import Order
from shared.storage.transactions import Transaction


class EmailNotOwned(Exception):
    """The user no longer exists, has another address, or has not confirmed this one."""


def find_user(user_id: str) -> User | None:
    return User.find(user_id, consistent=True)


def list_order_ids(email: str) -> Iterator[str]:
    """The guest orders of the address; the index may lag."""
    return (order.order_id for order in Order.by_guest.query(email))


def stage_email_owner_check(transaction: Transaction, *, user_id: str, email: str) -> None:
    """Refuse the transaction with EmailNotOwned unless the user owns the confirmed address.

    Without it, an order could go to an account that was deleted since the user was read.
    """
    transaction.check(
        User,
        user_id,
        only_if=(User.email == email) & (User.email_verified == True),  # noqa: E712
        otherwise=EmailNotOwned(),
    )
