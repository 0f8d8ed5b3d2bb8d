"""The one way to try again: what loses to a faster writer, or meets a busy database."""

from collections.abc import Callable
from typing import TypeVar

from shared.errors.requests import ConcurrentModification, StaleVersion
from shared.http.etags import Expected
from shared.storage.dynamo import pause

EDIT_ATTEMPTS = 5  # at an edit that others make at the same moment

Result = TypeVar("Result")
Errors = tuple[type[Exception], ...]


def retry(
    attempt: Callable[[], Result], *, on: Errors, attempts: int, backoff_offset: int = 0
) -> Result:
    """Return what `attempt` returns; call it again when it raises one of `on`.

    `attempt` must read what it depends on at each call. Between calls this waits with full
    jitter; `backoff_offset` skips the first, shortest waits. Raises the last error when all
    `attempts` fail.
    """
    for number in range(1, attempts):
        try:
            return attempt()
        except on:
            pause(number + backoff_offset)
    return attempt()


def retry_on_stale_version(
    edit: Callable[[], Result], expected: Expected | None = None, *, also_on: Errors = ()
) -> Result:
    """Return what `edit` returns; call it again when somebody else wrote first.

    With an `expected` version other than `*`, a stale version is the client's to resolve and is
    raised at once. Raises ConcurrentModification when others win every time.
    """
    is_any_version = expected is None or expected.is_any
    retried: Errors = (*also_on, StaleVersion) if is_any_version else also_on
    try:
        return retry(edit, on=retried, attempts=EDIT_ATTEMPTS)
    except retried as error:
        raise ConcurrentModification from error
