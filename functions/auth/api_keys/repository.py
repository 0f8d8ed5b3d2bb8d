"""A user's API keys. Their partition is the user's, so a list is never stale."""

from auth.sessions import repository as sessions
from shared.errors.accounts import ApiKeyNotFound
from shared.events.accounts import ApiKeyCreated, ApiKeyData
from shared.storage import outbox
from shared.storage.models.accounts import ApiKey
from shared.storage.transactions import Transaction


def create_api_key(key: ApiKey, *, epoch: int) -> None:
    """Store the key, and the event that mails its owner.

    Raises SessionEnded when the owner's account is no longer in `epoch`.
    """
    transaction = Transaction()
    transaction.put(key)
    created = ApiKeyData(user_id=key.user_id, key_id=key.key_id)
    outbox.stage_event(transaction, ApiKeyCreated(data=created))
    sessions.stage_epoch_check(transaction, key.user_id, epoch)
    transaction.commit()


def list_api_keys(user_id: str) -> list[ApiKey]:
    """Newest first."""
    keys = ApiKey.query(user_id, consistent_read=True)
    return sorted(keys, key=lambda key: key.created_at, reverse=True)


def stage_deletion_of_all(transaction: Transaction, user_id: str) -> None:
    for key in list_api_keys(user_id):
        transaction.delete(ApiKey(key.user_id, key.key_id))


def delete_api_key(user_id: str, key_id: str) -> None:
    """Raises ApiKeyNotFound."""
    transaction = Transaction()
    transaction.delete(
        ApiKey(user_id, key_id), only_if=ApiKey.key_id.exists(), otherwise=ApiKeyNotFound()
    )
    transaction.commit()
