"""Pure: codes of a second factor. Each code works once."""

from datetime import UTC, datetime, timedelta

import pytest

from auth.second_factor import codes
from shared.security.key_rings import KeyRing
from shared.storage.models.accounts import Login

PEPPER = KeyRing("k1", {"k1": b"p" * 64})
NOW = datetime(2026, 11, 24, 12, 0, 10, tzinfo=UTC)
STEP = int(NOW.timestamp()) // 30


@pytest.fixture
def login() -> Login:
    return Login("ada@example.com", totp_seed=codes.new_seed(PEPPER))


def code_at(login: Login, when: datetime) -> str:
    return codes.totp_from_seed(login.totp_seed, PEPPER).at(when)


def test_codes_match_the_examples_of_rfc_6238():
    """Appendix B, SHA-1, shortened to six digits: the shop uses the standard parameters."""
    totp = codes.pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", interval=codes.STEP_SECONDS)

    assert totp.at(59) == "287082"
    assert totp.at(1111111109) == "081804"


def test_the_current_code_is_accepted(login):
    assert codes.match_code(login, code_at(login, NOW), PEPPER, now=NOW).step == STEP


@pytest.mark.parametrize(("off", "is_taken"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off(login, off, is_taken):
    code = code_at(login, NOW + timedelta(seconds=off))

    assert (codes.match_code(login, code, PEPPER, now=NOW) is not None) is is_taken


def test_a_used_code_and_older_codes_are_refused(login):
    before, code = code_at(login, NOW - timedelta(seconds=30)), code_at(login, NOW)
    login.totp_step = STEP

    assert codes.match_code(login, code, PEPPER, now=NOW) is None
    assert codes.match_code(login, before, PEPPER, now=NOW) is None
    assert codes.match_code(login, code_at(login, NOW + timedelta(seconds=30)), PEPPER, now=NOW)


def test_spaces_and_full_width_digits_are_accepted(login):
    code = code_at(login, NOW)
    fullwidth = "".join(chr(ord(digit) + 0xFEE0) for digit in code)

    for written in (f" {code} ", f"{code[:3]} {code[3:]}", fullwidth):
        assert codes.match_code(login, written, PEPPER, now=NOW).step == STEP


@pytest.mark.parametrize("code", ["", " ", "0", "000000 000000", "abcdef", "١٢٣", "\x00" * 6])
def test_a_malformed_code_is_refused(login, code):
    assert codes.match_code(login, code, PEPPER, now=NOW) is None


def test_a_login_without_a_secret_accepts_no_code():
    login = Login("ada@example.com")

    assert codes.match_code(login, "000000", PEPPER, now=NOW) is None


def test_a_secret_survives_a_pepper_rotation(login):
    code = code_at(login, NOW)
    rotated = KeyRing("k2", PEPPER.keys | {"k2": b"q" * 64})

    assert codes.match_code(login, code, rotated, now=NOW).step == STEP
    assert codes.new_seed(rotated).startswith("k2:")


def test_the_table_alone_produces_no_codes(login):
    other = KeyRing("k1", {"k1": b"o" * 64})

    assert codes.match_code(login, code_at(login, NOW), other, now=NOW) is None


def test_there_are_ten_recovery_codes_of_80_bits():
    made = codes.new_recovery_codes()

    assert len(set(made)) == 10
    assert all(len(code.replace("-", "")) == 16 for code in made)


def test_a_recovery_code_is_accepted_in_any_spelling(login):
    made = codes.new_recovery_codes()
    login.recovery_hashes = codes.hash_recovery_codes(made)

    for written in (made[0], made[0].upper(), made[0].replace("-", " "), f"\t{made[0]}\n"):
        used = codes.match_code(login, written, PEPPER, now=NOW)
        assert used.recovery_hash in login.recovery_hashes
    assert codes.match_code(login, made[0][:-1], PEPPER, now=NOW) is None
