"""Whom to write to: an event names people by id, and their address is read when it is needed."""

from shared.models import User


def find_user(user_id: str) -> User | None:
    return User.find(user_id, consistent=True)
