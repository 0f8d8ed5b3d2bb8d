"""The orders of an address, and who has shown that it is theirs."""

from collections.abc import Iterator

from shared.storage.models.accounts import User
from shared.storage.models.orders import Order
from shared.storage.transactions import Transaction


class NotTheirs(Exception):
    """The address is not, or not any more, that of an account that has confirmed it."""


def find_user(user_id: str) -> User | None:
    return User.find(user_id, consistent=True)


def orders_of(email: str) -> Iterator[str]:
    """Their ids, as far as the index knows yet."""
    return (order.order_id for order in Order.by_guest.query(email))


def require_still_theirs(user_id: str, email: str, transaction: Transaction) -> None:
    """Else an order would go to an account that was deleted meanwhile. Its refusal is NotTheirs."""
    transaction.check(
        User,
        user_id,
        only_if=(User.email == email) & (User.email_verified == True),  # noqa: E712
        otherwise=NotTheirs(),
    )
