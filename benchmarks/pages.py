"""A page of the catalog: what is read for it, in a small shop and in a larger one.

DynamoDB reads no more items than a Query's Limit, and each key of a BatchGetItem once; so the sum
of both bounds what a page reads, and must not depend on how many products there are.
"""

import json

from benchmarks.aws_calls import account
from benchmarks.endpoint import Call, watched
from benchmarks.report import Budget, Row
from products.handler import handler
from tests.support import shop
from tests.support.http import NOBODY, send

PAGE = 20
SHOPS = (100, 1_000)  # products; moto, which holds them in memory, allows for no more in our time
CALLS = Budget(2)
ITEMS = Budget(2 * PAGE)  # a page of products and their stock


def rows() -> list[Row]:
    return [row for products in SHOPS for row in _rows(products)]


def _rows(products: int) -> list[Row]:
    with account():
        for number in range(products):
            shop.product(f"tea-{number}", available=1)
        cursor = _page(None)  # reads the keys that sign cursors, too
        with watched() as calls:
            _page(cursor)
    where = f"second page of {PAGE} of {products:,} products"
    return [
        Row(f"AWS calls: {where}", CALLS, len(calls), ", ".join(call.operation for call in calls)),
        Row(f"items read: {where}", ITEMS, sum(items_read(call) for call in calls)),
    ]


def _page(cursor: str | None) -> str:
    query = {"limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
    answer = send(handler, "products.list", caller=NOBODY, query=query)
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
