"""Access tokens: signed JWTs (RFC 7519, hardened as RFC 8725 and typed as RFC 9068 ask).

HS256 and nothing else: one party signs and verifies, and it needs no `cryptography`, whose import
alone costs a cold start 90 ms.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt

from shared.errors.accounts import TokenExpired, TokenInvalid
from shared.ids import new_id
from shared.security.key_rings import KeyRing

ISSUER = "souk"
AUDIENCE = "souk-api"
TYPE = "at+jwt"  # RFC 9068, 2.1
LEEWAY_SECONDS = 30  # two machines' clocks may differ by this

_CLAIMS = ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"]
# jwt also takes padding and blanks, so that one token would have many spellings
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_LENGTH_MAX = 4096

_jwt = jwt.PyJWT(options={"enforce_minimum_key_length": True})


@dataclass(frozen=True, slots=True)
class AccessToken:
    """Whose it is, and of which session. What its bearer may do is looked up, never believed."""

    user_id: str
    session_id: str
    expires_at: int  # seconds since the epoch, leeway included


def issue(
    user_id: str, session_id: str, ring: KeyRing, *, now: datetime, lifetime: timedelta
) -> str:
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": user_id,
        "sid": session_id,
        "jti": new_id("tok"),
        "iat": now,
        "nbf": now,
        "exp": now + lifetime,
    }
    kid = ring.current
    return _jwt.encode(claims, ring.keys[kid], algorithm="HS256", headers={"kid": kid, "typ": TYPE})


def verify(token: str, ring: KeyRing) -> AccessToken:
    """Raises TokenExpired, and TokenInvalid for everything else that is wrong with it."""
    try:
        claims = _claims_of(token, ring)
        return _access_token(claims)
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired("This token has expired. Log in again.") from error
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
        raise TokenInvalid("This is not a token that the shop has issued. Log in.") from error


def _access_token(claims: dict[str, Any]) -> AccessToken:
    user_id, session_id = claims["sub"], claims["sid"]
    if not user_id or not isinstance(session_id, str) or not session_id:
        raise ValueError("names nobody")  # jwt has seen to it that sub is a string
    return AccessToken(user_id, session_id, int(claims["exp"]) + LEEWAY_SECONDS)


def _claims_of(token: str, ring: KeyRing) -> dict[str, Any]:
    if len(token) > _LENGTH_MAX or not _COMPACT.fullmatch(token):
        raise ValueError("not a compact JWS")
    header = jwt.get_unverified_header(token)
    if header.get("typ") != TYPE or "crit" in header:
        raise ValueError("not an access token")
    return _jwt.decode(
        token,
        ring.keys[header["kid"]],  # from our own ring: jku, jwk and x5u are never looked at
        algorithms=["HS256"],
        issuer=ISSUER,
        audience=AUDIENCE,
        leeway=LEEWAY_SECONDS,
        options={"require": _CLAIMS, "strict_aud": True},
    )
