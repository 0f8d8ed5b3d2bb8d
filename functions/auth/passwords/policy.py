"""Which passwords will do: long enough, and not one that is guessed first.

NIST SP 800-63B-4, 3.1.1.2. No composition rules, no expiry: they make passwords worse.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from shared.config import AccountSettings, PasswordSettings, settings
from shared.errors.requests import InvalidFields

_COMMON = Path(__file__).parent / "common_passwords.txt"
WORD_MIN = 3  # a shorter piece of an address is in too many passwords by chance
OWN_LETTERS_MIN = 4  # letters that must be left once the account's words are taken out


def check(
    password: str, email: str, name: str, *, for_staff: bool = False, field: str = "password"
) -> None:
    """Raises InvalidFields, with what to do about it."""
    shortest = _shortest(for_staff=for_staff)
    if _length(password) < shortest:
        raise _refused(field, "password_too_short", f"Use at least {shortest} characters.")
    if _folded(password) in _common():
        raise _refused(
            field,
            "password_common",
            "This password is one of those that are tried first. Use several words, or one that "
            "your password manager makes.",
        )
    texts = _names_of(email, name)
    if _is_almost(password, texts) or _is_built_from(password, _words(texts)):
        raise _refused(
            field,
            "password_built_from_account",
            "This password is built from your name, your address or the shop's name. Use words "
            "that have nothing to do with them.",
        )


def suits_staff(password: str) -> bool:
    return _length(password) >= _shortest(for_staff=True)


def _shortest(*, for_staff: bool) -> int:
    chosen = settings(PasswordSettings)
    return chosen.staff_password_length_min if for_staff else chosen.password_length_min


def _length(password: str) -> int:
    return len(unicodedata.normalize("NFKC", password))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@cache
def _common() -> frozenset[str]:
    lines = _COMMON.read_text().splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def _names_of(email: str, name: str) -> tuple[str, ...]:
    """What the account and the shop are called."""
    mailbox, _, domain = email.rpartition("@")
    return (email, mailbox, domain, name, settings(AccountSettings).shop_name)


def _words(texts: Sequence[str]) -> set[str]:
    """The letters in them, whole and in pieces."""
    pieces = {piece for text in texts for piece in re.split(r"[\W\d_]+", _folded(text))}
    whole = {re.sub(r"[\W\d_]+", "", _folded(text)) for text in texts}
    return {word for word in pieces | whole if len(word) >= WORD_MIN}


def _is_almost(password: str, texts: Sequence[str]) -> bool:
    """Whether it is one of these, give or take some characters: an address may be all digits."""
    folded = _folded(password)
    return any(
        len(text) >= WORD_MIN and text in folded and len(folded) - len(text) < OWN_LETTERS_MIN
        for text in map(_folded, texts)
    )


def _is_built_from(password: str, words: set[str]) -> bool:
    """Whether hardly a letter is left once these words are taken out of it."""
    rest = re.sub(r"[\W\d_]+", " ", _folded(password))
    without = rest
    for word in sorted(words, key=len, reverse=True):
        without = without.replace(word, " ")
    return without != rest and sum(map(str.isalpha, without)) < OWN_LETTERS_MIN


def _refused(field: str, code: str, message: str) -> InvalidFields:
    path = f"body.{field}"
    return InvalidFields(
        f"{path}: {message}", fields=[{"path": path, "code": code, "message": message}]
    )
