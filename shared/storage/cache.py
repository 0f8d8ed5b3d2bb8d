"""A cache in the function instance whose entries never outlive their stated age."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class CacheEntry(Generic[Value]):
    value: Value
    fresh_until: float  # seconds of the monotonic clock

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.fresh_until - time.monotonic())


@dataclass(frozen=True, slots=True)
class CacheLimit(Generic[Value]):
    """The most that a cache holds: entries, or the sum of what `weigh` returns for their values."""

    maximum: int
    weigh: Callable[[Value], int] = lambda _: 1


class CachedFunction(Generic[Arguments, Value]):
    """A function that remembers its results by its arguments, which must be hashable."""

    def __init__(
        self,
        function: Callable[Arguments, Value],
        seconds: float,
        limit: CacheLimit[Any],
        on_lookup: Callable[[bool], None] | None,
    ) -> None:
        self._function = function
        self._seconds = seconds
        self._limit = limit
        self._on_lookup = on_lookup
        self._entries: OrderedDict[object, CacheEntry[Value]] = OrderedDict()  # oldest use first
        self._weight = 0

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
        entry = CacheEntry(self._function(*args, **kwargs), called_at + self._seconds)
        self._store(key, entry)
        return entry

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


_HUNDRED_ENTRIES: CacheLimit[Any] = CacheLimit(100)


def cached(
    *,
    seconds: float,
    limit: CacheLimit[Any] = _HUNDRED_ENTRIES,
    on_lookup: Callable[[bool], None] | None = None,
) -> Callable[[Callable[Arguments, Value]], CachedFunction[Arguments, Value]]:
    """Remember a function's results for at most `seconds`.

    Above `limit`, the least recently used results go first. A call that raises is not remembered.
    `on_lookup` receives True for each hit and False for each miss.
    """

    def decorate(function: Callable[Arguments, Value]) -> CachedFunction[Arguments, Value]:
        return CachedFunction(function, seconds, limit, on_lookup)

    return decorate
