"""Pure: access tokens that the shop issued. test_forged_tokens.py has the others."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from shared.errors.accounts import TokenExpired, TokenInvalid
from shared.security import access_tokens
from shared.security.access_tokens import LEEWAY_SECONDS
from shared.security.key_rings import KeyRing

RING = KeyRing("k1", {"k1": b"a" * 64})
ROTATED = KeyRing("k2", {"k1": b"a" * 64, "k2": b"b" * 64})
LIFETIME = timedelta(minutes=15)


def issue(ring=RING, *, age=timedelta(0), lifetime=LIFETIME) -> str:
    issued = datetime.now(UTC) - age
    return access_tokens.issue("usr_ada", "ses_one", ring, now=issued, lifetime=lifetime)


def is_accepted(token: str, ring: KeyRing = RING) -> bool:
    return access_tokens.verify(token, ring).user_id == "usr_ada"


def test_a_token_names_its_user_and_its_session():
    found = access_tokens.verify(issue(), RING)

    assert (found.user_id, found.session_id) == ("usr_ada", "ses_one")


def test_a_token_has_the_claims_of_rfc_9068_and_no_permissions():
    token = issue()

    claims = jwt.decode(token, options={"verify_signature": False})
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": "k1", "typ": "at+jwt"}
    assert set(claims) == {"iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"}
    assert claims["exp"] - claims["iat"] == LIFETIME.total_seconds()


def test_two_tokens_are_never_the_same():
    now = datetime.now(UTC)

    one, other = (
        access_tokens.issue("usr_ada", "ses_one", RING, now=now, lifetime=LIFETIME)
        for _ in range(2)
    )

    assert one != other


def test_a_token_is_valid_until_its_expiry_plus_leeway():
    ends_at = datetime.now(UTC) + LIFETIME

    accepted_until = access_tokens.verify(issue(), RING).expires_at

    assert abs(accepted_until - LEEWAY_SECONDS - ends_at.timestamp()) <= 2


@pytest.mark.parametrize("over", [0, LEEWAY_SECONDS - 5])
def test_a_clock_slightly_ahead_accepts_a_token(over):
    token = issue(age=LIFETIME + timedelta(seconds=over))

    assert is_accepted(token)


@pytest.mark.parametrize("over", [timedelta(seconds=LEEWAY_SECONDS), timedelta(days=365)])
def test_a_token_past_its_expiry_is_expired(over):
    token = issue(age=LIFETIME + over)

    with pytest.raises(TokenExpired):
        access_tokens.verify(token, RING)


def test_a_clock_slightly_behind_accepts_a_token():
    token = issue(age=timedelta(seconds=5 - LEEWAY_SECONDS))

    assert is_accepted(token)


def test_a_token_from_the_future_is_refused():
    token = issue(age=-timedelta(seconds=LEEWAY_SECONDS + 5))

    with pytest.raises(TokenInvalid):
        access_tokens.verify(token, RING)


def test_a_token_survives_a_key_rotation():
    token = issue(ring=RING)

    assert is_accepted(token, ROTATED)


def test_the_new_key_signs_after_a_rotation():
    token = issue(ring=ROTATED)

    assert jwt.get_unverified_header(token)["kid"] == "k2"
    assert is_accepted(token, ROTATED)


def test_a_token_of_a_removed_key_is_refused():
    token = issue(ring=RING)

    with pytest.raises(TokenInvalid):
        access_tokens.verify(token, KeyRing("k2", {"k2": b"b" * 64}))


def test_an_expired_foreign_token_is_invalid_not_expired():
    foreign = issue(ring=KeyRing("k1", {"k1": b"f" * 64}), age=timedelta(days=1))

    with pytest.raises(TokenInvalid) as raised:
        access_tokens.verify(foreign, RING)

    assert not isinstance(raised.value, TokenExpired)
