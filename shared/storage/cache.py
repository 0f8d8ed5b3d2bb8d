"""A cache in the function instance whose entries never outlive their stated age.

`StaleIfError` keeps an entry that cannot be renewed, for a stated time too.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, ParamSpec, TypeVar
from weakref import WeakSet

from shared import snapstart

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class CacheEntry(Generic[Value]):
    value: Value
    fresh_until: float  # seconds of the monotonic clock
    read_at: float
    failures: int = 0  # to renew it, since it was read

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.fresh_until - time.monotonic())


@dataclass(frozen=True, slots=True)
class CacheLimit(Generic[Value]):
    """The most that a cache holds: entries, or the sum of what `weigh` returns for their values."""

    maximum: int
    weigh: Callable[[Value], int] = lambda _: 1


@dataclass(frozen=True, slots=True)
class StaleIfError:
    """Use a result for `seconds` since it was read while calls for a new one raise one of `on`.

    The pauses between these calls double, from `first_retry` up to the result's usual age.
    """

    seconds: float
    on: tuple[type[Exception], ...]
    on_failure: Callable[[Exception], None]  # it logs
    first_retry: float = 5


class CachedFunction(Generic[Arguments, Value]):
    """A function that remembers its results by its arguments, which must be hashable."""

    def __init__(
        self,
        function: Callable[Arguments, Value],
        seconds: float,
        limit: CacheLimit[Any],
        on_lookup: Callable[[bool], None] | None,
        stale: StaleIfError | None = None,
    ) -> None:
        self._function = function
        self._seconds = seconds
        self._limit = limit
        self._on_lookup = on_lookup
        self._stale = stale
        self._entries: OrderedDict[object, CacheEntry[Value]] = OrderedDict()  # oldest use first
        self._weight = 0
        _caches.add(self)

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Value:
        return self.entry(*args, **kwargs).value

    def entry(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> CacheEntry[Value]:
        """The result and how long it stays fresh."""
        key = (args, tuple(sorted(kwargs.items())))
        found = self._entries.get(key)
        is_hit = found is not None and time.monotonic() < found.fresh_until
        if self._on_lookup:
            self._on_lookup(is_hit)
        if found is not None and is_hit:
            self._entries.move_to_end(key)
            return found
        called_at = time.monotonic()  # a slow function returns what was true when it was called
        try:
            value = self._function(*args, **kwargs)
        except Exception as error:
            kept = self._keep(found, error)
            if kept is None:
                raise
            entry = kept
        else:
            entry = CacheEntry(value, called_at + self._seconds, called_at)
        self._store(key, entry)
        return entry

    def _keep(self, found: CacheEntry[Value] | None, error: Exception) -> CacheEntry[Value] | None:
        """The entry that cannot be renewed, until the next try; None if it may not be used."""
        stale = self._stale
        if stale is None or not isinstance(error, stale.on):
            return None
        stale.on_failure(error)
        if found is None:
            return None
        now, ends_at = time.monotonic(), found.read_at + stale.seconds
        if now >= ends_at:
            return None
        pause = min(self._seconds, stale.first_retry * 2**found.failures)
        return replace(found, fresh_until=min(now + pause, ends_at), failures=found.failures + 1)

    def forget(self) -> None:
        self._entries.clear()
        self._weight = 0

    def _store(self, key: object, entry: CacheEntry[Value]) -> None:
        if replaced := self._entries.pop(key, None):
            self._weight -= self._limit.weigh(replaced.value)
        self._entries[key] = entry
        self._weight += self._limit.weigh(entry.value)
        while self._weight > self._limit.maximum and self._entries:
            _, evicted = self._entries.popitem(last=False)
            self._weight -= self._limit.weigh(evicted.value)


_caches: WeakSet[CachedFunction[..., Any]] = WeakSet()


@snapstart.after_restore
def forget_all() -> None:
    """The monotonic clock stands still in a snapshot, so an entry would seem fresh days later."""
    for cache in _caches:
        cache.forget()


_HUNDRED_ENTRIES: CacheLimit[Any] = CacheLimit(100)


def cached(
    *,
    seconds: float,
    limit: CacheLimit[Any] = _HUNDRED_ENTRIES,
    on_lookup: Callable[[bool], None] | None = None,
    stale: StaleIfError | None = None,
) -> Callable[[Callable[Arguments, Value]], CachedFunction[Arguments, Value]]:
    """Remember a function's results for at most `seconds`.

    Above `limit`, the least recently used results go first. A call that raises is not remembered.
    `on_lookup` receives True for each hit and False for each miss. With `stale`, a result that
    cannot be renewed is used for longer.
    """

    def decorate(function: Callable[Arguments, Value]) -> CachedFunction[Arguments, Value]:
        return CachedFunction(function, seconds, limit, on_lookup, stale)

    return decorate
