"""A user's API keys, in the partition of their user: a list of them is never behind."""

from auth.sessions import repository as sessions
from shared.errors import ApiKeyNotFound
from shared.models import ApiKey
from shared.transactions import Transaction


def add(key: ApiKey, *, epoch: int) -> None:
    """Raises SessionEnded when its owner is in that epoch no more, or the account was closed."""
    transaction = Transaction()
    transaction.put(key)
    sessions.require_epoch(transaction, key.user_id, epoch)
    transaction.commit()


def all_of(user_id: str) -> list[ApiKey]:
    """The newest first."""
    found = ApiKey.query(user_id, consistent_read=True)
    return sorted(found, key=lambda key: key.created_at, reverse=True)


def revoke(user_id: str, key_id: str) -> None:
    """Raises ApiKeyNotFound."""
    transaction = Transaction()
    transaction.delete(
        ApiKey(user_id, key_id),
        only_if=ApiKey.key_id.exists(),
        otherwise=ApiKeyNotFound("There is no such API key."),
    )
    transaction.commit()
