"""Whom to write to: an event names people by id, and their address is read when it is needed."""

from pynamodb.exceptions import DoesNotExist

from shared.models import User


def find_user(user_id: str) -> User | None:
    try:
        return User.get(user_id, consistent_read=True)
    except DoesNotExist:
        return None
