"""Threads in virtual time: one runs at a time, and the clock moves only while all of them wait.

So code that sleeps runs as it is, a minute takes as long as its work, and every run with the same
random numbers is the same.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from heapq import heappop, heappush
from itertools import count
from threading import Semaphore, Thread
from types import SimpleNamespace
from unittest import mock

from shared import clock

STARTS_AT = datetime.fromisoformat("2026-11-27T09:00:00+00:00")
STUCK_SECONDS = 60  # real time: a thread waits for something that no other thread will do


@dataclass
class _Waiting:
    work: Callable[[], None]
    turn: Semaphore = field(default_factory=lambda: Semaphore(0))
    has_started: bool = False
    error: BaseException | None = None


class VirtualThreads:
    def __init__(self) -> None:
        self.now = 0.0  # seconds since the start
        self._turns: list[tuple[float, int, _Waiting]] = []  # a heap: who runs next, and when
        self._numbers = count()  # what is due at one moment runs in the order of its scheduling
        self._turn_over = Semaphore(0)
        self._running: _Waiting | None = None

    def start(self, at: float, work: Callable[[], None]) -> None:
        """Begin the work at this moment, in a thread of its own."""
        self._schedule(at, _Waiting(work))

    def run(self) -> None:
        """Run everything to its end. Raises the error of a thread that fails."""
        while self._turns:
            self.now, _, self._running = heappop(self._turns)
            self._resume(self._running)
            if not self._turn_over.acquire(timeout=STUCK_SECONDS):
                raise TimeoutError(f"a thread is stuck at {self.now} s")
            if self._running.error is not None:
                raise self._running.error

    def sleep(self, seconds: float) -> None:
        """Called by the running thread."""
        running = self._running
        assert running is not None  # noqa: S101 (only a running thread calls it)
        self._schedule(self.now + seconds, running)
        self._turn_over.release()
        running.turn.acquire()

    @contextmanager
    def installed(self, seed: int) -> Iterator[None]:
        """Replace the shop's clock, every sleep and chance."""
        state = random.getstate()
        random.seed(seed)
        with ExitStack() as patches:
            for target, name, value in (
                (clock, "datetime", SimpleNamespace(now=self._read)),
                (time, "sleep", self.sleep),
                (time, "monotonic", lambda: self.now),
            ):
                patches.enter_context(mock.patch.object(target, name, value))
            try:
                yield
            finally:
                random.setstate(state)

    def _read(self, tz: tzinfo | None = None) -> datetime:
        return (STARTS_AT + timedelta(seconds=self.now)).astimezone(tz)

    def _schedule(self, at: float, waiting: _Waiting) -> None:
        heappush(self._turns, (at, next(self._numbers), waiting))

    def _resume(self, waiting: _Waiting) -> None:
        if waiting.has_started:
            waiting.turn.release()
            return
        waiting.has_started = True
        Thread(target=self._run_one, args=(waiting,), daemon=True).start()

    def _run_one(self, waiting: _Waiting) -> None:
        try:
            waiting.work()
        except BaseException as error:  # noqa: BLE001 (run raises it)
            waiting.error = error
        finally:
            self._turn_over.release()
