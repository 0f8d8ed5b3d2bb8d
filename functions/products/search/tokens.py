"""Tokens: the words of texts and SKUs, as search stores and compares them. Pure.

Products and queries are split by the same functions, so that a typed word equals a stored one. A
word of a script without spaces is a run: all that is written without another script in between.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Self

from products.search.folding import (
    DOT,
    HYPHEN,
    POINT,
    SPACE,
    WORDS,
    fold,
    gram_length,
    is_run,
    with_digraphs,
)
from shared.records import Record

TOKEN_LENGTH_MAX = 40  # the rest is dropped: a cursor holds two keys in 2,000 characters
UNIT_LENGTH_MAX = 3  # letters that follow a number: ml, kg, pcs
_PARTS_MAX = 4  # of a word with digits; a checksum is one word
_PARTS = re.compile(r"[0-9.]+(?:x[0-9.]+)*|[^0-9.]+")  # 10x15 is one number


class Word(Record):
    """A folded word, and what separates it from the word before it. Nothing: another script."""

    text: str
    before: str = ""

    @property
    def is_run(self) -> bool:
        return is_run(self.text)

    @property
    def is_letter(self) -> bool:
        return len(self.text) == 1 and not self.text.isdigit() and not self.is_run


class Tokens(Record):
    """The tokens of a text that a product has."""

    words: list[str]  # and runs, as they are written
    derived: list[str]  # what others write for some of the words

    @classmethod
    def from_text(cls, text: str) -> Self:
        words = split_words(text)
        derived = [*_joined(words), *_split(words), *_digraphs(text, words)]
        return cls(list(_merge_runs(words)), derived)

    @classmethod
    def from_sku(cls, sku: str) -> Self:
        """The whole SKU is a word too: teagreen100, tea, green, 100."""
        tokens = cls.from_text(sku)
        whole = "".join(tokens.words).replace(".", "")[:TOKEN_LENGTH_MAX]
        if not tokens.words or any(map(is_run, tokens.words)):
            return tokens
        return cls(list(dict.fromkeys([whole, *tokens.words])), tokens.derived)


def tokenize(text: str) -> list[str]:
    """The words in order, without accents and case, and without signs."""
    return [word.text for word in split_words(text)]


def split_words(text: str) -> list[Word]:
    folded = fold(text)
    words: list[Word] = []
    end = 0
    for match in WORDS.finditer(folded):
        between = folded[end : match.start()]
        word = match[0].replace(POINT, ".")
        limit = len(word) if is_run(word) else TOKEN_LENGTH_MAX
        words.append(Word(word[:limit], between if words else ""))
        end = match.end()
    return words


def split_parts(word: str) -> list[str]:
    """The letters and the numbers of a word, such as 400 and ml. Else the word itself."""
    parts = [] if is_run(word) else _PARTS.findall(word)
    return parts if 1 < len(parts) <= _PARTS_MAX else [word]


def grams(run: str) -> list[str]:
    """A piece of the run from each of its characters on. Each word in it begins one of them."""
    return [run[at : at + gram_length(run[at])] for at in range(len(run))]


def tokens_of(piece: str) -> list[str]:
    """What an entry is found by that has this word or run."""
    return grams(piece) if is_run(piece) else [piece]


def join_linked(words: Iterable[Word]) -> Iterator[list[Word]]:
    """The words in sequences that signs link, such as T-Shirt."""
    sequence: list[Word] = []
    for word in words:
        if sequence and not is_linked(sequence[-1], word):
            yield sequence
            sequence = []
        sequence.append(word)
    if sequence:
        yield sequence


def is_linked(left: Word, right: Word) -> bool:
    """Whether readers may write both as one word, because only a sign separates them."""
    if left.is_run or right.is_run:
        return False
    is_number = left.text[-1].isdigit() and right.text[0].isdigit()
    return right.before == HYPHEN or (right.before == DOT and not is_number)


def is_letter_pair(left: Word, right: Word) -> bool:
    """A letter and a word, such as t shirt, or vitamin c."""
    is_pair = left.is_letter or right.is_letter
    return right.before == SPACE and is_pair and not (left.is_run or right.is_run)


def _is_measure(left: Word, right: Word) -> bool:
    """A number and its unit, or a name and its number: 400 ml, wd 40."""
    if right.before != SPACE or left.is_run or right.is_run:
        return False
    starts, ends = left.text[-1].isdigit(), right.text[0].isdigit()
    return (ends and not starts) or (starts and not ends and len(right.text) <= UNIT_LENGTH_MAX)


def _joined(words: list[Word]) -> Iterator[str]:
    """Neighbours as one word, where readers write them so."""
    for left, right in pairwise(words):
        if is_linked(left, right) or is_letter_pair(left, right) or _is_measure(left, right):
            yield join([left, right])
    yield from (join(sequence) for sequence in join_linked(words) if len(sequence) > 2)  # noqa: PLR2004


def join(words: Iterable[Word]) -> str:
    return "".join(word.text for word in words)[:TOKEN_LENGTH_MAX]


def _split(words: list[Word]) -> Iterator[str]:
    """The letters and numbers of words that have both."""
    for word in words:
        parts = split_parts(word.text)
        if len(parts) > 1:
            yield from parts


def _digraphs(text: str, words: list[Word]) -> Iterator[str]:
    if text.isascii():
        return
    for word, other in zip(words, split_words(with_digraphs(text)), strict=True):
        if word.text != other.text:
            yield other.text


def _merge_runs(words: list[Word]) -> Iterator[str]:
    """Runs one after another are one: some writers put spaces or signs between their words."""
    run = ""
    for word in words:
        if word.is_run:
            run += word.text
            continue
        if run:
            yield run
            run = ""
        yield word.text
    if run:
        yield run
