"""Lambda authorizer: turns a bearer token into the principal that every route relies on.

The authorizer lets every call through, with the principal or with the reason for a refusal. So the
route can refuse in Souk's own error format. API Gateway caches the answer for 60 s per token. The
answer is the identity and its permissions; the route checks the permission that it requires.
"""

from typing import Any

from authorizer import service
from authorizer.service import AuthenticatedCaller
from shared import freeze_gc, observability, request_budget, snapstart
from shared.config import AdmissionSettings, TokenSettings, settings
from shared.errors.base import AppError
from shared.http.trusted_proxy import client_address

_SCHEME = "bearer "
settings(TokenSettings)
settings(AdmissionSettings)
snapstart.register()
freeze_gc()


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Takes payload 2.0 and returns a simple response (AWS: HTTP API Lambda authorizers)."""
    request_id = event["requestContext"]["requestId"]
    observability.set_log_context(request_id, client_address=client_address(event))
    try:
        token = _bearer_token(event["headers"].get("authorization", ""))
        with request_budget.limit_retries():
            caller = service.authenticate(token)
    except AppError as refusal:
        observability.audit("authenticate", "refused", reason=refusal.code)
        return {"isAuthorized": True, "context": {"refusal": refusal.code}}
    principal = caller.principal
    observability.audit(
        "authenticate", "done", user_id=principal.user_id, session_id=principal.session_id
    )
    return {"isAuthorized": True, "context": _context(caller)}


def _bearer_token(authorization: str) -> str:
    # RFC 9110, 11.1: the scheme is case-insensitive. A header without a scheme is the token itself.
    is_bearer = authorization[: len(_SCHEME)].lower() == _SCHEME
    return (authorization[len(_SCHEME) :] if is_bearer else authorization).strip()


def _context(caller: AuthenticatedCaller) -> dict[str, Any]:
    """`shared.http.authorization` reads it. API Gateway passes on text, numbers and booleans."""
    principal = caller.principal
    return {
        "user_id": principal.user_id,
        "session_id": principal.session_id,
        "permissions": " ".join(sorted(principal.permissions)),
        "second_factor_due": principal.second_factor_due,
        "expires_at": caller.expires_at,
    }
