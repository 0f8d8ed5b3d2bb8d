"""The terms of a search query, and the readings of a search text. Pure."""

from typing import Self

from products.search.folding import fold, gram_length, is_run, with_digraphs
from products.search.tokens import (
    TOKEN_LENGTH_MAX,
    Word,
    is_letter_pair,
    join,
    join_linked,
    split_parts,
    split_words,
)
from shared.records import Record

SHARD_LETTERS = 3  # a shorter prefix would have postings in several shards
TERMS_MAX = 8  # of a query; each is one more DynamoDB Query
KEY_SEPARATOR = "#"  # sorts before all letters and digits, so "tea" before "teapot"


class Term(Record):
    """A token to search for. As a prefix it matches every token that begins with it.

    In a script without spaces, it matches every run that contains it.
    """

    token: str
    is_prefix: bool = False

    @property
    def is_run(self) -> bool:
        return is_run(self.token)

    @property
    def shard(self) -> str:
        return shard_of(self.token)

    @property
    def key_prefix(self) -> str:
        """The beginning of the keys of its postings."""
        if self.is_run:
            length = gram_length(self.token)
            gram = self.token[:length]
            return gram if len(gram) < length else f"{gram}{KEY_SEPARATOR}"
        return self.token if self.is_prefix else f"{self.token}{KEY_SEPARATOR}"

    @property
    def is_one_token(self) -> bool:
        """Whether all its postings have one token, so that their keys are in the order of rank."""
        return self.key_prefix.endswith(KEY_SEPARATOR)

    @property
    def is_found_by_key(self) -> bool:
        """Whether each entry in its range of keys matches. A long run begins with a gram only."""
        return not self.is_run or len(self.token) <= gram_length(self.token)

    @property
    def text_pattern(self) -> str:
        """Part of a posting's text if the entry has a token that matches."""
        if self.is_run:
            return self.token
        return f" {self.token}" if self.is_prefix else f" {self.token} "

    def matches(self, piece: str) -> bool:
        """Whether a word or run of an entry matches."""
        if self.is_run:
            return self.token in piece
        return piece.startswith(self.token) if self.is_prefix else piece == self.token


class SearchQuery(Record):
    """Finds the entries that have tokens for all terms."""

    terms: tuple[Term, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The words as they are typed: the first eight. The last is a prefix until something ends
        it.
        """
        return cls.from_tokens([word.text for word in split_words(text)], _may_continue(text))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The query that has this `text`."""
        return cls.from_tokens(text.split(), not text.endswith(" "))

    @classmethod
    def from_tokens(cls, tokens: list[str], may_continue: bool) -> Self:
        terms = [Term(token[:TOKEN_LENGTH_MAX]) for token in tokens]
        if terms and may_continue and terms[-1] not in terms[:-1] and not terms[-1].is_run:
            token = terms[-1].token
            terms[-1] = Term(token, is_prefix=len(token) >= SHARD_LETTERS)
        return cls(tuple(dict.fromkeys(terms))[:TERMS_MAX])

    @property
    def text(self) -> str:
        """A text that `from_text` turns into this query."""
        ending = "" if self.terms[-1].is_prefix else " "
        return " ".join(term.token for term in self.terms) + ending

    def terms_except(self, term: Term) -> list[Term]:
        return [other for other in self.terms if other != term]

    def matches(self, text: str) -> bool:
        """Whether an entry with this text of postings has tokens for all terms."""
        return all(term.text_pattern in text for term in self.terms)

    def find_other_words(self) -> Self | None:
        """What the typist may mean if nothing matches, or None.

        Letters and numbers apart (iphone15pro), the words of a run apart, or two words as one.
        """
        parts = [part for term in self.terms for part in _parts_of(term)]
        if len(parts) == len(self.terms) == 2:  # noqa: PLR2004
            parts = [] if any(term.is_run for term in self.terms) else ["".join(parts)]
        if not parts or parts == [term.token for term in self.terms]:
            return None
        return self.from_tokens(parts, self.terms[-1].is_prefix)


def read_text(text: str) -> list[SearchQuery]:
    """The readings of a search text, the most literal first; empty if it has no words.

    A word with signs, such as `t-shirt`, may be one word or several, and an umlaut may be two
    letters. A search finds the entries of each reading.
    """
    words = split_words(text)
    may_continue = _may_continue(text)
    queries = [
        SearchQuery.from_tokens(_join_typed(words), may_continue),
        SearchQuery.from_tokens([word.text for word in words], may_continue),
    ]
    if not text.isascii():
        queries.append(SearchQuery.parse(with_digraphs(text)))
    return [query for query in dict.fromkeys(queries) if query.terms]


def shard_of(token: str) -> str:
    return token[:1] if is_run(token) else token[:SHARD_LETTERS]


def _may_continue(text: str) -> bool:
    return not fold(text).endswith(" ")


def _join_typed(words: list[Word]) -> list[str]:
    """The words, of which those are one that signs link, or that are a letter and a word."""
    tokens: list[str] = []
    last: Word | None = None  # a single word that may be one with the next
    for sequence in join_linked(words):
        word, is_single = sequence[0], len(sequence) == 1
        if last is not None and is_single and is_letter_pair(last, word):
            tokens[-1] = join([last, word])
            last = None
            continue
        tokens.append(join(sequence))
        last = word if is_single else None
    return tokens


def _parts_of(term: Term) -> list[str]:
    length = gram_length(term.token)
    if term.is_run and length == 2 and len(term.token) > length:  # noqa: PLR2004
        return [term.token[at : at + length] for at in range(0, len(term.token), length)]
    return split_parts(term.token)
