"""Who may call a route, and who does: the one place where permissions are checked."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from shared import observability
from shared.errors.accounts import (
    Forbidden,
    SecondFactorRequired,
    SessionEnded,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
)
from shared.errors.base import AppError, Unavailable
from shared.security.permissions import Permission, Principal, permissions_named

DEVICE_MAX = 200  # characters of a user agent that are kept

# What the authorizer found wrong. Classes, not instances: an exception that is raised again keeps
# the frames, and so the requests, of all the times before.
_REFUSALS: dict[str, tuple[type[AppError], str]] = {
    "token_expired": (TokenExpired, "This token or API key has expired."),
    "token_invalid": (
        TokenInvalid,
        "This is no token or API key of the shop, or the key was revoked.",
    ),
    "session_ended": (
        SessionEnded,
        "This session has ended, or its account was closed. Log in again.",
    ),
    "unavailable": (Unavailable, "The shop cannot check tokens right now. Try again."),
}

_Handler = TypeVar("_Handler", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Client:
    address: str  # IPv4 or IPv6
    device: str  # what it calls itself


def client_from_event(event: dict[str, Any]) -> Client:
    """Where a request comes from, as API Gateway has seen it: no header is believed for it."""
    http = event["requestContext"]["http"]
    return Client(address=http["sourceIp"], device=http.get("userAgent", "")[:DEVICE_MAX])


def anyone(handler: _Handler) -> _Handler:
    """Let the route be called without a token."""
    handler.requires = None  # type: ignore[attr-defined]
    return handler


def requires(permission: Permission) -> Callable[[_Handler], _Handler]:
    """Let the route be called by whoever has this permission."""

    def mark(handler: _Handler) -> _Handler:
        handler.requires = permission  # type: ignore[attr-defined]
        return handler

    return mark


def caller_from_event(event: dict[str, Any]) -> Principal:
    """Who the authorizer found behind this request. Raises Unauthenticated when it is nobody."""
    found = event["requestContext"].get("authorizer", {}).get("lambda") or {}
    if "refusal" in found:
        raise _refusal(found["refusal"])
    if "user_id" not in found:
        raise TokenMissing("Send your access token: Authorization: Bearer <token>.")
    # The answer is cached per token, for longer than some tokens live.
    if time.time() > int(found["expires_at"]):
        raise _refusal("token_expired")
    return Principal(
        found["user_id"],
        permissions_named(found["permissions"].split()),
        found["session_id"],
        found["second_factor_due"] in (True, "true"),  # a gateway may make text of it
    )


def _refusal(name: str) -> AppError:
    error, message = _REFUSALS[name]
    return error(message)


def require_permission(caller: Principal, permission: Permission) -> None:
    """Raises Forbidden, or what would lift it."""
    if caller.may(permission):
        return
    observability.audit("request", "refused", user_id=caller.user_id, permission=permission)
    if caller.second_factor_due:
        raise SecondFactorRequired(
            "Staff sign in with a second factor: turn yours on at /v1/me/second-factor."
        )
    raise Forbidden("You may not do this.", permission=permission)
