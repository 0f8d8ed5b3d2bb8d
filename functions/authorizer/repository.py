"""Reads who is calling, with one AWS call for either kind of credential."""

from datetime import datetime

from pynamodb.exceptions import UpdateError

from shared.storage.dynamo import batch_get
from shared.storage.models.accounts import ApiKey, Session, User


def find_session_and_user(user_id: str, session_id: str) -> tuple[Session | None, User | None]:
    session, user = batch_get((Session, user_id, session_id), (User, user_id))
    return session, user


def find_key_and_user(user_id: str, key_id: str) -> tuple[ApiKey | None, User | None]:
    key, user = batch_get((ApiKey, user_id, key_id), (User, user_id))
    return key, user


def update_last_used(key: ApiKey, now: datetime) -> None:
    """Does nothing when the key has been revoked: the update must not create it again."""
    used = ApiKey(key.user_id, key.key_id)
    try:
        used.update([ApiKey.last_used_at.set(now)], condition=ApiKey.key_id.exists())
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
