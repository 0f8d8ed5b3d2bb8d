"""Accounts as their owners use them: by the routes, with the authorizer before each."""

import json
from datetime import datetime, timedelta
from typing import Any

import authorizer.handler
from auth.handler import handler
from shared import clock
from shared.clock import utc_now
from shared.events.all_events import parse_event
from shared.security import opaque_tokens
from shared.storage.models.accounts import Attempts, EmailToken, Login, Session, User
from shared.storage.models.outbox import OutboxRow
from tests.support.http import CONTEXT, NOBODY, Answer, sample, send

EMAIL = "ada@example.com"
PASSWORD = "correct horse battery"
HOME, ELSEWHERE = "203.0.113.7", "198.51.100.23"


def post(name: str, body: Any, *, address: str = HOME, device: str = "curl/8.5.0") -> Answer:
    """A route for anyone, called from that address."""
    return send(_from(address, device), name, body=body, caller=NOBODY)


def register(**changes: Any) -> Answer:
    body = {"email": EMAIL, "password": PASSWORD, "name": "Ada Lovelace"} | changes
    return post("auth.register", {key: it for key, it in body.items() if it is not ...})


def register_confirmed(**changes: Any) -> Answer:
    """And the link in the mail was followed."""
    answer = register(**changes)
    Login(answer.body["email"]).update([Login.email_verified.set(True)])
    User(answer.body["id"]).update([User.email_verified.set(True)])
    return answer


def log_in(
    email: str = EMAIL, password: str = PASSWORD, *, address: str = HOME, **more: Any
) -> Answer:
    device = more.pop("device", "curl/8.5.0")
    body = {"email": email, "password": password} | more
    return post("auth.login", body, address=address, device=device)


def signed_in(**more: Any) -> dict[str, Any]:
    """What a login answers with."""
    answer = log_in(**more)
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.body
    return body


def refresh(token: str) -> Answer:
    return post("auth.refresh", {"refresh_token": token})


def authorize(token: str) -> dict[str, Any]:
    """What the authorizer tells the routes about the bearer of that."""
    event = sample("authorizer")
    event["headers"]["authorization"] = f"Bearer {token}"
    context: dict[str, Any] = authorizer.handler.handler(event, CONTEXT)["context"]
    return context


def call(name: str, token: str, body: Any = None, *, address: str = HOME, **more: Any) -> Answer:
    """A route of the accounts, as the bearer of that token."""
    caller = authorize(token)
    return send(_from(address, "curl/8.5.0"), name, body=body, caller=caller, **more)


def whoami(token: str) -> Answer:
    return call("auth.me", token)


def staged() -> list[str]:
    """The types of the events that wait for the bus, in order of time."""
    rows = sorted(OutboxRow.scan(), key=lambda row: row.occurred_at)
    return [parse_event(row.payload).type for row in rows]


def link_token(purpose: str, user_id: str, *, lives: timedelta = timedelta(minutes=10)) -> str:
    """What the mail worker puts in a link, and what it stores of it."""
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


class Clock:
    """The shop's clock, to be moved on: `monkeypatch.setattr(clock, "utc_now", Clock())`."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def advance(self, **duration: float) -> None:
        self.ahead += timedelta(**duration)


def _from(address: str, device: str) -> Any:
    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        event["requestContext"]["http"] |= {"sourceIp": address, "userAgent": device}
        answer: dict[str, Any] = handler(event, context)
        return answer

    return handle


def everything_stored() -> str:
    """All rows of all tables of accounts, as text to look for secrets in."""
    tables = (Login, User, Session, EmailToken, Attempts)
    rows = [row.attribute_values for table in (*tables, OutboxRow) for row in table.scan()]
    return json.dumps(rows, default=str)
