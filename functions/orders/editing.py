"""Edits of what staff keep, made again where somebody was faster and that may be."""

from collections.abc import Callable
from typing import TypeVar

from shared.errors.requests import ConcurrentModification, StaleVersion
from shared.http.etags import ExpectedVersion

TRIES = 5  # at an edit of whatever there is

Result = TypeVar("Result")


def persistently(edit: Callable[[], Result], expected: ExpectedVersion) -> Result:
    """What `edit` gives, which reads at each try what it is about.

    Raises StaleVersion when that is not what was expected, and ConcurrentModification when others were
    faster each time.
    """
    for _ in range(TRIES):
        try:
            return edit()
        except StaleVersion:
            if not expected.is_any:
                raise
    raise ConcurrentModification("Others are editing this. Try again.")
