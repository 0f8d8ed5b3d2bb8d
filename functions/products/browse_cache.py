"""What shoppers are shown is kept in the instance: never longer than the stated bound, and not
beyond an edit that this instance makes itself.

Nothing that an order is priced or filled by comes from here.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from shared import observability
from shared.cache import Cached, cached
from shared.config import CatalogSettings, settings

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

_forget_each: list[Callable[[], None]] = []


def kept_for_shoppers(
    *, entries_max: int
) -> Callable[[Callable[Arguments, Answer]], Cached[Arguments, Answer]]:
    """Keep the function's answers for `BROWSE_CACHE_SECONDS`. Hits and misses are metrics."""

    def decorate(function: Callable[Arguments, Answer]) -> Cached[Arguments, Answer]:
        keep = cached(
            seconds=settings(CatalogSettings).browse_cache_seconds,
            entries_max=entries_max,
            on_lookup=observability.note_cache,
        )
        kept = keep(function)
        _forget_each.append(kept.forget)
        return kept

    return decorate


def forget() -> None:
    """After an edit: who made it must see it at once."""
    for forget_one in _forget_each:
        forget_one()
