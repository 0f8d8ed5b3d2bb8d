"""A cache in each instance for what anyone can browse.

An entry is never older than `BROWSE_CACHE_SECONDS`, and an edit on the same instance clears the
cache. It holds the text that is sent, so that a hit costs no more than its bytes. No order is
priced or filled from it.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from shared import observability
from shared.config import CatalogSettings, settings
from shared.http.responses import Rendered
from shared.http.schemas import View
from shared.storage.cache import CachedFunction, CacheLimit, cached

Arguments = ParamSpec("Arguments")
AnyView = TypeVar("AnyView", bound=View)

_clear_functions: list[Callable[[], None]] = []


def browse_cached(
    *, megabytes: int
) -> Callable[[Callable[Arguments, AnyView]], CachedFunction[Arguments, Rendered[AnyView]]]:
    """Cache the function's views for `BROWSE_CACHE_SECONDS`. Hits and misses are metrics."""

    def decorate(
        function: Callable[Arguments, AnyView],
    ) -> CachedFunction[Arguments, Rendered[AnyView]]:
        def render(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Rendered[AnyView]:
            view = function(*args, **kwargs)
            return Rendered.from_view(view, version=getattr(view, "version", None))

        keep = cached(
            seconds=settings(CatalogSettings).browse_cache_seconds,
            limit=CacheLimit(megabytes * 1_000_000, _count_characters),
            on_lookup=observability.record_cache_lookup,
        )
        cached_function = keep(render)
        _clear_functions.append(cached_function.forget)
        return cached_function

    return decorate


def _count_characters(rendered: Rendered[View]) -> int:
    """About its bytes: only characters outside of ASCII take more than one."""
    return len(rendered.body)


def forget() -> None:
    """Clear the cache after an edit, so that the editor sees it at once."""
    for clear in _clear_functions:
        clear()
