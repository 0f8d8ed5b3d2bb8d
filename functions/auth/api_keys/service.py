"""API keys for scripts: each has some of its owner's permissions, and expires."""

from datetime import timedelta

from auth.api_keys import repository
from auth.api_keys.repository import OtherKeyCreated
from auth.api_keys.schemas import NewApiKey
from auth.sessions import repository as sessions
from shared import clock, ids, observability
from shared.errors.accounts import ApiKeyLimit
from shared.errors.requests import InvalidFields
from shared.records import Record
from shared.retries import retry_on_stale_version
from shared.security import opaque_tokens
from shared.security.api_keys import KeyText
from shared.security.permissions import GRANTABLE_TO_KEYS, Principal
from shared.storage.models.accounts import ApiKey

KEYS_PER_USER_MAX = 20


class CreatedKey(Record):
    stored: ApiKey
    text: KeyText  # contains the secret, which is not stored


def create_api_key(owner: Principal, new: NewApiKey) -> CreatedKey:
    """Raises InvalidFields for a permission that cannot be granted, ApiKeyLimit, SessionEnded,
    TooManyAttempts, and ConcurrentModification while other keys are created.

    API Gateway accepts an ended session for up to a minute. This reads the session again, because
    a key would outlive that minute.
    """
    _check_grantable(owner, new)
    epoch = sessions.get_epoch(owner)
    key = _new_key(owner, new)

    def create() -> None:
        lock = repository.find_creations(owner.user_id)  # before the keys are read
        if len(list_api_keys(owner)) >= KEYS_PER_USER_MAX:
            raise ApiKeyLimit(
                f"You have {KEYS_PER_USER_MAX} API keys, the maximum. Revoke a key, then retry.",
                keys_max=KEYS_PER_USER_MAX,
            )
        repository.create_api_key(key.stored, lock, epoch=epoch)

    retry_on_stale_version(create, also_on=(OtherKeyCreated,))
    key_id = key.stored.key_id
    observability.audit("create_api_key", "done", user_id=owner.user_id, key_id=key_id)
    return key


def _new_key(owner: Principal, new: NewApiKey) -> CreatedKey:
    text = KeyText(owner.user_id, ids.new_id("key"), opaque_tokens.new_secret())
    now = clock.utc_now()
    key = ApiKey(
        text.user_id,
        text.key_id,
        name=new.name,
        permissions={permission.value for permission in new.permissions},
        secret_hash=opaque_tokens.digest(text.secret),
        created_at=now,
        expires_at=now + timedelta(days=new.expires_in_days),
    )
    return CreatedKey(key, text)


def list_api_keys(owner: Principal) -> list[ApiKey]:
    """Return the keys that have not expired, newest first."""
    now = clock.utc_now()
    return [key for key in repository.list_api_keys(owner.user_id) if key.expires_at > now]


def revoke_api_key(owner: Principal, key_id: str) -> None:
    """The key stops working within 60 s. Raises ApiKeyNotFound, for somebody else's key too."""
    repository.delete_api_key(owner.user_id, key_id)
    observability.audit("revoke_api_key", "done", user_id=owner.user_id, key_id=key_id)


def _check_grantable(owner: Principal, new: NewApiKey) -> None:
    fields = [
        {
            "path": f"body.permissions.{index}",
            "code": "permission_not_grantable",
            "message": "Grant only permissions that you have and that a key may have.",
        }
        for index, permission in enumerate(new.permissions)
        if permission not in GRANTABLE_TO_KEYS or not owner.may(permission)
    ]
    if fields:
        raise InvalidFields(f"{fields[0]['path']}: {fields[0]['message']}", fields=fields)
