"""Search: finds the products that match a text, or the text with corrected spelling."""

from typing import Any

from products import service as catalog
from products.browse_cache import browse_cached
from products.listing_keys import ListedProduct
from products.schemas import SearchPage
from products.search import repository
from products.search.repository import QUERIES_MAX, Hits, Position
from products.search.terms import SearchQuery
from shared.errors.requests import InvalidFields
from shared.http.schemas import fit_view
from shared.storage import cursors


@browse_cached(megabytes=8)
def search_products(text: str, *, limit: int, cursor: str | None) -> SearchPage:
    """The best matches first. Raises InvalidFields for a text without words, and InvalidCursor."""
    return fit_view(lambda limit: _search(text, limit=limit, cursor=cursor), limit)


def _search(text: str, *, limit: int, cursor: str | None) -> SearchPage:
    query = SearchQuery.parse(text)
    if not query.terms:
        raise _no_word()
    cursor_query = f"search {query.text}"
    position = cursors.decode(cursor, query=cursor_query)
    if position is None:
        searched, hits = start_search(query, limit)
    else:
        corrected = position["corrected"]
        searched = SearchQuery.parse(corrected) if corrected else query
        hits = repository.list_hits(searched, Position(**position["at"]), limit=limit)
    correction = None if searched == query else searched.text
    listed = [ListedProduct(hit.product_id, hit.stock_shards) for hit in hits.items]
    return SearchPage(
        items=catalog.list_views(listed),
        next_cursor=cursors.encode(_next_position(hits, correction), query=cursor_query),
        corrected=correction and correction.strip(),
    )


def start_search(query: SearchQuery, limit: int) -> tuple[SearchQuery, Hits]:
    """The first hits, and the query that found them: the corrected one if `query` finds nothing.

    Both together make at most QUERIES_MAX Queries.
    """
    hits = repository.list_hits(query, None, limit=limit)
    queries_left = QUERIES_MAX - hits.queries
    if hits.items or hits.next or queries_left < len(query.terms):
        return query, hits
    corrected = repository.find_correction(query)
    if corrected is None:
        return query, hits
    more = repository.list_hits(corrected, None, limit=limit, queries_max=queries_left)
    return (corrected, more) if more.items or more.next else (query, hits)


def _next_position(hits: Hits, correction: str | None) -> dict[str, Any] | None:
    return None if hits.next is None else {"corrected": correction, "at": dict(vars(hits.next))}


def _no_word() -> InvalidFields:
    message = "Must have at least one letter or digit"
    field = {"path": "query.q", "code": "no_word", "message": message}
    return InvalidFields(f"query.q: {message}", fields=[field])
