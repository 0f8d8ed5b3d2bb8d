"""Whoever calls: what they are signed in with, stored, and what they show of it."""

from datetime import timedelta
from typing import Any

from shared import clock, ids
from shared.clock import utc_now
from shared.config import TokenSettings, settings
from shared.security import access_tokens, opaque_tokens
from shared.security.api_keys import KeyText
from shared.security.key_rings import KeyRing, key_ring
from shared.storage.models.accounts import ApiKey, Session, User

LIFETIME = timedelta(minutes=15)


def session(of: User, **changes: Any) -> Session:
    """One of that user's, which stands."""
    now = clock.utc_now()
    stored = Session(
        of.user_id,
        **{
            "session_id": ids.new_id("ses"),
            "family_hash": "none",
            "refresh_hash": "none",
            "access_epoch": of.access_epoch,
            "device": "curl/8.5.0",
            "created_at": now,
            "last_used_at": now,
            "ends_at": now + timedelta(days=30),
            "expires_at": now + timedelta(days=14),
        }
        | changes,
    )
    stored.save()
    return stored


def token_of(of: Session, *, age: timedelta = timedelta(0), ring: KeyRing | None = None) -> str:
    """An access token of that session; who checks it has the real time, whatever a test's is."""
    ring = ring or key_ring(settings(TokenSettings).token_keys_secret_arn)
    issued = utc_now() - age
    return access_tokens.issue(of.user_id, of.session_id, ring, now=issued, lifetime=LIFETIME)


def api_key(of: User, **changes: Any) -> str:
    """A key of that user's, stored; as its holder has it."""
    now = clock.utc_now()
    text = KeyText(of.user_id, ids.new_id("key"), opaque_tokens.new_secret())
    ApiKey(
        of.user_id,
        text.key_id,
        **{
            "name": "nightly import",
            "permissions": {"stock:write"},
            "secret_hash": opaque_tokens.digest(text.secret),
            "created_at": now,
            "expires_at": now + timedelta(days=30),
        }
        | changes,
    ).save()
    return str(text)
