"""A user's API keys, in the partition of their user: a list of them is never behind."""

from auth.sessions import repository as sessions
from shared.errors.accounts import ApiKeyNotFound
from shared.events.accounts import ApiKeyCreated, ApiKeyData
from shared.storage import outbox
from shared.storage.models.accounts import ApiKey
from shared.storage.transactions import Transaction


def add(key: ApiKey, *, epoch: int) -> None:
    """And tell the owner, who must be in that epoch still. Raises SessionEnded."""
    transaction = Transaction()
    transaction.put(key)
    created = ApiKeyData(user_id=key.user_id, key_id=key.key_id)
    outbox.stage_event(transaction, ApiKeyCreated(data=created))
    sessions.require_epoch(transaction, key.user_id, epoch)
    transaction.commit()


def all_of(user_id: str) -> list[ApiKey]:
    """The newest first."""
    found = ApiKey.query(user_id, consistent_read=True)
    return sorted(found, key=lambda key: key.created_at, reverse=True)


def drop_all(transaction: Transaction, user_id: str) -> None:
    for key in all_of(user_id):
        transaction.delete(ApiKey(key.user_id, key.key_id))


def revoke(user_id: str, key_id: str) -> None:
    """Raises ApiKeyNotFound."""
    transaction = Transaction()
    transaction.delete(
        ApiKey(user_id, key_id),
        only_if=ApiKey.key_id.exists(),
        otherwise=ApiKeyNotFound("There is no such API key."),
    )
    transaction.commit()
