"""A user's API keys. Their partition is the user's, so a list is never stale."""

from datetime import datetime

from auth.sessions import repository as sessions
from shared import clock, ids
from shared.errors.accounts import ApiKeyNotFound
from shared.events.accounts import ApiKeyCreated, ApiKeyData
from shared.storage import outbox, rate_limits
from shared.storage.models.accounts import ApiKey, Attempts
from shared.storage.transactions import Condition, Transaction

CREATIONS_PER_HOUR = 60  # of one account: each sends a mail


class OtherKeyCreated(Exception):
    """The owner has created another key since the keys were read."""


def find_creations(user_id: str) -> Attempts:
    """How many keys were created lately. The next one must be created from this state."""
    subject = ids.derived_id("att", "API keys of", user_id)
    now = clock.utc_now()
    none = Attempts(subject, failures=0, last_failed_at=now, expires_at=now)
    return Attempts.find_many([subject]).get(subject, none)


def create_api_key(key: ApiKey, creations: Attempts, *, epoch: int) -> None:
    """Store the key, and the event that mails its owner.

    Raises SessionEnded when the owner's account is no longer in `epoch`, OtherKeyCreated, and
    TooManyAttempts.
    """
    transaction = Transaction()
    _stage_creation(transaction, creations, key.created_at)
    rate_limits.consume_hourly_quota(
        transaction, "API key of", key.user_id, limit=CREATIONS_PER_HOUR, now=key.created_at
    )
    transaction.put(key)
    created = ApiKeyData(user_id=key.user_id, key_id=key.key_id)
    outbox.stage_event(transaction, ApiKeyCreated(data=created))
    sessions.stage_epoch_check(transaction, key.user_id, epoch)
    transaction.commit()


def _stage_creation(transaction: Transaction, creations: Attempts, now: datetime) -> None:
    is_as_read: Condition = Attempts.failures == creations.failures
    if not creations.failures:
        is_as_read |= Attempts.subject.does_not_exist()
    transaction.update(
        Attempts(creations.subject),
        [
            Attempts.failures.set(int(creations.failures) + 1),
            Attempts.last_failed_at.set(now),
            Attempts.expires_at.set(now + rate_limits.COUNTER_TTL),
        ],
        only_if=is_as_read,
        otherwise=OtherKeyCreated(),
    )


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
