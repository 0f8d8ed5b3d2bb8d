"""Accounts: their owners' calls through the authorizer, and stored sessions, keys and links."""

import json
from datetime import timedelta
from typing import Any

import authorizer.handler
from auth.handler import handler
from shared import clock, ids
from shared.clock import utc_now
from shared.config import TokenSettings, settings
from shared.security import access_tokens, opaque_tokens
from shared.security.api_keys import KeyText
from shared.security.key_rings import KeyRing, key_ring
from shared.storage.models.accounts import ApiKey, Attempts, EmailToken, Login, Session, User
from shared.storage.models.outbox import OutboxRow
from tests.support.http import BROWSER, CONTEXT, HOME, NOBODY, Answer, called_from, sample, send

EMAIL = "ada@example.com"
PASSWORD = "correct horse battery"
ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)


# Through the routes


def post(name: str, body: Any, *, address: str = HOME, device: str = BROWSER) -> Answer:
    """Calls a route for anyone from this network address."""
    return send(called_from(handler, address, device=device), name, body=body, caller=NOBODY)


def register(**changes: Any) -> Answer:
    """A change to `...` leaves the field out."""
    body = {"email": EMAIL, "password": PASSWORD, "name": "Ada Lovelace"} | changes
    return post("auth.register", {key: value for key, value in body.items() if value is not ...})


def register_confirmed(**changes: Any) -> Answer:
    """Registers an account and confirms its e-mail address."""
    answer = register(**changes)
    Login(answer.body["email"]).update([Login.email_verified.set(True)])
    User(answer.body["id"]).update([User.email_verified.set(True)])
    return answer


def log_in(
    email: str = EMAIL, password: str = PASSWORD, *, address: str = HOME, **more: Any
) -> Answer:
    device = more.pop("device", BROWSER)
    body = {"email": email, "password": password} | more
    return post("auth.login", body, address=address, device=device)


def get_tokens(**more: Any) -> dict[str, Any]:
    """Logs in. Returns the body of the answer."""
    answer = log_in(**more)
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.body
    return body


def refresh(token: str) -> Answer:
    return post("auth.refresh", {"refresh_token": token})


def authorize(token: str) -> dict[str, Any]:
    """The context that the authorizer returns for this token."""
    event = sample("authorizer")
    event["headers"]["authorization"] = f"Bearer {token}"
    context: dict[str, Any] = authorizer.handler.handler(event, CONTEXT)["context"]
    return context


def call(name: str, token: str, body: Any = None, *, address: str = HOME, **more: Any) -> Answer:
    """Calls a route with this access token or API key."""
    caller = authorize(token)
    handle = called_from(handler, address, device=BROWSER)
    return send(handle, name, body=body, caller=caller, **more)


def get_me(token: str) -> Answer:
    return call("auth.me", token)


# Stored directly


def session(user: User, **changes: Any) -> Session:
    """Stores a valid session of the user."""
    now = clock.utc_now()
    stored = Session(
        user.user_id,
        **{
            "session_id": ids.new_id("ses"),
            "family_hash": "none",
            "refresh_hash": "none",
            "access_epoch": user.access_epoch,
            "device": BROWSER,
            "created_at": now,
            "last_used_at": now,
            "ends_at": now + timedelta(days=30),
            "expires_at": now + timedelta(days=14),
        }
        | changes,
    )
    stored.save()
    return stored


def issue_access_token(
    session: Session, *, age: timedelta = timedelta(0), ring: KeyRing | None = None
) -> str:
    """An access token of the session. It uses real time, as its checks do, not a test's clock."""
    ring = ring or key_ring(settings(TokenSettings).token_keys_secret_arn)
    issued = utc_now() - age
    return access_tokens.issue(
        session.user_id, session.session_id, ring, now=issued, lifetime=ACCESS_TOKEN_LIFETIME
    )


def api_key(user: User, **changes: Any) -> str:
    """Stores an API key of the user. Returns the text that its holder sends."""
    now = clock.utc_now()
    text = KeyText(user.user_id, ids.new_id("key"), opaque_tokens.new_secret())
    ApiKey(
        user.user_id,
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


def create_link_token(
    purpose: str, user_id: str, *, lives: timedelta = timedelta(minutes=10)
) -> str:
    """Stores the token of a mailed link. Returns the text in the link."""
    user, token = User.get(user_id), opaque_tokens.new_secret()
    EmailToken(
        opaque_tokens.digest(token),
        purpose=purpose,
        user_id=user_id,
        email=user.new_email if purpose == "change_email" else user.email,
        access_epoch=user.access_epoch,
        expires_at=clock.utc_now() + lives,
    ).save()
    return token


def dump_account_tables() -> str:
    """All rows of the account tables and the outbox, as text to search for secrets."""
    tables = (Login, User, Session, EmailToken, Attempts, OutboxRow)
    rows = [row.attribute_values for table in tables for row in table.scan()]
    return json.dumps(rows, default=str)
