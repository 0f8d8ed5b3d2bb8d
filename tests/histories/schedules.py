"""Every schedule of two threads, those with the fewest switches first.

A schedule is the thread that begins, and the turns at which the running thread must give way
although it could go on. A cap on their number leaves out those with the most switches. With one
switch, one thread runs as a whole between two calls of the other.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field


@dataclass
class Switching:
    """Chooses the thread of each turn: the same one, except at these turns."""

    first: int
    at: frozenset[int] = frozenset()
    turns: int = 0
    choices: list[int] = field(default_factory=list)  # turns at which there was a choice
    _last: int | None = None

    def __call__(self, alive: Sequence[int]) -> int:
        if self._last is None:
            self._last = self.first
        elif len(alive) > 1:
            self.choices.append(self.turns)
            if self.turns in self.at:
                self._last = 1 - self._last
        elif self._last not in alive:
            self._last = alive[0]
        self.turns += 1
        return self._last

    def __str__(self) -> str:
        order = "the first" if self.first == 0 else "the second"
        return f"{order} begins, with switches at {sorted(self.at)}"


def enumerate_schedules(run: Callable[[Switching], None], cap: int) -> Iterator[Switching]:
    """Run and yield each schedule; `run` must start from the same state each time.

    A schedule that was run shows the turns at which one more switch is possible.
    """
    waiting = deque([Switching(0), Switching(1)])
    for _ in range(cap):
        if not waiting:
            return
        schedule = waiting.popleft()
        run(schedule)
        yield schedule
        last = max(schedule.at, default=-1)
        waiting += [
            Switching(schedule.first, schedule.at | {turn})
            for turn in schedule.choices
            if turn > last
        ]
