"""Who may call a route and who calls it: the one place that checks permissions."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from shared import observability
from shared.characters import to_line
from shared.errors.accounts import (
    Forbidden,
    SecondFactorRequired,
    SessionEnded,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
)
from shared.errors.base import AppError, Unavailable
from shared.http.trusted_proxy import client_address
from shared.records import Record
from shared.security.permissions import Permission, Principal, permissions_named

DEVICE_MAX = 200  # stored characters of a user agent

# The authorizer's refusals, by name. They are classes because an instance that is raised twice
# keeps the stack frames, and so the requests, of both times.
_REFUSALS: dict[str, type[AppError]] = {
    "token_expired": TokenExpired,
    "token_invalid": TokenInvalid,
    "session_ended": SessionEnded,
    "unavailable": Unavailable,
}

_Handler = TypeVar("_Handler", bound=Callable[..., Any])


class Client(Record):
    address: str  # IPv4 or IPv6
    device: str  # its user agent


def client_from_event(event: dict[str, Any]) -> Client:
    """The sender of a request, as API Gateway or a trusted proxy saw it: clients forge headers."""
    http = event["requestContext"]["http"]
    device = to_line(http.get("userAgent", ""))[:DEVICE_MAX]
    return Client(address=client_address(event), device=device)


def anyone(handler: _Handler) -> _Handler:
    """Allow calls of the route without a token."""
    handler.requires = None  # type: ignore[attr-defined]
    return handler


def requires(permission: Permission) -> Callable[[_Handler], _Handler]:
    """Allow calls of the route with this permission only."""

    def mark(handler: _Handler) -> _Handler:
        handler.requires = permission  # type: ignore[attr-defined]
        return handler

    return mark


def caller_from_event(event: dict[str, Any]) -> Principal:
    """The caller as the authorizer identified it. Raises Unauthenticated or Unavailable."""
    context = event["requestContext"].get("authorizer", {}).get("lambda") or {}
    if "refusal" in context:
        raise _REFUSALS[context["refusal"]]
    if "user_id" not in context:
        raise TokenMissing
    # API Gateway caches the authorizer's answer for each token, longer than some tokens live.
    if time.time() > int(context["expires_at"]):
        raise TokenExpired
    return Principal(
        context["user_id"],
        permissions_named(context["permissions"].split()),
        context["session_id"],
        context["second_factor_due"] in (True, "true"),  # a gateway may send it as text
    )


def require_permission(caller: Principal, permission: Permission) -> None:
    """Raises SecondFactorRequired if a second factor would grant it, and otherwise Forbidden."""
    if caller.may(permission):
        return
    observability.audit("request", "refused", user_id=caller.user_id, permission=permission)
    if caller.second_factor_due:
        raise SecondFactorRequired
    raise Forbidden(permission=permission)
