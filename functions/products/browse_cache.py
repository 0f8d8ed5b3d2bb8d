"""What shoppers are shown is kept in the instance: never longer than the stated bound, and not
beyond an edit that this instance makes itself.

Kept as the text that is sent, so that an answer from here costs no more than its bytes. Nothing
that an order is priced or filled by comes from here.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from shared import observability
from shared.config import CatalogSettings, settings
from shared.http.responses import Rendered
from shared.http.schemas import View
from shared.storage.cache import CachedFunction, CacheLimit, cached

Arguments = ParamSpec("Arguments")
Shown = TypeVar("Shown", bound=View)

_forget_each: list[Callable[[], None]] = []


def browse_cached(
    *, megabytes: int
) -> Callable[[Callable[Arguments, Shown]], CachedFunction[Arguments, Rendered[Shown]]]:
    """Keep the function's views for `BROWSE_CACHE_SECONDS`. Hits and misses are metrics."""

    def decorate(
        function: Callable[Arguments, Shown],
    ) -> CachedFunction[Arguments, Rendered[Shown]]:
        def rendered(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Rendered[Shown]:
            view = function(*args, **kwargs)
            return Rendered.from_view(view, version=getattr(view, "version", None))

        keep = cached(
            seconds=settings(CatalogSettings).browse_cache_seconds,
            limit=CacheLimit(megabytes * 1_000_000, _characters),
            on_lookup=observability.record_cache_lookup,
        )
        kept = keep(rendered)
        _forget_each.append(kept.forget)
        return kept

    return decorate


def _characters(rendered: Rendered[View]) -> int:
    """A byte each, but for what is not ASCII."""
    return len(rendered.body)


def forget() -> None:
    """After an edit: who made it must see it at once."""
    for forget_one in _forget_each:
        forget_one()
