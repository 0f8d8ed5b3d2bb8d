"""Spelling corrections: words at an edit distance of 1. Pure.

An edit inserts, deletes or replaces a letter, or swaps two neighbours (Damerau-Levenshtein). Two
words at distance 1 share a deletion: the word itself, or the word without one of its letters. So a
word stored under all its deletions is found by those of a misspelt one.
"""

from collections.abc import Iterable, Iterator
from itertools import takewhile
from operator import eq

from products.search.folding import is_run

LETTERS_MIN, LETTERS_MAX = 4, 20  # shorter words are too alike; a word of 20 has 21 deletions


def is_correctable(word: str) -> bool:
    """Words with digits are not: one SKU is no misspelling of another. Nor are parts of runs."""
    is_word = LETTERS_MIN <= len(word) <= LETTERS_MAX and not any(map(str.isnumeric, word))
    return is_word and not is_run(word)


def deletions_of(word: str) -> list[str]:
    """The word without one of its letters, for each letter, and last the word itself."""
    shorter = {word[:at] + word[at + 1 :] for at in range(len(word))}
    return [*sorted(shorter), word]


def words_by_deletion(words: Iterable[str]) -> dict[str, set[str]]:
    """Those of the words that have each deletion."""
    found: dict[str, set[str]] = {}
    for word in words:
        for deletion in deletions_of(word):
            found.setdefault(deletion, set()).add(word)
    return found


def pack_words(words: Iterable[str], deletions_max: int) -> Iterator[list[str]]:
    """In that order, as many words together as have at most so many deletions."""
    batch: list[str] = []
    deletions: set[str] = set()
    for word in words:
        added = deletions.union(deletions_of(word))
        if batch and len(added) > deletions_max:
            yield batch
            batch, added = [], set(deletions_of(word))
        batch.append(word)
        deletions = added
    if batch:
        yield batch


def best_correction(typed: str, candidates: Iterable[str]) -> str | None:
    """The most likely of the candidates at distance 1, or None if there is none."""
    close = [word for word in candidates if _is_one_edit_away(typed, word)]
    return min(close, key=lambda word: _unlikelihood(typed, word), default=None)


def _unlikelihood(typed: str, word: str) -> tuple[bool, int, str]:
    """People rarely mistype the first letter, and omit letters more often than they add some."""
    return typed[0] != word[0], len(typed) - len(word), word


def _is_one_edit_away(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    alike = sum(1 for _ in takewhile(lambda pair: eq(*pair), zip(short, long, strict=False)))
    rest_of_short, rest_of_long = short[alike:], long[alike:]
    if len(short) != len(long):
        return rest_of_short == rest_of_long[1:]
    is_swap = rest_of_short[:2] == rest_of_long[1::-1] and rest_of_short[2:] == rest_of_long[2:]
    return bool(rest_of_short) and (rest_of_short[1:] == rest_of_long[1:] or is_swap)
