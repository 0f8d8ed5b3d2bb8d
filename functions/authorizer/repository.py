"""Who calls: one read for whatever they show."""

from datetime import datetime

from pynamodb.exceptions import UpdateError

from shared.storage.dynamo import batch_get
from shared.storage.models.accounts import ApiKey, Session, User


def session_of(user_id: str, session_id: str) -> tuple[Session | None, User | None]:
    session, user = batch_get((Session, user_id, session_id), (User, user_id))
    return session, user


def key_of(user_id: str, key_id: str) -> tuple[ApiKey | None, User | None]:
    key, user = batch_get((ApiKey, user_id, key_id), (User, user_id))
    return key, user


def note_use(key: ApiKey, now: datetime) -> None:
    """Nothing, when it was revoked meanwhile."""
    used = ApiKey(key.user_id, key.key_id)
    try:
        used.update([ApiKey.last_used_at.set(now)], condition=ApiKey.key_id.exists())
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
