"""Whom to write to and what of, and what must be there before a link is mailed.

An event names people by id, and their address is read when it is needed.
"""

from shared.storage.models.accounts import EmailToken, User
from shared.storage.models.orders import Order


def find_user(user_id: str) -> User | None:
    return User.find(user_id, consistent=True)


def find_order(order_id: str) -> Order | None:
    return Order.find(order_id, consistent=True)


def add_token(token: EmailToken) -> None:
    """No condition: a digest of 256 random bits is no other's."""
    token.save()
