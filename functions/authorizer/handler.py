"""Lambda authorizer: turns the bearer token into a principal that every route can rely on.

It lets each call through with what it found, or with why it found nothing, so that the route can
refuse in Souk's own envelope. API Gateway keeps the answer for 60 s per token: it holds identity,
and the roles are checked by the route.
"""

from typing import Any

from shared import started, tokens
from shared.config import TokenSettings, settings
from shared.errors import AppError
from shared.keys import key_ring
from shared.observability import logger

_SCHEME = "bearer "
_keys_secret_arn = settings(TokenSettings).token_keys_secret_arn
started()


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Payload 2.0 in, simple response out (AWS: HTTP API Lambda authorizers)."""
    request_id = event["requestContext"]["requestId"]
    try:
        context = _identity(event["headers"].get("authorization", ""))
    except AppError as refusal:
        logger.info("no principal", code=refusal.code, request_id=request_id)
        return {"isAuthorized": True, "context": {"refusal": refusal.code}}
    logger.info("principal", user_id=context["user_id"], request_id=request_id)
    return {"isAuthorized": True, "context": context}


def _identity(authorization: str) -> dict[str, Any]:
    # RFC 9110, 11.1: the scheme is case-insensitive. A header without one is read as the token.
    is_bearer = authorization[: len(_SCHEME)].lower() == _SCHEME
    token = authorization[len(_SCHEME) :] if is_bearer else authorization
    principal, expires_at = tokens.verify(token.strip(), key_ring(_keys_secret_arn))
    return {
        "user_id": principal.user_id,
        "roles": " ".join(sorted(principal.roles)),
        "expires_at": expires_at,
    }
