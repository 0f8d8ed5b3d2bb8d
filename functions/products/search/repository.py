"""Postings and spellings: which entries have a token, and which words exist."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from products.index_queries import run_concurrently
from products.search import spelling
from products.search.ranking import Hit, Rank, rank
from products.search.terms import SearchQuery, Term
from shared.storage.dynamo import BATCH_MAX, batch_get
from shared.storage.models.listings import NoRoom, Posting, Spelling
from shared.storage.transactions import ACTIONS_MAX, Condition, Contended, Transaction

QUERIES_MAX = 8  # of one search: as many as a search has terms
POSTINGS_READ_MAX = 1000  # by a Query whose filter drops most; some 300 KB, 38 read units
UNFILTERED_READ_MAX = 200  # by a Query that returns all it reads
_KNOWN_WORDS_MAX = 50_000  # some 5 MB

known_words: set[str] = set()  # words with stored spellings, as far as this instance knows


@dataclass(frozen=True, slots=True)
class Position:
    """Where a search continues: in one term's range of keys, which it reads in windows.

    It holds keys, not counts, so that a change of the index moves nothing to another page.
    """

    term: int
    start: str | None = None  # the window begins after this key
    until: str | None = None  # and ends with this one; None: as far as one Query reads
    after: list[Any] | None = None  # the rank of the window's last hit that a page has shown


@dataclass(frozen=True, slots=True)
class Hits:
    items: list[Hit]  # the best first
    next: Position | None
    queries: int


@dataclass(frozen=True, slots=True)
class _RankedHit:
    rank: Rank
    hit: Hit


@dataclass(frozen=True, slots=True)
class _Window:
    position: Position
    hits: list[_RankedHit]  # the best first
    end: str | None  # the last key that was read; None: the whole range was read
    read: int

    def rest(self, taken: int) -> Position | None:
        """Where a search continues that has taken the first `taken` hits."""
        if taken < len(self.hits):
            last = self.hits[taken - 1].rank
            return replace(self.position, until=self.end, after=list(last))
        return None if self.end is None else Position(self.position.term, start=self.end)


def list_hits(
    query: SearchQuery, position: Position | None, *, limit: int, queries_max: int = QUERIES_MAX
) -> Hits:
    """Up to `limit` entries that match all terms. A short page may have a successor.

    It starts with one Query for each term, all at once. The term with the fewest postings ends
    first and then has all results. If none ends, it reads on, window by window, with the term that
    has given the most; hits are ranked within a window.
    """
    window = _first_window(query, limit) if position is None else _read(query, position, limit)
    queries = len(query.terms) if position is None else 1
    hits: list[Hit] = []
    while True:
        wanted = limit - len(hits)
        hits += [ranked.hit for ranked in window.hits[:wanted]]
        rest = window.rest(taken=min(wanted, len(window.hits)))
        if rest is None or len(hits) == limit or queries >= queries_max:
            return Hits(hits, rest, queries)
        window, queries = _read(query, rest, limit), queries + 1


def find_correction(query: SearchQuery) -> SearchQuery | None:
    """The query with the most likely words for those that no product has, or None.

    The prefix is corrected only where no other term is. One BatchGetItem; None where the terms need
    more than its 100 keys.
    """
    words = [term.token for term in query.terms if spelling.is_correctable(term.token)]
    deletions = {word: spelling.deletions_of(word) for word in words}
    keys = list(dict.fromkeys(deletion for word in words for deletion in deletions[word]))
    if not keys or len(keys) > BATCH_MAX:
        return None
    words_by_deletion = _get_words(keys)

    def correct(term: Term) -> Term:
        if term.token not in deletions or term.token in words_by_deletion[term.token]:
            return term
        candidates = (words_by_deletion[deletion] for deletion in deletions[term.token])
        correction = spelling.best_correction(term.token, set[str]().union(*candidates))
        return term if correction is None else Term(correction)

    guesses = (
        tuple(term if term.is_prefix else correct(term) for term in query.terms),
        tuple(map(correct, query.terms)),
    )
    return next((SearchQuery(guess) for guess in guesses if guess != query.terms), None)


def store_words(words: Iterable[str]) -> None:
    """Let misspellings of these words be corrected. Writes nothing for words that are known.

    Words are never removed: a correction to a word that no product has any more finds nothing.
    """
    if len(known_words) > _KNOWN_WORDS_MAX:
        known_words.clear()
    new = [
        word
        for word in dict.fromkeys(words)
        if spelling.is_correctable(word) and word not in known_words
    ]
    for start in range(0, len(new), BATCH_MAX):
        batch = new[start : start + BATCH_MAX]
        stored = _get_words(batch)
        _store_new_words([word for word in batch if word not in stored[word]])
        known_words.update(batch)


def _store_new_words(words: Sequence[str]) -> None:
    """Several words in one transaction; each alone where one of them is refused.

    A word that finds no room under one of its deletions is not stored: its misspellings stay
    uncorrected.
    """
    for batch in spelling.pack_words(words, ACTIONS_MAX):
        try:
            _commit_words(batch)
        except (NoRoom, Contended):
            for word in batch:
                with suppress(NoRoom):
                    _commit_words([word])


def _commit_words(words: Sequence[str]) -> None:
    """In one transaction: a word that is stored under itself is stored under all its deletions.

    Raises NoRoom.
    """
    transaction = Transaction()
    for deletion, added in spelling.words_by_deletion(words).items():
        transaction.update(
            Spelling(_spelling_shard(deletion)),
            [Spelling.words.add(added)],
            only_if=Spelling.has_room(len(added)),
            otherwise=NoRoom(),
        )
    transaction.commit()


def _get_words(deletions: Sequence[str]) -> dict[str, set[str]]:
    """The words that are stored under each deletion."""
    found = batch_get(*((Spelling, _spelling_shard(deletion), "words") for deletion in deletions))
    return {
        deletion: set() if item is None else item.words
        for deletion, item in zip(deletions, found, strict=True)
    }


def _spelling_shard(deletion: str) -> str:
    return f"~{deletion}"


def _first_window(query: SearchQuery, limit: int) -> _Window:
    starts = [Position(term) for term in range(len(query.terms))]
    if len(starts) == 1:
        return _read(query, starts[0], limit)
    windows = run_concurrently([partial(_read, query, start, limit) for start in starts])
    complete = [window for window in windows if window.end is None]
    if complete:  # each has all the entries, but not the same variants of them
        return _choose_variants(min(complete, key=lambda window: window.read), complete)
    return max(windows, key=lambda window: len(window.hits))


def _choose_variants(window: _Window, others: Sequence[_Window]) -> _Window:
    """Show the variant that has the token, where only some variants of an entry have it."""
    wanted = {
        ranked.hit.entry_id: ranked.hit
        for other in others
        for ranked in other.hits
        if ranked.hit.is_other_variant
    }
    hits = [
        replace(ranked, hit=wanted.get(ranked.hit.entry_id, ranked.hit)) for ranked in window.hits
    ]
    return replace(window, hits=hits)


def _read(query: SearchQuery, position: Position, limit: int) -> _Window:
    """One Query."""
    term = query.terms[position.term]
    others = query.terms_except(term)
    is_ranked = not others and not term.is_prefix  # the keys are in the order of rank
    size = limit if is_ranked else POSTINGS_READ_MAX if others else UNFILTERED_READ_MAX
    page = _get_page(term, others, position, size if position.until is None else 2 * size)
    hits = [Hit.from_item(item) for item in page["Items"]]
    ranked = [_RankedHit(rank(hit, query), hit) for hit in hits if hit.is_first_match(term)]
    if position.after is not None:
        ranked = [each for each in ranked if each.rank > tuple(position.after)]
    last = page.get("LastEvaluatedKey")
    end = last["posting"]["S"] if last else position.until
    ranked.sort(key=lambda each: each.rank)
    return _Window(position, ranked, end, page["ScannedCount"])


def _get_page(term: Term, others: list[Term], position: Position, size: int) -> dict[str, Any]:
    """DynamoDB's answer: of `size` postings, those of entries that match the other terms too."""
    matches_others = None
    for other in others:
        matches_others &= Posting.text.contains(other.text_pattern)
    start = position.start
    found = Posting.query(
        term.shard,
        _key_condition(term, position),
        matches_others,
        page_size=size,
        last_evaluated_key=_table_key(term, start) if start else None,
    )
    page: dict[str, Any] = next(found.page_iter)
    return page


def _table_key(term: Term, posting: str) -> dict[str, dict[str, str]]:
    return {"shard": {"S": term.shard}, "posting": {"S": posting}}


def _key_condition(term: Term, position: Position) -> Condition:
    if position.until is None:
        return Posting.posting.startswith(term.key_prefix)
    return Posting.posting.between(position.start or term.key_prefix, position.until)
