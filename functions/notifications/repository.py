"""Reads the user and the order of a mail, and stores the tokens of links.

Events name people by id only, so the worker reads an address when it writes the mail.
"""

from shared.storage.models.accounts import EmailToken, User
from shared.storage.models.orders import Order


def find_user(user_id: str) -> User | None:
    return User.find(user_id, consistent=True)


def find_order(order_id: str) -> Order | None:
    return Order.find(order_id, consistent=True)


def save_link_token(token: EmailToken) -> None:
    """Unconditional, because two tokens of 256 random bits never have the same digest."""
    token.save()
