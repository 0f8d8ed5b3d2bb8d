"""The words that a product is found by, and those that a query asks for. Pure.

Both come out of `words_in`, so that what is typed and what is stored are alike. A word's postings
are one range of keys in the shard of its first letters, `<word>#<weight><length>#<unit>`: who asks
for "tea" reads what "tea" is said of and nothing else, best first; who asks for "tea" and whatever
may follow reads "tea", "teacup" and "teapot" in turn.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from shared.storage.models.catalog import Product
from shared.storage.models.listings import Posting

SHARD_LETTERS = 3  # so a prefix has as many: a shorter one would be in several shards
WORD_LETTERS_MAX = 40  # what is behind is dropped: a cursor holds two keys in 2,000 characters
QUERY_WORDS_MAX = 8
NAME_WORDS_MAX, SKU_WORDS_MAX, TAG_WORDS_MAX = 30, 10, 20  # of one product
UNIT_FIELDS_MAX = (100, 200, 50)  # of a group of variants: each SKU in it should be found

_DROPPED = frozenset({"Cf", "Me"})  # joiners, direction marks, frames around emoji
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
_END = "#"  # sorts before all letters and digits, so "tea" before "teapot"
LENGTH_MAX = 99  # two digits of a key


def words_in(text: str) -> list[str]:
    """In order; without accents and case, and without what is no letter or digit."""
    return [word[:WORD_LETTERS_MAX] for word in _plain(text).split()]


def sku_words(sku: str) -> list[str]:
    """All of it in one, then its parts: TEA-GREEN-100 is teagreen100, tea, green and 100."""
    parts = words_in(sku)
    return list(dict.fromkeys(["".join(parts)[:WORD_LETTERS_MAX], *parts]))


@dataclass(frozen=True, slots=True)
class Term:
    """A word that is asked for; as a prefix, any word that begins with it."""

    word: str
    is_prefix: bool = False

    @property
    def shard(self) -> str:
        return shard_of(self.word)

    @property
    def range_start(self) -> str:
        """What the keys of its postings begin with."""
        return self.word if self.is_prefix else f"{self.word}{_END}"

    @property
    def needle(self) -> str:
        """What a posting's text contains where this is said of the unit."""
        return f" {self.word}" if self.is_prefix else f" {self.word} "

    def means(self, word: str) -> bool:
        return word.startswith(self.word) if self.is_prefix else word == self.word


@dataclass(frozen=True, slots=True)
class Asked:
    """What is found has all of these said of it."""

    terms: tuple[Term, ...]

    @classmethod
    def of(cls, text: str) -> "Asked":
        """The first eight words. The last one typed is a prefix until something ends it."""
        words = words_in(text)
        terms = [Term(word) for word in words]
        if words and _may_go_on(text, words[-1]) and words[-1] not in words[:-1]:
            terms[-1] = Term(words[-1], is_prefix=True)
        return cls(tuple(dict.fromkeys(terms))[:QUERY_WORDS_MAX])

    @property
    def text(self) -> str:
        """What asks for this."""
        ending = "" if self.terms[-1].is_prefix else " "
        return " ".join(term.word for term in self.terms) + ending

    def others_than(self, term: Term) -> list[Term]:
        return [other for other in self.terms if other != term]


def shard_of(word: str) -> str:
    return word[:SHARD_LETTERS]


def postings_of(unit: str, variants: Sequence[Product], shown: Product) -> list[Posting]:
    """All postings of a unit with these products on sale, of which listings show `shown`.

    Each names the first product that its word is said of, and `shown` is the first of all. At most
    60 for a product alone, 350 for a group.
    """
    ordered = [shown, *(it for it in variants if it.product_id != shown.product_id)]
    said = [_Words.of(product) for product in ordered]
    sayers = {word: words.product for words in reversed(said) for word in words.all}
    fields = _fields(said)
    text = f" {' | '.join(' '.join(words) for words in fields)} "
    length = min(len(fields[0]), LENGTH_MAX)
    return [
        Posting(
            shard_of(word),
            f"{word}{_END}{weight}{length:02}{_END}{unit}",  # which `weight_in` reads
            word=word,
            text=text,
            unit=unit,
            product_id=sayers[word].product_id,
            stock_shards=sayers[word].stock_shards,
            is_of_one=sayers[word].product_id != shown.product_id,
        )
        for weight, words in enumerate(fields)
        for word in words
    ]


def weight_in(posting: str, word: str) -> int:
    return int(posting[len(word) + len(_END)])


@dataclass(frozen=True, slots=True)
class _Words:
    """What is said of one product."""

    product: Product
    name: list[str]
    sku: list[str]
    tags: list[str]

    @classmethod
    def of(cls, product: Product) -> "_Words":
        return cls(
            product,
            _distinct(words_in(product.name), NAME_WORDS_MAX),
            _distinct(sku_words(product.sku), SKU_WORDS_MAX),
            _distinct(words_in(" ".join(map(str, product.tags))), TAG_WORDS_MAX),
        )

    @property
    def all(self) -> list[str]:
        return [*self.name, *self.sku, *self.tags]


def _fields(said: Sequence[_Words]) -> list[list[str]]:
    """The words of the names, the SKUs and the tags; each word once, where it weighs most."""
    names = [word for words in said for word in words.name]
    whole_skus = [word for words in said for word in words.sku[:1]]
    parts = [word for words in said for word in words.sku[1:]]
    tags = [word for words in said for word in words.tags]
    fields: list[list[str]] = []
    taken: set[str] = set()
    for words, most in zip((names, whole_skus + parts, tags), UNIT_FIELDS_MAX, strict=True):
        fields.append(_distinct((word for word in words if word not in taken), most))
        taken.update(fields[-1])
    return fields


def _distinct(words: Iterable[str], most: int) -> list[str]:
    return list(islice(dict.fromkeys(words), most))


def _may_go_on(text: str, last: str) -> bool:
    return len(last) >= SHARD_LETTERS and not _plain(text).endswith(" ")


def _plain(text: str) -> str:
    """Spaces stand for what is no part of a word."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(map(_plain_character, unicodedata.normalize("NFKD", folded)))


def _plain_character(character: str) -> str:
    kind = unicodedata.category(character)
    if unicodedata.combining(character) or kind in _DROPPED:
        return ""
    if ord(character) in _VARIATION_SELECTORS:
        return ""
    return character if kind[0] in "LNM" else " "  # some scripts write vowels as marks
