"""The password policy: a minimum length, and no password that attackers try first.

NIST SP 800-63B-4, 3.1.1.2. There are no composition rules and no expiry: both make passwords worse.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from shared.config import AccountSettings, PasswordSettings, settings
from shared.errors.requests import InvalidFields

_COMMON = Path(__file__).parent / "common_passwords.txt"
WORD_LENGTH_MIN = 3  # a shorter piece of an address occurs in too many passwords by chance
OWN_LETTERS_MIN = 4  # letters that must remain without the words of the account and the shop


def check_password(
    password: str, email: str, name: str, *, for_staff: bool = False, field: str = "password"
) -> None:
    """Raises InvalidFields, whose message says how to choose a better password."""
    length_min = _length_min(for_staff=for_staff)
    if _length(password) < length_min:
        raise _refusal(field, "password_too_short", f"Use at least {length_min} characters.")
    if _fold(password) in _common_passwords():
        raise _refusal(
            field,
            "password_common",
            "This password is common, so attackers try it first. Use several words, or let your "
            "password manager make one.",
        )
    texts = _account_texts(email, name)
    if _is_nearly_one_of(password, texts) or _is_built_from(password, _words_in(texts)):
        raise _refusal(
            field,
            "password_built_from_account",
            "This password is built from your name, your address or the shop's name. Use "
            "unrelated words.",
        )


def suits_staff(password: str) -> bool:
    return _length(password) >= _length_min(for_staff=True)


def _length_min(*, for_staff: bool) -> int:
    configured = settings(PasswordSettings)
    return configured.staff_password_length_min if for_staff else configured.password_length_min


def _length(password: str) -> int:
    return len(unicodedata.normalize("NFKC", password))


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@cache
def _common_passwords() -> frozenset[str]:
    lines = _COMMON.read_text().splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def _account_texts(email: str, name: str) -> tuple[str, ...]:
    """Return the names of the account and of the shop."""
    mailbox, _, domain = email.rpartition("@")
    return (email, mailbox, domain, name, settings(AccountSettings).shop_name)


def _words_in(texts: Sequence[str]) -> set[str]:
    """Return the letters of each text, in pieces and joined."""
    pieces = {piece for text in texts for piece in re.split(r"[\W\d_]+", _fold(text))}
    joined = {re.sub(r"[\W\d_]+", "", _fold(text)) for text in texts}
    return {word for word in pieces | joined if len(word) >= WORD_LENGTH_MIN}


def _is_nearly_one_of(password: str, texts: Sequence[str]) -> bool:
    """Whether the password is one of the texts plus a few characters: all digits, for example."""
    folded = _fold(password)
    return any(
        len(text) >= WORD_LENGTH_MIN
        and text in folded
        and len(folded) - len(text) < OWN_LETTERS_MIN
        for text in map(_fold, texts)
    )


def _is_built_from(password: str, words: set[str]) -> bool:
    """Whether hardly any letter remains without these words."""
    letters = re.sub(r"[\W\d_]+", " ", _fold(password))
    remaining = letters
    for word in sorted(words, key=len, reverse=True):
        remaining = remaining.replace(word, " ")
    return remaining != letters and sum(map(str.isalpha, remaining)) < OWN_LETTERS_MIN


def _refusal(field: str, code: str, message: str) -> InvalidFields:
    path = f"body.{field}"
    return InvalidFields(
        f"{path}: {message}", fields=[{"path": path, "code": code, "message": message}]
    )
