"""A cache in the function instance whose answers are never older than it states."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Kept(Generic[Answer]):
    answer: Answer
    fresh_until: float  # of the monotonic clock

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.fresh_until - time.monotonic())


@dataclass(frozen=True, slots=True)
class Bound(Generic[Answer]):
    """How much is kept: so many answers, unless something else is weighed."""

    most: int
    weigh: Callable[[Answer], int] = lambda _: 1


class Cached(Generic[Arguments, Answer]):
    """A function that remembers its answers, by its hashable arguments."""

    def __init__(
        self,
        function: Callable[Arguments, Answer],
        seconds: float,
        bound: Bound[Any],
        on_lookup: Callable[[bool], None] | None,
    ) -> None:
        self._function = function
        self._seconds = seconds
        self._bound = bound
        self._on_lookup = on_lookup
        self._kept: OrderedDict[object, Kept[Answer]] = OrderedDict()
        self._weight = 0

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        return self.kept(*args, **kwargs).answer

    def kept(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Kept[Answer]:
        """The answer, and for how long it is fresh."""
        key = (args, tuple(sorted(kwargs.items())))
        found = self._kept.get(key)
        is_hit = found is not None and time.monotonic() < found.fresh_until
        if self._on_lookup:
            self._on_lookup(is_hit)
        if found is not None and is_hit:
            self._kept.move_to_end(key)
            return found
        asked = time.monotonic()  # a slow answer is as old as its question
        kept = Kept(self._function(*args, **kwargs), asked + self._seconds)
        self._keep(key, kept)
        return kept

    def forget(self) -> None:
        self._kept.clear()
        self._weight = 0

    def _keep(self, key: object, kept: Kept[Answer]) -> None:
        if old := self._kept.pop(key, None):
            self._weight -= self._bound.weigh(old.answer)
        self._kept[key] = kept
        self._weight += self._bound.weigh(kept.answer)
        while self._weight > self._bound.most and self._kept:
            _, oldest = self._kept.popitem(last=False)  # not asked for the longest
            self._weight -= self._bound.weigh(oldest.answer)


_A_HUNDRED: Bound[Any] = Bound(100)


def cached(
    *,
    seconds: float,
    bound: Bound[Any] = _A_HUNDRED,
    on_lookup: Callable[[bool], None] | None = None,
) -> Callable[[Callable[Arguments, Answer]], Cached[Arguments, Answer]]:
    """Remember a function's answers for at most `seconds`; of too many, those used last.

    A call that raises is not remembered. `on_lookup` is told of each hit and miss.
    """

    def decorate(function: Callable[Arguments, Answer]) -> Cached[Arguments, Answer]:
        return Cached(function, seconds, bound, on_lookup)

    return decorate
