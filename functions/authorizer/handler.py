"""Lambda authorizer: turns the bearer token into a principal that every route can rely on.

It lets each call through with what it found, or with why it found nothing, so that the route can
refuse in Souk's own envelope. API Gateway keeps the answer for 60 s per token: it holds identity,
and what that may do is checked by the route.
"""

from typing import Any

from authorizer import service
from authorizer.service import Recognised
from shared import freeze_gc, observability
from shared.config import AdmissionSettings, TokenSettings, settings
from shared.errors.base import AppError
from shared.http.authorization import client_from_event

_SCHEME = "bearer "
settings(TokenSettings)
settings(AdmissionSettings)
freeze_gc()


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Payload 2.0 in, simple response out (AWS: HTTP API Lambda authorizers)."""
    request_id = event["requestContext"]["requestId"]
    observability.set_log_context(request_id, client_address=client_from_event(event).address)
    try:
        recognised = service.recognise(_shown(event["headers"].get("authorization", "")))
    except AppError as refusal:
        observability.audit("authenticate", "refused", reason=refusal.code)
        return {"isAuthorized": True, "context": {"refusal": refusal.code}}
    user_id = recognised.principal.user_id
    observability.audit(
        "authenticate", "done", user_id=user_id, session_id=recognised.principal.session_id
    )
    return {"isAuthorized": True, "context": _context(recognised)}


def _shown(authorization: str) -> str:
    # RFC 9110, 11.1: the scheme is case-insensitive. A header without one is read as the token.
    is_bearer = authorization[: len(_SCHEME)].lower() == _SCHEME
    return (authorization[len(_SCHEME) :] if is_bearer else authorization).strip()


def _context(recognised: Recognised) -> dict[str, Any]:
    """What `shared.http.authorization` reads: API Gateway hands on text, numbers and booleans."""
    principal = recognised.principal
    return {
        "user_id": principal.user_id,
        "session_id": principal.session_id,
        "permissions": " ".join(sorted(principal.permissions)),
        "second_factor_due": principal.second_factor_due,
        "expires_at": recognised.expires_at,
    }
