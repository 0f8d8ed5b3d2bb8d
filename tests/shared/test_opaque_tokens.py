"""Pure: secrets that mean nothing."""

import base64

import pytest

from shared.security import opaque_tokens


def test_a_secret_is_256_bits_that_are_safe_in_a_url():
    secret = opaque_tokens.new_secret()

    assert len(secret) == 43
    assert len(base64.urlsafe_b64decode(secret + "=")) == 32


def test_no_two_secrets_are_the_same():
    assert len({opaque_tokens.new_secret() for _ in range(1000)}) == 1000


def test_a_digest_is_the_same_today_and_in_ten_years():
    """FIPS 180-4: SHA-256 of `abc`. What is stored must be found again."""
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    assert opaque_tokens.digest("abc") == expected


def test_a_secret_is_known_by_its_digest():
    secret = opaque_tokens.new_secret()

    assert opaque_tokens.matches_digest(secret, opaque_tokens.digest(secret))


@pytest.mark.parametrize(
    "shown", ["", "abcd", "ABC", "abc ", "abc\x00", "é", opaque_tokens.digest("abc")]
)
def test_anything_else_is_not(shown):
    assert not opaque_tokens.matches_digest(shown, opaque_tokens.digest("abc"))


@pytest.mark.parametrize("stored", [None, "", "abc", "-", opaque_tokens.digest("abc").upper()])
def test_what_is_stored_is_a_digest_and_nothing_else(stored):
    assert not opaque_tokens.matches_digest("abc", stored)


def test_where_nothing_is_stored_nothing_is_right():
    assert not opaque_tokens.matches_digest("", None)
