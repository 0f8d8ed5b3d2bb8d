"""Search: finds the products that match a text, or the text with corrected spelling."""

from typing import Any

from products import service as catalog
from products.browse_cache import browse_cached
from products.listing_keys import ListedProduct
from products.search import repository
from products.search.repository import QUERIES_MAX
from products.search.terms import SearchQuery, read_text
from products.search.windows import Hits, Position
from products.views import (
    SearchPage,
)
from shared.errors.requests import InvalidFields
from shared.http.schemas import fit_view
from shared.storage import cursors


@browse_cached(megabytes=8)
def search_products(text: str, *, limit: int, cursor: str | None) -> SearchPage:
    """The best matches first. Raises InvalidFields for a text without words, and InvalidCursor."""
    return fit_view(lambda limit: _search(text, limit=limit, cursor=cursor), limit)


def _search(text: str, *, limit: int, cursor: str | None) -> SearchPage:
    readings = read_text(text)
    if not readings:
        raise _no_word()
    cursor_query = f"search {' or '.join(reading.text for reading in readings)}"
    position = cursors.decode(cursor, query=cursor_query)
    if position is None:
        searched, hits = start_search(readings, limit)
    else:
        corrected = position["corrected"]
        searched = [SearchQuery.from_text(corrected)] if corrected else readings
        hits = repository.list_hits(searched, Position(**position["at"]), limit=limit)
    correction = None if searched == readings else searched[0].text
    listed = [ListedProduct(hit.product_id, hit.stock_shards) for hit in hits.items]
    return SearchPage(
        items=catalog.list_views(listed),
        next_cursor=cursors.encode(_next_position(hits, correction), query=cursor_query),
        corrected=correction and correction.strip(),
    )


def start_search(readings: list[SearchQuery], limit: int) -> tuple[list[SearchQuery], Hits]:
    """The first hits, and what found them: the readings, or corrected words if they find nothing.

    All together make at most QUERIES_MAX Queries.
    """
    hits = repository.list_hits(readings, limit=limit)
    if hits.items or hits.next:
        return readings, hits
    queries_left = QUERIES_MAX - hits.queries
    for find_other in (SearchQuery.find_other_words, repository.find_correction):
        other = find_other(readings[-1]) if queries_left >= len(readings[-1].terms) else None
        if other is None or len(other.terms) > queries_left:
            continue
        more = repository.list_hits([other], limit=limit, queries_max=queries_left)
        if more.items or more.next:
            return [other], more
        queries_left -= more.queries
    return readings, hits


def _next_position(hits: Hits, correction: str | None) -> dict[str, Any] | None:
    """Without what is the default, which the code of the last release does not know."""
    if hits.next is None:
        return None
    at = {name: value for name, value in vars(hits.next).items() if (name, value) != ("reading", 0)}
    return {"corrected": correction, "at": at}


def _no_word() -> InvalidFields:
    message = "Must have at least one letter or digit"
    field = {"path": "query.q", "code": "no_word", "message": message}
    return InvalidFields(f"query.q: {message}", fields=[field])
