"""A cache in the function instance whose answers are never older than it states."""

import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def cached(
    *, seconds: float
) -> Callable[[Callable[Arguments, Answer]], Callable[Arguments, Answer]]:
    """Remember a function's answers, by their hashable arguments, for at most `seconds`.

    Meant for a handful of distinct arguments: nothing is evicted before it is asked for again.
    A call that raises is not remembered. `function.forget()` empties the cache.
    """

    def decorate(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
        answers: dict[object, tuple[float, Answer]] = {}

        @wraps(function)
        def remembered(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
            key = (args, tuple(sorted(kwargs.items())))
            fresh_until, answer = answers.get(key, (0.0, None))
            if answer is not None and time.monotonic() < fresh_until:
                return answer
            asked = time.monotonic()  # a slow answer is as old as its question
            answer = function(*args, **kwargs)
            answers[key] = (asked + seconds, answer)
            return answer

        remembered.forget = answers.clear  # type: ignore[attr-defined]
        return remembered

    return decorate
