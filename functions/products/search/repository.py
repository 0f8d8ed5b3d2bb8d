"""Postings and spellings: which entries have a token, and which words exist."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from products.index_queries import run_concurrently
from products.search import spelling
from products.search.ranking import Hit, rank
from products.search.terms import SearchQuery, Term
from products.search.windows import Hits, Position, RankedHit, Window, next_reading
from shared.storage.dynamo import BATCH_MAX, batch_get
from shared.storage.models.listings import NoRoom, Posting, Spelling
from shared.storage.transactions import ACTIONS_MAX, Condition, Contended, Transaction

QUERIES_MAX = 8  # of one search: as many as a search has terms
POSTINGS_READ_MAX = 1000  # by a Query whose filter drops most; some 300 KB, 38 read units
UNFILTERED_READ_MAX = 200  # by a Query that returns all it reads
_KNOWN_WORDS_MAX = 50_000  # some 5 MB

known_words: set[str] = set()  # words with stored spellings, as far as this instance knows


def list_hits(
    readings: Sequence[SearchQuery],
    position: Position | None = None,
    *,
    limit: int,
    queries_max: int = QUERIES_MAX,
) -> Hits:
    """Up to `limit` entries that match all terms of a reading. A short page may have a successor.

    It lists the entries of one reading after those of the other. A reading starts with one Query
    for each term, all at once. The term with the fewest postings ends first and then has all
    results. If none ends, it reads on, window by window, with the term that has given the most;
    hits are ranked within a window.
    """
    at: Position | None = position or Position()
    hits: list[Hit] = []
    queries = 0
    while at is not None and len(hits) < limit:
        cost = len(readings[at.reading].terms) if at.term is None else 1
        if queries and queries + cost > queries_max:
            break
        window, queries = _next_window(readings, at, limit), queries + cost
        taken = window.hits[: limit - len(hits)]
        hits += [ranked.hit for ranked in taken]
        at = window.rest(len(taken)) or next_reading(readings, at)
    return Hits(hits, at, queries)


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


def _next_window(readings: Sequence[SearchQuery], position: Position, limit: int) -> Window:
    """Without the entries that an earlier reading has found."""
    query, earlier = readings[position.reading], readings[: position.reading]
    first = position.term is None
    window = _first_window(query, position, limit) if first else _read(query, position, limit)
    hits = [
        ranked
        for ranked in window.hits
        if not any(reading.matches(ranked.hit.text) for reading in earlier)
    ]
    return window.replace(hits=hits)


def _first_window(query: SearchQuery, position: Position, limit: int) -> Window:
    starts = [position.replace(term=term) for term in range(len(query.terms))]
    if len(starts) == 1:
        return _read(query, starts[0], limit)
    windows = run_concurrently([partial(_read, query, start, limit) for start in starts])
    complete = [window for window in windows if window.end is None]
    if complete:  # each has all the entries, but not the same variants of them
        return _choose_variants(min(complete, key=lambda window: window.read), complete)
    return max(windows, key=lambda window: len(window.hits))


def _choose_variants(window: Window, others: Sequence[Window]) -> Window:
    """Show the variant that has the token, where only some variants of an entry have it."""
    wanted = {
        ranked.hit.entry_id: ranked.hit
        for other in others
        for ranked in other.hits
        if ranked.hit.is_other_variant
    }
    hits = [
        ranked.replace(hit=wanted.get(ranked.hit.entry_id, ranked.hit)) for ranked in window.hits
    ]
    return window.replace(hits=hits)


def _read(query: SearchQuery, position: Position, limit: int) -> Window:
    """One Query."""
    term = query.terms[position.term or 0]
    filters = [*query.terms_except(term), *([] if term.is_found_by_key else [term])]
    is_ranked = not filters and term.is_one_token  # the keys are in the order of rank
    size = limit if is_ranked else POSTINGS_READ_MAX if filters else UNFILTERED_READ_MAX
    page = _get_page(term, filters, position, size if position.until is None else 2 * size)
    hits = [Hit.from_item(item) for item in page["Items"]]
    ranked = [RankedHit(rank(hit, query), hit) for hit in hits if hit.is_first_match(term)]
    if position.after is not None:
        ranked = [each for each in ranked if each.rank > tuple(position.after)]
    last = page.get("LastEvaluatedKey")
    end = last["posting"]["S"] if last else position.until
    ranked.sort(key=lambda each: each.rank)
    return Window(position, ranked, end, page["ScannedCount"])


def _get_page(term: Term, filters: list[Term], position: Position, size: int) -> dict[str, Any]:
    """DynamoDB's answer: of `size` postings, those of entries that match the filters too."""
    matches_filters = None
    for each in filters:
        matches_filters &= Posting.text.contains(each.text_pattern)
    start = position.start
    found = Posting.query(
        term.shard,
        _key_condition(term, position),
        matches_filters,
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
