"""Several Queries, each in order, merged into one page in that order. Pure."""

import heapq
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import cache
from itertools import islice
from typing import Any, TypeVar

CONCURRENT_QUERIES_MAX = 10

Item = TypeVar("Item")
Result = TypeVar("Result")
QueryPage = tuple[list[Item], bool]  # the items, and whether the Query has more after them


def merge_pages(
    queries: Sequence[Callable[[], QueryPage[Item]]],
    *,
    key: Callable[[Item], str],
    ascending: bool,
    limit: int,
) -> QueryPage[Item]:
    """The first `limit` items of all queries, each of which gives its own first `limit` items."""
    pages = run_concurrently(queries)
    ordered = heapq.merge(*(items for items, _ in pages), key=key, reverse=not ascending)
    merged = list(islice(ordered, limit))
    is_cut = len(merged) < sum(len(items) for items, _ in pages)
    return merged, is_cut or any(has_more for _, has_more in pages)


def prepare_query(  # noqa: PLR0913 (what a Query is)
    query: Callable[..., Any],
    hash_key: str,
    condition: Any,
    *,
    after: Mapping[str, str] | None,
    ascending: bool,
    limit: int,
) -> Callable[[], QueryPage[Any]]:
    """A function that runs one Query of an index for `limit` items after a position in its order.

    `after` is that position: the keys of the index and of the table, by attribute name. An item
    with these keys need not exist any more.
    """

    def run() -> QueryPage[Any]:
        found = query(
            hash_key,
            condition,
            scan_index_forward=ascending,
            limit=limit,
            page_size=limit,
            last_evaluated_key=start,
        )
        return list(found), found.last_evaluated_key is not None

    start = {name: {"S": value} for name, value in after.items()} if after else None
    return run


def run_concurrently(functions: Sequence[Callable[[], Result]]) -> list[Result]:
    """The results in the order of the functions. Threads suit them: they wait for DynamoDB.

    All have ended when this returns or raises: no query outlives its request.
    """
    if len(functions) == 1:
        return [functions[0]()]
    # A thread starts without the request's context, and so without its budget of retries.
    queries = [_pool().submit(copy_context().run, function) for function in functions]
    wait(queries)
    return [query.result() for query in queries]


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(CONCURRENT_QUERIES_MAX)
