"""Postings and spellings: what words are said of what, and what words there are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from products.index_queries import all_at_once
from products.search import spelling
from products.search.ranking import Rank, Said, rank
from products.search.words import Asked, Term, weight_in
from shared.storage.dynamo import BATCH_MAX, batch_get
from shared.storage.models.listings import Posting, Spelling
from shared.storage.transactions import Condition, Transaction

QUERIES_MAX = 8  # of one search: more than there are words in a query
POSTINGS_READ_MAX = 1000  # by a Query whose filter leaves few; some 300 KB, 38 read units
UNFILTERED_READ_MAX = 200  # by one that gives all that it reads
_LEARNT_MAX = 50_000  # words; some 5 MB

learnt: set[str] = set()  # by this instance, or before it


@dataclass(frozen=True, slots=True)
class Position:
    """Where a search goes on: in the range of keys of one of its terms, that it reads in windows.

    Keys, not counts, so that what is indexed meanwhile moves nothing to another page.
    """

    term: int
    start: str | None = None  # the window is behind this key
    until: str | None = None  # and goes up to this one; None: as far as one Query reads
    after: list[Any] | None = None  # the rank of the window's last unit that was given already


@dataclass(frozen=True, slots=True)
class Match:
    rank: Rank
    said: Said


@dataclass(frozen=True, slots=True)
class Found:
    units: list[Said]  # the best first
    next: Position | None
    queries: int


@dataclass(frozen=True, slots=True)
class _Window:
    position: Position
    matches: list[Match]  # the best first
    end: str | None  # the key up to which it was read; None: to the end of the range
    read: int

    def rest(self, taken: int) -> Position | None:
        """Where a search goes on that has taken so many of the matches."""
        if taken < len(self.matches):
            last = self.matches[taken - 1].rank
            return replace(self.position, until=self.end, after=list(last))
        return None if self.end is None else Position(self.position.term, start=self.end)


def find(
    asked: Asked, position: Position | None, *, limit: int, queries_max: int = QUERIES_MAX
) -> Found:
    """Up to so many units that all the words are said of; there may be more behind a short page.

    One Query a word, side by side: the rarest of the words ends first, and knows all answers. Where
    none ends, the most fruitful one is read on, window by window: ranked within each.
    """
    window = _first_window(asked, limit) if position is None else _read(asked, position, limit)
    queries = len(asked.terms) if position is None else 1
    units: list[Said] = []
    while True:
        wanted = limit - len(units)
        units += [match.said for match in window.matches[:wanted]]
        rest = window.rest(taken=min(wanted, len(window.matches)))
        if rest is None or len(units) == limit or queries >= queries_max:
            return Found(units, rest, queries)
        window, queries = _read(asked, rest, limit), queries + 1


def corrected(asked: Asked) -> Asked | None:
    """With the likeliest words in place of those that nobody says; None where that is no other.

    A prefix is no word, so it is taken for a misspelt one only where no other word is. One
    BatchGetItem: for as many words as its 100 keys allow for.
    """
    doubtful = [it.word for it in asked.terms if spelling.can_be_misspelt(it.word)]
    variants = {word: spelling.variants_of(word) for word in doubtful}
    keys = list(dict.fromkeys(variant for word in doubtful for variant in variants[word]))
    if not keys or len(keys) > BATCH_MAX:
        return None
    said = _words_under(keys)

    def better(term: Term) -> Term:
        if term.word not in variants or term.word in said[term.word]:
            return term
        words = set[str]().union(*(said[variant] for variant in variants[term.word]))
        likeliest = spelling.meant(term.word, words)
        return term if likeliest is None else Term(likeliest)

    guesses = (
        tuple(it if it.is_prefix else better(it) for it in asked.terms),
        tuple(map(better, asked.terms)),
    )
    return next((Asked(guess) for guess in guesses if guess != asked.terms), None)


def learn(words: Iterable[str]) -> None:
    """Have them found when they are misspelt. Cheap for words that were learnt before.

    Words are not forgotten: of one that nobody says any more, a correction finds nothing.
    """
    if len(learnt) > _LEARNT_MAX:
        learnt.clear()
    new = [it for it in dict.fromkeys(words) if spelling.can_be_misspelt(it) and it not in learnt]
    for start in range(0, len(new), BATCH_MAX):
        chunk = new[start : start + BATCH_MAX]
        said = _words_under(chunk)
        for word in chunk:
            if word not in said[word]:
                _store_spellings(word)
        learnt.update(chunk)


def _store_spellings(word: str) -> None:
    """All or none: a word that is stored under itself is stored under all its variants."""
    transaction = Transaction()
    for variant in spelling.variants_of(word):
        transaction.update(Spelling(_spelling_shard(variant)), [Spelling.words.add({word})])
    transaction.commit()


def _words_under(variants: Sequence[str]) -> dict[str, set[str]]:
    keys = [(Spelling, _spelling_shard(variant), "words") for variant in variants]
    found = batch_get(*keys)
    return {
        variant: set() if item is None else item.words
        for variant, item in zip(variants, found, strict=True)
    }


def _spelling_shard(variant: str) -> str:
    return f"~{variant}"


def _first_window(asked: Asked, limit: int) -> _Window:
    starts = [Position(term) for term in range(len(asked.terms))]
    if len(starts) == 1:
        return _read(asked, starts[0], limit)
    windows = all_at_once([partial(_read, asked, start, limit) for start in starts])
    ended = [window for window in windows if window.end is None]
    if ended:  # all have the same units, but not the same variants of them
        return _with_variants_asked_for(min(ended, key=lambda window: window.read), ended)
    return max(windows, key=lambda window: len(window.matches))


def _with_variants_asked_for(window: _Window, others: Sequence[_Window]) -> _Window:
    """A word that not all variants of a unit have says which one was meant."""
    meant = {
        match.said.unit: match.said
        for other in others
        for match in other.matches
        if match.said.is_of_one
    }
    matches = [replace(it, said=meant.get(it.said.unit, it.said)) for it in window.matches]
    return replace(window, matches=matches)


def _read(asked: Asked, position: Position, limit: int) -> _Window:
    """One Query."""
    term = asked.terms[position.term]
    others = asked.others_than(term)
    is_in_order = not others and not term.is_prefix
    size = limit if is_in_order else POSTINGS_READ_MAX if others else UNFILTERED_READ_MAX
    page = _page(term, others, position, size if position.until is None else 2 * size)
    said = (_said(item) for item in page["Items"])
    matches = [Match(rank(it, asked), it) for it in said if it.is_first_in(term)]
    if position.after is not None:
        matches = [match for match in matches if match.rank > tuple(position.after)]
    last = page.get("LastEvaluatedKey")
    end = last["posting"]["S"] if last else position.until
    matches.sort(key=lambda match: match.rank)
    return _Window(position, matches, end, page["ScannedCount"])


def _page(term: Term, others: list[Term], position: Position, size: int) -> dict[str, Any]:
    """As DynamoDB answers it: of `size` postings, those of units that the others are said of."""
    others_are_said = None
    for other in others:
        others_are_said &= Posting.text.contains(other.needle)
    found = Posting.query(
        term.shard,
        _keys_of(term, position),
        others_are_said,
        page_size=size,
        last_evaluated_key=_key(term, position.start) if position.start else None,
    )
    page: dict[str, Any] = next(found.page_iter)
    return page


def _keys_of(term: Term, position: Position) -> Condition:
    if position.until is None:
        return Posting.posting.startswith(term.range_start)
    return Posting.posting.between(position.start or term.range_start, position.until)


def _key(term: Term, posting: str) -> dict[str, dict[str, str]]:
    return {"shard": {"S": term.shard}, "posting": {"S": posting}}


def _said(item: dict[str, Any]) -> Said:
    """pynamodb would take as long again as the Query for a thousand of them."""
    word = item["word"]["S"]
    return Said(
        word=word,
        weight=weight_in(item["posting"]["S"], word),
        text=item["text"]["S"],
        unit=item["unit"]["S"],
        product_id=item["product_id"]["S"],
        stock_shards=int(item["stock_shards"]["N"]),
        is_of_one=item["is_of_one"]["BOOL"],
    )
