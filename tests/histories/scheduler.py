"""Threads of which one runs at a time. A function decides at each AWS call which runs next.

So a schedule is a list of numbers, and the same list makes the same history again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Semaphore, Thread, current_thread
from typing import Any

STUCK_SECONDS = 60  # real time: a thread waits for something that no other thread will do

Choose = Callable[[Sequence[int]], int]  # which of these threads runs next


@dataclass
class _Runner:
    work: Callable[[], Any]
    turn: Semaphore = field(default_factory=lambda: Semaphore(0))
    thread: Thread | None = None
    error: BaseException | None = None
    is_done: bool = False


class Scheduler:
    def __init__(self) -> None:
        self._runners: list[_Runner] = []
        self._turn_over = Semaphore(0)
        self.trace: list[int] = []  # the number of the thread in each turn

    def run(self, choose: Choose, *work: Callable[[], Any]) -> None:
        """Run all to their ends. Raises the error of the first that failed."""
        self._runners = [_Runner(each) for each in work]
        self.trace = []
        for runner in self._runners:
            runner.thread = Thread(target=self._run_one, args=(runner,), daemon=True)
            runner.thread.start()
        while alive := [n for n, runner in enumerate(self._runners) if not runner.is_done]:
            chosen = choose(alive)
            self.trace.append(chosen)
            self._runners[chosen].turn.release()
            if not self._turn_over.acquire(timeout=STUCK_SECONDS):
                raise TimeoutError(f"thread {chosen} is stuck after {self.trace}")
        runners, self._runners = self._runners, []
        for runner in runners:
            if runner.error is not None:
                raise runner.error

    def switch(self) -> None:
        """Called by a running thread: let the function choose who goes on."""
        for runner in self._runners:
            if runner.thread is current_thread():
                self._turn_over.release()
                runner.turn.acquire()

    def _run_one(self, runner: _Runner) -> None:
        runner.turn.acquire()
        try:
            runner.work()
        except BaseException as error:  # noqa: BLE001 (run raises it)
            runner.error = error
        finally:
            runner.is_done = True
            self._turn_over.release()


def follow(schedule: Sequence[int]) -> Choose:
    """Run the threads in that order; a finished thread's turn goes to the lowest other one."""
    remaining = list(schedule)

    def choose(alive: Sequence[int]) -> int:
        wanted = remaining.pop(0) if remaining else alive[0]
        return wanted if wanted in alive else alive[0]

    return choose
