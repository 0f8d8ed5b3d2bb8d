"""From what a caller shows to a principal: what it may do is looked up, never believed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from authorizer import repository
from shared import clock, observability
from shared.config import AdmissionSettings, TokenSettings, settings
from shared.errors.accounts import SessionEnded, TokenExpired, TokenInvalid
from shared.errors.base import Unavailable
from shared.security import access_tokens, opaque_tokens, permissions
from shared.security.api_keys import PREFIX, KeyText
from shared.security.key_rings import key_ring
from shared.security.permissions import GRANTABLE_TO_KEYS, PERMISSIONS, Permission, Principal, Role
from shared.storage.models.accounts import ApiKey, User

NOTED_EVERY = timedelta(minutes=5)  # that a key was used: each time would cost a write each minute


@dataclass(frozen=True, slots=True)
class Recognised:
    principal: Principal
    expires_at: int  # seconds since the epoch


def recognise(shown: str) -> Recognised:
    """One call. Raises TokenInvalid, TokenExpired, SessionEnded and Unavailable."""
    if shown.startswith(PREFIX):
        return _by_key(shown)
    return _by_session(shown)


def _by_session(shown: str) -> Recognised:
    token = access_tokens.verify(shown, key_ring(settings(TokenSettings).token_keys_secret_arn))
    session, user = repository.session_of(token.user_id, token.session_id)
    # DynamoDB deletes what has expired when it gets to it.
    if session is None or user is None or session.over_at <= clock.utc_now():
        raise SessionEnded("This session has ended. Log in again.")
    if not session.is_of(user):
        raise SessionEnded("This session has ended. Log in again.")
    # Shown in this session, and not turned off since.
    permissions, is_due = _rights_of(user, secured=session.second_factor and user.second_factor)
    principal = Principal(user.user_id, permissions, session.session_id, second_factor_due=is_due)
    return Recognised(principal, token.expires_at)


def _rights_of(user: User, *, secured: bool) -> tuple[frozenset[Permission], bool]:
    """What the account may do, and whether it could do more with a second factor."""
    roles = permissions.roles_named(user.roles)
    is_demanded = settings(AdmissionSettings).require_staff_second_factor and permissions.is_staff(
        roles
    )
    if is_demanded and not secured:
        return PERMISSIONS[Role.CUSTOMER], True
    return permissions.permissions_of(roles), False


def _by_key(shown: str) -> Recognised:
    try:
        text = KeyText.parse(shown)
    except ValueError as error:
        raise TokenInvalid("This is not an API key of the shop.") from error
    key, user = repository.key_of(text.user_id, text.key_id)
    if key is None or not opaque_tokens.is_secret(text.secret, key.secret_hash):
        raise TokenInvalid("This is not an API key of the shop, or it was revoked.")
    if key.expires_at <= clock.utc_now():
        raise TokenExpired("This API key has expired.")
    if user is None or user.status != "active":
        raise SessionEnded("The account of this API key was closed or disabled.")
    _note_use(key)
    granted = permissions.permissions_named(key.permissions) & GRANTABLE_TO_KEYS
    # A key never has more than its owner: who loses a role loses it on their keys too.
    rights, is_due = _rights_of(user, secured=user.second_factor)
    principal = Principal(user.user_id, granted & rights, second_factor_due=is_due)
    return Recognised(principal, int(key.expires_at.timestamp()))


def _note_use(key: ApiKey) -> None:
    now = clock.utc_now()
    noted: datetime | None = key.last_used_at
    if noted is not None and now - noted < NOTED_EVERY:
        return
    try:
        repository.note_use(key, now)
    except Unavailable:
        observability.logger.warning("use of a key not noted", key_id=key.key_id)
