"""Pure: tokens that the shop did not issue. tests/authorizer tests them too."""

import pytest

from auth.sessions.refresh_tokens import RefreshToken
from shared.errors.accounts import TokenExpired, TokenInvalid
from shared.security import access_tokens
from shared.security.api_keys import KeyText
from tests.support.forged_tokens import (
    CLAIMS,
    FORGED,
    GENUINE,
    HEADER,
    LAST_COUNTS,
    OTHER_CREDENTIALS,
    RING,
    segment,
    sign,
)


def test_the_genuine_token_is_valid():
    found = access_tokens.verify(GENUINE, RING)

    assert (found.user_id, found.session_id) == ("usr_ada", "ses_one")


def test_the_forged_tokens_are_many_and_distinct():
    assert len(set(FORGED.values())) == len(FORGED) > 60


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_is_refused(name):
    token = FORGED[name]

    with pytest.raises(TokenInvalid) as raised:
        access_tokens.verify(token, RING)

    assert not isinstance(raised.value, TokenExpired)
    assert not token.strip() or token not in raised.value.message


@pytest.mark.parametrize("name", LAST_COUNTS)
def test_the_last_of_two_equal_claims_counts(name):
    found = access_tokens.verify(LAST_COUNTS[name], RING)

    assert (found.user_id, found.session_id) == ("usr_ada", "ses_one")


@pytest.mark.parametrize("name", sorted(FORGED.keys() - {"other: a refresh token"}))
def test_a_forged_token_is_no_refresh_token(name):
    with pytest.raises(TokenInvalid):
        RefreshToken.parse(FORGED[name])


def test_an_access_token_is_no_refresh_token():
    with pytest.raises(TokenInvalid):
        RefreshToken.parse(GENUINE)


@pytest.mark.parametrize("token", [GENUINE, OTHER_CREDENTIALS["a refresh token"]])
def test_a_token_is_no_api_key(token):
    with pytest.raises(ValueError, match="API key"):
        KeyText.parse(token)


def test_a_key_inside_the_token_is_ignored():
    attacker = b"f" * 64
    header = HEADER | {
        "jwk": {"kty": "oct", "k": segment(attacker), "kid": "k1"},
        "jku": "https://attacker.example/keys",
        "x5u": "https://attacker.example/chain",
    }

    with pytest.raises(TokenInvalid):
        access_tokens.verify(sign(header, CLAIMS, key=attacker), RING)


def test_every_change_of_a_signature_is_detected():
    signed, _, signature = GENUINE.rpartition(".")

    for at in range(len(signature)):
        other = "A" if signature[at] != "A" else "Q"
        with pytest.raises(TokenInvalid):
            access_tokens.verify(f"{signed}.{signature[:at]}{other}{signature[at + 1 :]}", RING)
