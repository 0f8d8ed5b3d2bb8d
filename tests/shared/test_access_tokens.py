"""Pure: access tokens that the shop issued. Those that it did not: test_forged_tokens.py."""

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


def is_taken(token: str, ring: KeyRing = RING) -> bool:
    return access_tokens.verify(token, ring).user_id == "usr_ada"


def test_a_token_tells_whose_it_is_and_of_which_session():
    found = access_tokens.verify(issue(), RING)

    assert (found.user_id, found.session_id) == ("usr_ada", "ses_one")


def test_a_token_holds_what_rfc_9068_asks_for_and_no_rights():
    token = issue()

    claims = jwt.decode(token, options={"verify_signature": False})
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": "k1", "typ": "at+jwt"}
    assert set(claims) == {"iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"}
    assert claims["exp"] - claims["iat"] == LIFETIME.total_seconds()


def test_no_two_tokens_are_the_same():
    now = datetime.now(UTC)

    one, other = (
        access_tokens.issue("usr_ada", "ses_one", RING, now=now, lifetime=LIFETIME)
        for _ in range(2)
    )

    assert one != other


def test_a_token_is_good_until_its_end_and_the_leeway_after_it():
    ends_at = datetime.now(UTC) + LIFETIME

    accepted_until = access_tokens.verify(issue(), RING).expires_at

    assert abs(accepted_until - LEEWAY_SECONDS - ends_at.timestamp()) <= 2


@pytest.mark.parametrize("over", [0, LEEWAY_SECONDS - 5])
def test_a_token_is_taken_by_a_machine_whose_clock_is_a_little_ahead(over):
    token = issue(age=LIFETIME + timedelta(seconds=over))

    assert is_taken(token)


@pytest.mark.parametrize("over", [timedelta(seconds=LEEWAY_SECONDS), timedelta(days=365)])
def test_a_token_past_its_end_is_expired(over):
    token = issue(age=LIFETIME + over)

    with pytest.raises(TokenExpired):
        access_tokens.verify(token, RING)


def test_a_token_is_taken_by_a_machine_whose_clock_is_a_little_behind():
    token = issue(age=timedelta(seconds=5 - LEEWAY_SECONDS))

    assert is_taken(token)


def test_a_token_of_the_future_is_refused():
    token = issue(age=-timedelta(seconds=LEEWAY_SECONDS + 5))

    with pytest.raises(TokenInvalid):
        access_tokens.verify(token, RING)


def test_rotating_the_key_logs_nobody_out():
    token = issue(ring=RING)

    assert is_taken(token, ROTATED)


def test_the_new_key_signs():
    token = issue(ring=ROTATED)

    assert jwt.get_unverified_header(token)["kid"] == "k2"
    assert is_taken(token, ROTATED)


def test_a_key_taken_out_of_the_ring_is_good_no_more():
    token = issue(ring=RING)

    with pytest.raises(TokenInvalid):
        access_tokens.verify(token, KeyRing("k2", {"k2": b"b" * 64}))


def test_a_foreign_token_that_has_also_expired_is_not_called_expired():
    foreign = issue(ring=KeyRing("k1", {"k1": b"f" * 64}), age=timedelta(days=1))

    with pytest.raises(TokenInvalid) as raised:
        access_tokens.verify(foreign, RING)

    assert not isinstance(raised.value, TokenExpired)
