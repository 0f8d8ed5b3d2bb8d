"""Turns an access token or an API key into a principal. Permissions are read from the account."""

from datetime import datetime, timedelta

from authorizer import repository
from shared import clock, observability
from shared.config import AdmissionSettings, TokenSettings, settings
from shared.errors.accounts import SessionEnded, TokenExpired, TokenInvalid
from shared.errors.base import Unavailable
from shared.records import Record
from shared.security import access_tokens, opaque_tokens, permissions
from shared.security.api_keys import PREFIX, KeyText
from shared.security.key_rings import key_ring
from shared.security.permissions import GRANTABLE_TO_KEYS, PERMISSIONS, Permission, Principal, Role
from shared.storage.models.accounts import ApiKey, User

LAST_USED_INTERVAL = timedelta(minutes=5)  # saves a write on most uses of a key


class AuthenticatedCaller(Record):
    principal: Principal
    expires_at: int  # seconds since the epoch


def authenticate(token: str) -> AuthenticatedCaller:
    """One AWS call. Raises TokenInvalid, TokenExpired, SessionEnded and Unavailable."""
    if token.startswith(PREFIX):
        return _authenticate_key(token)
    return _authenticate_session(token)


def _authenticate_session(text: str) -> AuthenticatedCaller:
    token = access_tokens.verify(text, key_ring(settings(TokenSettings).token_keys_secret_arn))
    session, user = repository.find_session_and_user(token.user_id, token.session_id)
    if session is None or user is None or not session.is_valid_for(user):
        raise SessionEnded
    if session.valid_until <= clock.utc_now():  # DynamoDB deletes expired items with a delay
        raise SessionEnded
    # The login used a second factor, and the account still has it enabled.
    has_second_factor = session.second_factor and user.second_factor
    granted, is_due = _permissions_of(user, has_second_factor=has_second_factor)
    principal = Principal(user.user_id, granted, session.session_id, second_factor_due=is_due)
    return AuthenticatedCaller(principal, token.expires_at)


def _permissions_of(user: User, *, has_second_factor: bool) -> tuple[frozenset[Permission], bool]:
    """Return the permissions, and whether a second factor would add more."""
    roles = permissions.roles_named(user.roles)
    is_required = settings(AdmissionSettings).require_staff_second_factor and permissions.is_staff(
        roles
    )
    if is_required and not has_second_factor:
        return PERMISSIONS[Role.CUSTOMER], True
    return permissions.permissions_of(roles), False


def _authenticate_key(text: str) -> AuthenticatedCaller:
    try:
        parsed = KeyText.parse(text)
    except ValueError as error:
        raise TokenInvalid from error
    key, user = repository.find_key_and_user(parsed.user_id, parsed.key_id)
    if key is None or not opaque_tokens.matches_digest(parsed.secret, key.secret_hash):
        raise TokenInvalid
    if key.expires_at <= clock.utc_now():
        raise TokenExpired
    if user is None or user.status != "active":
        raise SessionEnded
    _update_last_used(key)
    granted = permissions.permissions_named(key.permissions) & GRANTABLE_TO_KEYS
    # A key never has more permissions than its owner: a role that the owner loses is lost here too.
    of_owner, is_due = _permissions_of(user, has_second_factor=user.second_factor)
    principal = Principal(user.user_id, granted & of_owner, second_factor_due=is_due)
    return AuthenticatedCaller(principal, int(key.expires_at.timestamp()))


def _update_last_used(key: ApiKey) -> None:
    now = clock.utc_now()
    last_used_at: datetime | None = key.last_used_at
    if last_used_at is not None and now - last_used_at < LAST_USED_INTERVAL:
        return
    try:
        repository.update_last_used(key, now)
    except Unavailable:
        observability.logger.warning("last use of a key not stored", key_id=key.key_id)
