"""A page of the catalog: what is read for it, in a small shop and in a large one.

DynamoDB reads no more items than a Query's Limit, and each key of a BatchGetItem once; so the sum
of both bounds what a page reads, and must not depend on how many products there are.
"""

import json

from benchmarks import large_catalog
from benchmarks.aws_calls import account
from benchmarks.endpoint import Call, watched
from benchmarks.report import Budget, Row
from products import browse_cache
from products.handler import handler
from products.listing_keys import SHOP_SHARDS
from shared.security.key_rings import key_ring
from tests.support.http import NOBODY, Answer, send

PAGE = 20
SHOPS = (100, 100_000)  # products
HYDRATED = 2 * PAGE  # its products and their stock
QUERIES: dict[str, tuple[dict[str, str], int]] = {  # and how many Queries each is
    "one category": ({"category": large_catalog.CATEGORY}, 1),
    "the whole shop": ({"in_stock": "true", "sort": "price_asc"}, SHOP_SHARDS),
}


def rows() -> list[Row]:
    return [row for products in SHOPS for row in rows_of(products)]


def rows_of(products: int) -> list[Row]:
    """Calls and items of the second page of each query."""
    with account():
        large_catalog.fill(products)
        return [
            row
            for what, (query, queries) in QUERIES.items()
            for row in _rows(f"{what}, {products:,} products", query, queries)
        ]


def _rows(what: str, query: dict[str, str], queries: int) -> list[Row]:
    key_ring.forget()
    cursor = _page(query)  # reads the keys that sign cursors, too
    browse_cache.forget()
    with watched() as calls:
        _page(query | {"cursor": cursor})
    made = ", ".join(call.operation for call in calls)
    read = sum(items_read(call) for call in calls)
    return [
        Row(f"AWS calls: page of {PAGE} of {what}", Budget(queries + 1), len(calls), made),
        Row(f"items read: page of {PAGE} of {what}", Budget(queries * PAGE + HYDRATED), read),
    ]


def _page(query: dict[str, str]) -> str:
    answer: Answer = send(
        handler, "products.list", caller=NOBODY, query={"limit": str(PAGE), **query}
    )
    if len(answer.body["items"]) < PAGE:
        raise AssertionError(answer)
    return str(answer.body["next_cursor"])


def items_read(call: Call) -> int:
    """At most. Raises AssertionError for a call that may read without bound."""
    request = json.loads(call.body)
    if call.operation == "GetItem":
        return 1
    if call.operation == "BatchGetItem":
        return sum(len(table["Keys"]) for table in request["RequestItems"].values())
    if call.operation == "Query" and "Limit" in request:
        return int(request["Limit"])
    raise AssertionError(f"nothing bounds what {call.operation} reads")
