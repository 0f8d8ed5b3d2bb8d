"""Access tokens: signed JWTs (RFC 7519, hardened as RFC 8725 and typed as RFC 9068 ask).

HS256 and nothing else: one party signs and verifies, and it needs no `cryptography`, whose import
alone costs a cold start 90 ms.
"""

import re
from datetime import datetime, timedelta
from typing import Any

import jwt

from shared.auth import Principal, Role
from shared.errors import TokenExpired, TokenInvalid
from shared.ids import new_id
from shared.keys import KeyRing

ISSUER = "souk"
AUDIENCE = "souk-api"
TYPE = "at+jwt"  # RFC 9068, 2.1
LEEWAY_SECONDS = 30  # two machines' clocks may differ by this

_CLAIMS = ["iss", "aud", "sub", "jti", "iat", "nbf", "exp"]
# jwt also takes padding and blanks, so that one token would have many spellings
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_LENGTH_MAX = 4096

_jwt = jwt.PyJWT(options={"enforce_minimum_key_length": True})


def issue(principal: Principal, ring: KeyRing, *, now: datetime, lifetime: timedelta) -> str:
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": principal.user_id,
        "roles": sorted(principal.roles),
        "jti": new_id("tok"),
        "iat": now,
        "nbf": now,
        "exp": now + lifetime,
    }
    return _jwt.encode(
        claims, ring.signing_key, algorithm="HS256", headers={"kid": ring.current, "typ": TYPE}
    )


def verify(token: str, ring: KeyRing) -> tuple[Principal, int]:
    """Whose token this is, and until when it is taken (seconds since the epoch, leeway included).

    Raises TokenExpired, and TokenInvalid for everything else that is wrong with it.
    """
    try:
        claims = _claims_of(token, ring)
        principal = _principal_of(claims)
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired("This token has expired. Log in again.") from error
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
        raise TokenInvalid("This is not a token that the shop has issued. Log in.") from error
    return principal, int(claims["exp"]) + LEEWAY_SECONDS


def _principal_of(claims: dict[str, Any]) -> Principal:
    user_id, roles = claims["sub"], claims["roles"]
    if not user_id or not isinstance(roles, list):  # jwt has seen to it that sub is a string
        raise ValueError("names nobody")
    return Principal(user_id, frozenset(Role(role) for role in roles))


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
