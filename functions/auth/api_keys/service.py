"""API keys: for scripts and partners, with some of their owner's permissions and an end."""

from dataclasses import dataclass
from datetime import timedelta

from auth.api_keys import repository
from auth.api_keys.schemas import NewApiKey
from auth.sessions import repository as sessions
from shared import clock, ids, observability
from shared.errors.accounts import ApiKeyLimit
from shared.errors.requests import InvalidFields
from shared.security import opaque_tokens
from shared.security.api_keys import KeyText
from shared.security.permissions import GRANTABLE_TO_KEYS, Principal
from shared.storage.models.accounts import ApiKey

KEYS_MAX = 20  # of one user; two that are made at once may come to one more


@dataclass(frozen=True, slots=True)
class CreatedKey:
    stored: ApiKey
    text: KeyText  # nobody has it but whoever asked


def create(owner: Principal, new: NewApiKey) -> CreatedKey:
    """Raises InvalidFields for a permission that cannot be given, ApiKeyLimit and SessionEnded.

    A session that was ended is still let in for up to a minute, and a key would outlive that.
    """
    _check_grantable(owner, new)
    epoch = sessions.epoch_of(owner)
    if len(mine(owner)) >= KEYS_MAX:
        raise ApiKeyLimit(f"You have {KEYS_MAX} keys. Revoke one first.", keys_max=KEYS_MAX)
    made = _new_key(owner, new)
    repository.add(made.stored, epoch=epoch)
    key_id = made.stored.key_id
    observability.audit("create_api_key", "done", user_id=owner.user_id, key_id=key_id)
    return made


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


def mine(owner: Principal) -> list[ApiKey]:
    """Those that have not expired, the newest first."""
    now = clock.utc_now()
    return [key for key in repository.all_of(owner.user_id) if key.expires_at > now]


def revoke(owner: Principal, key_id: str) -> None:
    """Within 60 s it opens nothing. Raises ApiKeyNotFound, for someone else's too."""
    repository.revoke(owner.user_id, key_id)
    observability.audit("revoke_api_key", "done", user_id=owner.user_id, key_id=key_id)


def _check_grantable(owner: Principal, new: NewApiKey) -> None:
    fields = [
        {
            "path": f"body.permissions.{place}",
            "code": "permission_not_grantable",
            "message": "Give a key only what you may do yourself and what a script needs.",
        }
        for place, permission in enumerate(new.permissions)
        if permission not in GRANTABLE_TO_KEYS or not owner.may(permission)
    ]
    if fields:
        raise InvalidFields(f"{fields[0]['path']}: {fields[0]['message']}", fields=fields)
