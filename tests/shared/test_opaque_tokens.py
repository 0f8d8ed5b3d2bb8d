"""Pure: random secrets and their digests."""

import base64

import pytest

from shared.security import opaque_tokens


def test_a_secret_is_256_url_safe_bits():
    secret = opaque_tokens.new_secret()

    assert len(secret) == 43
    assert len(base64.urlsafe_b64decode(secret + "=")) == 32


def test_two_secrets_are_never_the_same():
    assert len({opaque_tokens.new_secret() for _ in range(1000)}) == 1000


def test_a_digest_never_changes():
    """FIPS 180-4: SHA-256 of `abc`. Stored digests must still match after years."""
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    assert opaque_tokens.digest("abc") == expected


def test_a_secret_matches_its_digest():
    secret = opaque_tokens.new_secret()

    assert opaque_tokens.matches_digest(secret, opaque_tokens.digest(secret))


@pytest.mark.parametrize(
    "shown", ["", "abcd", "ABC", "abc ", "abc\x00", "é", opaque_tokens.digest("abc")]
)
def test_another_secret_does_not_match(shown):
    assert not opaque_tokens.matches_digest(shown, opaque_tokens.digest("abc"))


@pytest.mark.parametrize("stored", [None, "", "abc", "-", opaque_tokens.digest("abc").upper()])
def test_a_stored_value_that_is_no_digest_does_not_match(stored):
    assert not opaque_tokens.matches_digest("abc", stored)


def test_nothing_matches_an_absent_digest():
    assert not opaque_tokens.matches_digest("", None)
