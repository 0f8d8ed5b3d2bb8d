"""The authorizer's and the accounts' operations."""

from itertools import count
from typing import Any

from auth.handler import handler as auth
from authorizer.handler import handler as authorizer
from benchmarks.operation import Operation, require_success
from benchmarks.report import Budget
from shared import clock, ids
from shared.security.key_rings import key_ring
from shared.storage.models.accounts import Attempts, User
from tests.support.accounts import api_key, issue_access_token, session
from tests.support.http import CONTEXT, NOBODY, Caller, sample, send

CREDENTIALS = {"email": "ada@example.com", "password": "correct horse battery"}
KEY_OWNER = ids.derived_id("usr", "the owner of API keys")

_numbers = count(1)


def _authorize(credential: str) -> None:
    event = sample("authorizer")
    event["headers"]["authorization"] = f"Bearer {credential}"
    answer = authorizer(event, CONTEXT)
    if "user_id" not in answer["context"]:
        raise AssertionError(answer)


def _new_token() -> tuple[str]:
    return (issue_access_token(session(User.get(KEY_OWNER))),)


def _new_token_without_key_cache() -> tuple[str]:
    """The state after 60 s: the key ring must be read again."""
    token = _new_token()
    key_ring.forget()  # type: ignore[attr-defined]
    return token


def _recently_used_key() -> tuple[str]:
    return (api_key(User.get(KEY_OWNER), last_used_at=clock.utc_now()),)


def _unused_key() -> tuple[str]:
    return (api_key(User.get(KEY_OWNER)),)


def _register() -> None:
    email = f"ada.{next(_numbers)}@example.com"
    body = CREDENTIALS | {"email": email, "name": "Ada"}
    require_success(send(auth, "auth.register", caller=NOBODY, body=body))


def log_in() -> dict[str, Any]:
    answer = send(auth, "auth.login", caller=NOBODY, body=CREDENTIALS)
    require_success(answer)
    body: dict[str, Any] = answer.body
    return body


def _new_caller() -> tuple[Caller]:
    tokens = log_in()
    session_id = "ses_" + tokens["refresh_token"].split(".")[2]
    return (Caller(tokens["user"]["id"], session_id=session_id),)


def _refresh_token() -> tuple[str]:
    return (log_in()["refresh_token"],)


def _used_refresh_token() -> tuple[str]:
    (token,) = _refresh_token()
    _refresh(token)
    return (token,)


def _refresh(token: str) -> None:
    require_success(send(auth, "auth.refresh", caller=NOBODY, body={"refresh_token": token}))


def _log_out(caller: Caller) -> None:
    require_success(send(auth, "auth.logout", caller=caller))


def _list_sessions(caller: Caller) -> None:
    require_success(send(auth, "me.list_sessions", caller=caller))


def _change_password(caller: Caller) -> None:
    password = CREDENTIALS["password"]
    body = {"current_password": password, "new_password": password}
    require_success(send(auth, "me.change_password", caller=caller, body=body))


def _without_cooldowns() -> tuple[()]:
    """The state after some minutes, when the shop sends a mail again."""
    for attempts in Attempts.scan():
        attempts.delete()
    return ()


def _forgot_password() -> None:
    body = {"email": CREDENTIALS["email"]}
    require_success(send(auth, "auth.forgot_password", caller=NOBODY, body=body))


OPERATIONS = (
    Operation(
        "authorizer, new token, expired key cache",
        Budget(2),
        _authorize,
        _new_token_without_key_cache,
    ),
    Operation("authorizer, new token", Budget(1), _authorize, _new_token),
    Operation("authorizer, API key", Budget(1), _authorize, _recently_used_key),
    Operation("authorizer, API key, first use for minutes", None, _authorize, _unused_key),
    Operation("register", Budget(1), _register),
    Operation("log in", Budget(2), log_in),
    Operation("refresh", Budget(1), _refresh, _refresh_token),
    Operation("refresh, within the grace period", Budget(2), _refresh, _used_refresh_token),
    Operation("log out", None, _log_out, _new_caller),
    Operation("list sessions", None, _list_sessions, _new_caller),
    Operation("change password", None, _change_password, _new_caller),
    Operation("forgot password", None, _forgot_password, _without_cooldowns),
)
