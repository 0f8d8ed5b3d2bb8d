"""Time that passes only when the code under test sleeps or the driver moves it."""

import random
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, tzinfo
from types import SimpleNamespace
from unittest import mock

from shared import clock

STARTS_AT = datetime.fromisoformat("2026-11-27T09:00:00+00:00")
_STEP = timedelta(microseconds=1)  # no two readings are equal, as on a real machine


class VirtualTime:
    """Replaces the shop's clock and every sleep."""

    def __init__(self, seed: int = 0) -> None:
        self.now = STARTS_AT
        self.on_sleep: Callable[[], None] = lambda: None
        self._seed = seed

    def read(self, tz: tzinfo | None = None) -> datetime:
        self.now += _STEP
        return self.now.astimezone(tz)

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    def sleep(self, seconds: float) -> None:
        self.advance(seconds=seconds)
        self.on_sleep()

    @contextmanager
    def installed(self) -> Iterator["VirtualTime"]:
        """Also makes chance repeat: two runs with one seed are equal."""
        now = SimpleNamespace(now=self.read)
        state = random.getstate()
        random.seed(self._seed)
        with ExitStack() as patches:
            for target, name, value in (
                (clock, "datetime", now),
                (time, "sleep", self.sleep),
                (secrets, "token_bytes", random.randbytes),
            ):
                patches.enter_context(mock.patch.object(target, name, value))
            try:
                yield self
            finally:
                random.setstate(state)
