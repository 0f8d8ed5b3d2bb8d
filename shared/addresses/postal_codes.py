"""Postal codes in the form of their country: `sw1a1aa` is `SW1A 1AA`. Pure.

People omit spaces and hyphens, put the country before the code (`SE-114 55`), and type digits of
their script or of full width. The separators of a country's examples say where separators are.
"""

import re
import unicodedata
from collections.abc import Iterator

from shared.addresses.country_rules import CountryRules

_LETTERS = re.compile("[A-Z]+")

Separators = tuple[tuple[int, str], ...]  # how many characters follow each, and what it is


def normalize_postal_code(rules: CountryRules, typed: str) -> str | None:
    """The code as the country writes it; None if no code of the country has this form.

    Of a country without postal codes, the text is what it was: its buyers typed something.
    """
    if rules.pattern is None:
        return typed
    pattern = re.compile(rules.pattern)
    return next((each for each in _candidates(rules, typed) if pattern.fullmatch(each)), None)


def _candidates(rules: CountryRules, typed: str) -> Iterator[str]:
    plain = "".join(map(_plain, unicodedata.normalize("NFKC", typed).upper()))
    compact = "".join(character for character in plain if character.isalnum())
    layouts = {_length(example): _separators(example) for example in rules.examples}
    for code in _with_other_prefixes(rules, compact):
        if len(code) in layouts:
            yield _insert(code, layouts[len(code)])
        for separators in layouts.values():
            yield _insert(code, separators)
        if code == compact:
            yield " ".join(plain.split())
        yield code


def _plain(character: str) -> str:
    """Digits of all scripts as ASCII ones."""
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _with_other_prefixes(rules: CountryRules, compact: str) -> Iterator[str]:
    """The code; without the letters before it; and with the letters that all examples have."""
    yield compact
    letters = _LETTERS.match(compact)
    if letters:
        yield compact[letters.end() :]
    prefixes = {match[0] for each in rules.examples if (match := _LETTERS.match(each))}
    if compact.isdigit() and len(prefixes) == 1:
        yield prefixes.pop() + compact


def _length(example: str) -> int:
    return sum(character.isalnum() for character in example)


def _separators(example: str) -> Separators:
    return tuple(
        (_length(example[index:]), character)
        for index, character in enumerate(example)
        if not character.isalnum()
    )


def _insert(code: str, separators: Separators) -> str:
    for following, separator in separators:  # from the left, so what follows has none yet
        if following < len(code):
            code = f"{code[:-following]}{separator}{code[-following:]}"
    return code
