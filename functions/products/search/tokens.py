"""Tokens: the words of texts and SKUs, in the form in which search stores and compares them. Pure.

Products and queries are split by the same functions, so that a typed word equals a stored one.
"""

import unicodedata

TOKEN_LENGTH_MAX = 40  # the rest is dropped: a cursor holds two keys in 2,000 characters

_DROPPED_CATEGORIES = frozenset({"Cf", "Me"})  # joiners, direction marks, frames around emoji
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)


def tokenize(text: str) -> list[str]:
    """The words in order, without accents and case, and without signs."""
    return [word[:TOKEN_LENGTH_MAX] for word in normalize(text).split()]


def tokenize_sku(sku: str) -> list[str]:
    """The whole SKU as one token, then its parts: teagreen100, tea, green, 100. None of signs."""
    parts = tokenize(sku)
    if not parts:  # a SKU of signs alone
        return []
    return list(dict.fromkeys(["".join(parts)[:TOKEN_LENGTH_MAX], *parts]))


def normalize(text: str) -> str:
    """The text without accents and case; each sign becomes a space."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(map(_normalize_character, unicodedata.normalize("NFKD", folded)))


def _normalize_character(character: str) -> str:
    category = unicodedata.category(character)
    if unicodedata.combining(character) or category in _DROPPED_CATEGORIES:
        return ""
    if ord(character) in _VARIATION_SELECTORS:
        return ""
    return character if category[0] in "LNM" else " "  # some scripts write vowels as marks
