"""The terms of a search query. Pure."""

from typing import Self

from products.search.tokens import normalize, tokenize
from shared.records import Record

SHARD_LETTERS = 3  # a shorter prefix would have postings in several shards
TERMS_MAX = 8  # of a query; each is one more DynamoDB Query
KEY_SEPARATOR = "#"  # sorts before all letters and digits, so "tea" before "teapot"


class Term(Record):
    """A token to search for. As a prefix it matches every token that begins with it."""

    token: str
    is_prefix: bool = False

    @property
    def shard(self) -> str:
        return shard_of(self.token)

    @property
    def key_prefix(self) -> str:
        """The beginning of the keys of its postings."""
        return self.token if self.is_prefix else f"{self.token}{KEY_SEPARATOR}"

    @property
    def text_pattern(self) -> str:
        """Part of a posting's text if the entry has a token that matches."""
        return f" {self.token}" if self.is_prefix else f" {self.token} "

    def matches(self, token: str) -> bool:
        return token.startswith(self.token) if self.is_prefix else token == self.token


class SearchQuery(Record):
    """Finds the entries that have tokens for all terms."""

    terms: tuple[Term, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The first eight terms. The last word is a prefix until a sign or a space ends it."""
        tokens = tokenize(text)
        terms = [Term(token) for token in tokens]
        if tokens and _may_continue(text, tokens[-1]) and tokens[-1] not in tokens[:-1]:
            terms[-1] = Term(tokens[-1], is_prefix=True)
        return cls(tuple(dict.fromkeys(terms))[:TERMS_MAX])

    @property
    def text(self) -> str:
        """A text that `parse` turns into this query."""
        ending = "" if self.terms[-1].is_prefix else " "
        return " ".join(term.token for term in self.terms) + ending

    def terms_except(self, term: Term) -> list[Term]:
        return [other for other in self.terms if other != term]


def shard_of(token: str) -> str:
    return token[:SHARD_LETTERS]


def _may_continue(text: str, last: str) -> bool:
    return len(last) >= SHARD_LETTERS and not normalize(text).endswith(" ")
