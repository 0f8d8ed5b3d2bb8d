"""Several Queries, each in order, as one page in that order. Pure."""

import heapq
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import islice
from typing import Any, TypeVar

AT_ONCE_MAX = 10

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Found = tuple[list[Item], bool]  # what a Query gave, and whether it goes on behind that


def merge_pages(
    questions: Sequence[Callable[[], Found[Item]]],
    *,
    key: Callable[[Item], str],
    ascending: bool,
    limit: int,
) -> Found[Item]:
    """The first `limit` of all together, if each question gives its own first `limit`."""
    answers = all_at_once(questions)
    ordered = heapq.merge(*(items for items, _ in answers), key=key, reverse=not ascending)
    page = list(islice(ordered, limit))
    is_cut = len(page) < sum(len(items) for items, _ in answers)
    return page, is_cut or any(goes_on for _, goes_on in answers)


def prepare_query(  # noqa: PLR0913 (what a Query is)
    query: Callable[..., Any],
    hash_key: str,
    condition: Any,
    *,
    after: Mapping[str, str] | None,
    ascending: bool,
    limit: int,
) -> Callable[[], Found[Any]]:
    """One Query of an index, of `limit` items behind a place in its order, to be asked later.

    `after` is that place by the names of the index's and the table's keys; nothing need stand there
    any more.
    """

    def ask() -> Found[Any]:
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
    return ask


def all_at_once(questions: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """The answers, in that order: the time is spent waiting for DynamoDB."""
    if len(questions) == 1:
        return [questions[0]()]
    return list(_pool().map(lambda ask: ask(), questions))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE_MAX)
