"""Search: what the words are said of that somebody types, or the words that were meant."""

from dataclasses import asdict
from typing import Any

from products import service as catalog
from products.browse_cache import browse_cached
from products.listing_keys import ListedProduct
from products.search import repository
from products.search.repository import QUERIES_MAX, Found, Position
from products.search.schemas import SearchPage
from products.search.words import Asked
from shared.errors.requests import InvalidFields
from shared.storage import cursors


@browse_cached(megabytes=8)
def search(text: str, *, limit: int, cursor: str | None) -> SearchPage:
    """The best first. Raises InvalidFields for a text without words, and InvalidCursor."""
    asked = Asked.of(text)
    if not asked.terms:
        raise _no_word()
    query = f"search {asked.text}"
    reached = cursors.decode(cursor, query=query)
    if reached is None:
        searched, found = begin(asked, limit)
    else:
        searched = Asked.of(reached["corrected"]) if reached["corrected"] else asked
        found = repository.find(searched, Position(**reached["at"]), limit=limit)
    corrected = None if searched == asked else searched.text
    items = catalog.shown([ListedProduct(it.product_id, it.stock_shards) for it in found.units])
    return SearchPage(
        items=items,
        next_cursor=cursors.encode(_reached(found, corrected), query=query),
        corrected=corrected and corrected.strip(),
    )


def begin(asked: Asked, limit: int) -> tuple[Asked, Found]:
    """What was searched, and what was found. Another try costs no more Queries than one may."""
    found = repository.find(asked, None, limit=limit)
    queries_left = QUERIES_MAX - found.queries
    if found.units or found.next or queries_left < len(asked.terms):
        return asked, found
    corrected = repository.corrected(asked)
    if corrected is None:
        return asked, found
    again = repository.find(corrected, None, limit=limit, queries_max=queries_left)
    return (corrected, again) if again.units or again.next else (asked, found)


def _reached(found: Found, corrected: str | None) -> dict[str, Any] | None:
    return None if found.next is None else {"corrected": corrected, "at": asdict(found.next)}


def _no_word() -> InvalidFields:
    message = "Has no letter and no digit to search for"
    problem = {"path": "query.q", "code": "no_word", "message": message}
    return InvalidFields(f"query.q: {message}", fields=[problem])
