"""Access tokens: signed JWTs (RFC 7519, hardened by RFC 8725 and typed by RFC 9068).

HS256 is the only algorithm. One party signs and verifies, and HS256 does not need the package
`cryptography`, whose import adds 90 ms to a cold start.
"""

import re
from datetime import datetime, timedelta
from typing import Any

import jwt

from shared.errors.accounts import TokenExpired, TokenInvalid
from shared.ids import new_id
from shared.records import Record
from shared.security.key_rings import KeyRing

ISSUER = "souk"
AUDIENCE = "souk-api"
TYPE = "at+jwt"  # RFC 9068, 2.1
LEEWAY_SECONDS = 30  # allowed difference between two machines' clocks

_CLAIMS = ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"]
# jwt also accepts padding and blanks: one token would then have many spellings.
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_LENGTH_MAX = 4096

_jwt = jwt.PyJWT(options={"enforce_minimum_key_length": True})


class AccessToken(Record):
    """A user and a session. The authorizer looks up what its bearer may do."""

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
    """Raises TokenExpired, and TokenInvalid for every other fault."""
    try:
        claims = _decode_claims(token, ring)
        return _token_from_claims(claims)
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired from error
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
        raise TokenInvalid from error


def _token_from_claims(claims: dict[str, Any]) -> AccessToken:
    user_id, session_id = claims["sub"], claims["sid"]
    if not user_id or not isinstance(session_id, str) or not session_id:
        raise ValueError("no user or no session")  # jwt has checked that sub is a string
    return AccessToken(user_id, session_id, int(claims["exp"]) + LEEWAY_SECONDS)


def _decode_claims(token: str, ring: KeyRing) -> dict[str, Any]:
    if len(token) > _LENGTH_MAX or not _COMPACT.fullmatch(token):
        raise ValueError("not a compact JWS")
    header = jwt.get_unverified_header(token)
    if header.get("typ") != TYPE or "crit" in header:
        raise ValueError("not an access token")
    return _jwt.decode(
        token,
        ring.keys[header["kid"]],  # from our own ring: jku, jwk and x5u are ignored
        algorithms=["HS256"],
        issuer=ISSUER,
        audience=AUDIENCE,
        leeway=LEEWAY_SECONDS,
        options={"require": _CLAIMS, "strict_aud": True},
    )
