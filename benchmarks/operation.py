"""An operation of a warm function, and the AWS calls that it makes.

Warm: the operation has run before in this process, so its clients and key rings exist.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.endpoint import Call, record_calls
from benchmarks.report import Budget
from tests.support.http import Answer


@dataclass(frozen=True, slots=True)
class Operation:
    """`perform` can be called repeatedly and succeeds each time.

    `prepare` returns its arguments. It runs before each call, and its own calls do not count.
    """

    name: str
    budget: Budget | None
    perform: Callable[..., object]
    prepare: Callable[[], tuple[Any, ...]] = tuple
    count: int = 1  # of what it handles at once; the budget is for each of them

    def record_calls(self) -> list[Call]:
        """The calls of the second run; the first makes the function warm."""
        self.perform(*self.prepare())
        arguments = self.prepare()
        with record_calls() as calls:
            self.perform(*arguments)
        return calls

    def is_in_budget(self, calls: Sequence[Call]) -> bool:
        return self.budget is None or self.budget.holds(len(calls) / self.count)


def require_success(answer: Answer) -> None:
    """Raises AssertionError for a refusal: it makes fewer calls than the operation itself."""
    if answer.status not in (200, 201, 202, 204):
        raise AssertionError(answer)
