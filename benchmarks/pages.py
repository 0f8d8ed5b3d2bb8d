"""The calls and items that a page of the catalog reads, in a small shop and in a large one.

DynamoDB reads at most a Query's Limit, and each key of a BatchGetItem once. So the sum of both is
an upper bound, and it must not depend on the number of products.
"""

import json
import time
from types import SimpleNamespace
from unittest.mock import patch

from benchmarks import large_catalog
from benchmarks.aws_calls import empty_account
from benchmarks.endpoint import Call, record_calls
from benchmarks.report import Budget, Row
from products import browse_cache
from products.handler import handler
from products.listing_keys import SHOP_SHARDS
from shared.security.key_rings import key_ring
from shared.storage import cache
from tests.support.http import NOBODY, Answer, send

PAGE = 20
SHOPS = (100, 100_000)  # products
DETAIL_READS = 2 * PAGE  # its products, and the stock of each
QUERIES: dict[str, tuple[dict[str, str], int]] = {  # the query, and its number of Query calls
    "one category": ({"category": large_catalog.CATEGORY}, 1),
    "a price range of one category": ({"category": large_catalog.CATEGORY, "min_price": "1"}, 1),
    "the whole shop": ({"in_stock": "true", "sort": "price_asc"}, SHOP_SHARDS),
}


def rows() -> list[Row]:
    return [row for products in SHOPS for row in measure_shop(products)]


def measure_shop(products: int) -> list[Row]:
    """Calls and items of the second page of each query, in a shop of this size."""
    now = time.monotonic()
    # A query over 100,000 products takes moto longer than the keys of cursors are kept.
    with patch.object(cache, "time", SimpleNamespace(monotonic=lambda: now)), empty_account():
        large_catalog.fill_catalog(products)
        return [
            row
            for name, (query, queries) in QUERIES.items()
            for row in _measure(f"{name}, {products:,} products", query, queries)
        ]


def _measure(name: str, query: dict[str, str], queries: int) -> list[Row]:
    key_ring.forget()
    cursor = _page(query)  # it also reads the keys that sign cursors
    browse_cache.forget()
    with record_calls() as calls:
        _page(query | {"cursor": cursor})
    names = ", ".join(call.operation for call in calls)
    read = sum(count_items_read(call) for call in calls)
    return [
        Row(f"AWS calls: page of {PAGE} of {name}", Budget(queries + 1), len(calls), names),
        Row(f"items read: page of {PAGE} of {name}", Budget(queries * PAGE + DETAIL_READS), read),
    ]


def _page(query: dict[str, str]) -> str:
    answer: Answer = send(
        handler, "products.list", caller=NOBODY, query={"limit": str(PAGE), **query}
    )
    if len(answer.body["items"]) < PAGE:
        raise AssertionError(answer)
    return str(answer.body["next_cursor"])


def count_items_read(call: Call) -> int:
    """An upper bound. Raises AssertionError for a call that may read any number of items."""
    request = json.loads(call.body)
    if call.operation == "GetItem":
        return 1
    if call.operation == "BatchGetItem":
        return sum(len(table["Keys"]) for table in request["RequestItems"].values())
    if call.operation == "Query" and "Limit" in request:
        return int(request["Limit"])
    raise AssertionError(f"{call.operation} may read any number of items")
