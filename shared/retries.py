"""The one way to try again: what loses to a faster writer, or meets a busy database."""

import random
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from shared import request_budget
from shared.errors.requests import ConcurrentModification, StaleVersion

if TYPE_CHECKING:
    # DynamoDB's client retries too, and needs nothing of HTTP.
    from shared.http.etags import ExpectedVersion

EDIT_ATTEMPTS = 5  # for an edit, when others write the same item
BACKOFF_SECONDS = 0.05  # the longest first pause; doubled for each further retry
# Pauses before retries of what met a transaction reach 0.1 s. It holds its items for milliseconds:
# longer pauses only delay the reply (`docs/scale.md`, "One hot product").
CONFLICT_DOUBLINGS = 1

Result = TypeVar("Result")
Errors = tuple[type[Exception], ...]


def jitter_seconds(retry: int) -> float:
    """How long to wait before the given retry (the first is 1), with full jitter.

    Jitter keeps writers that collided from colliding again (AWS: exponential backoff and jitter).
    """
    return random.uniform(0, BACKOFF_SECONDS * 2 ** (retry - 1))  # noqa: S311 (no secret)


def pause(retry: int) -> None:
    seconds = jitter_seconds(retry)
    request_budget.record_pause(seconds)
    time.sleep(seconds)


def retry(
    attempt: Callable[[], Result],
    *,
    on: Errors,
    attempts: int,
    backoff_offset: int = 0,
    doublings: int = sys.maxsize,
) -> Result:
    """Return what `attempt` returns; call it again when it raises one of `on`.

    `attempt` must read what it depends on at each call. `backoff_offset` skips the first, shortest
    pauses; the longest pause doubles so many times at most. Raises the last error when all
    `attempts` fail or the request's budget is spent, and every other error at once.
    """
    for number in range(1, attempts):
        try:
            return attempt()
        except on:
            if not request_budget.allows_retry():
                raise
            pause(min(number, doublings + 1) + backoff_offset)
    return attempt()


def retry_on_stale_version(
    edit: Callable[[], Result], expected: "ExpectedVersion | None" = None, *, also_on: Errors = ()
) -> Result:
    """Return what `edit` returns; call it again when somebody else wrote first.

    With an `expected` version other than `*`, the client must resolve a stale version, so
    StaleVersion is raised at once. Raises ConcurrentModification when every attempt fails.
    """
    is_any_version = expected is None or expected.is_any
    retried: Errors = (*also_on, StaleVersion) if is_any_version else also_on
    try:
        return retry(edit, on=retried, attempts=EDIT_ATTEMPTS)
    except retried as error:
        raise ConcurrentModification from error
