"""Several Queries, each in order, as one page in that order. Pure."""

import heapq
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import islice
from typing import TypeVar

AT_ONCE_MAX = 10

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Found = tuple[list[Item], bool]  # what a Query gave, and whether it goes on behind that


def first_of(
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


def all_at_once(questions: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """The answers, in that order: the time is spent waiting for DynamoDB."""
    if len(questions) == 1:
        return [questions[0]()]
    return list(_pool().map(lambda ask: ask(), questions))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE_MAX)
