"""Words that differ by one slip of the finger: a letter too many, too few, wrong, or two swapped.

Two words that do share a variant: the word itself or it without one of its letters. So who stores
each word under its variants finds the word that was meant by the variants of the one typed. Pure.
"""

from collections.abc import Iterable
from itertools import takewhile
from operator import eq

LETTERS_MIN, LETTERS_MAX = 4, 20  # shorter words are all alike; a word of 20 has 21 variants


def can_be_misspelt(word: str) -> bool:
    """Not a word with digits in it: one SKU is no misspelling of another."""
    return LETTERS_MIN <= len(word) <= LETTERS_MAX and not any(map(str.isnumeric, word))


def variants_of(word: str) -> list[str]:
    """The word itself comes last."""
    shorter = {word[:at] + word[at + 1 :] for at in range(len(word))}
    return [*sorted(shorter), word]


def meant(typed: str, known: Iterable[str]) -> str | None:
    """The likeliest of these words; None if all of them differ by more."""
    likely = [word for word in known if _is_one_slip(typed, word)]
    return min(likely, key=lambda word: _unlikeliness(typed, word), default=None)


def _unlikeliness(typed: str, word: str) -> tuple[bool, int, str]:
    """First letters are seldom wrong, and letters are left out more often than put in."""
    return typed[0] != word[0], len(typed) - len(word), word


def _is_one_slip(one: str, other: str) -> bool:
    """Whether the Damerau-Levenshtein distance is 1."""
    short, long = sorted((one, other), key=len)
    alike = sum(1 for _ in takewhile(lambda pair: eq(*pair), zip(short, long, strict=False)))
    rest_of_short, rest_of_long = short[alike:], long[alike:]
    if len(short) != len(long):
        return rest_of_short == rest_of_long[1:]
    is_swap = rest_of_short[:2] == rest_of_long[1::-1] and rest_of_short[2:] == rest_of_long[2:]
    return bool(rest_of_short) and (rest_of_short[1:] == rest_of_long[1:] or is_swap)
