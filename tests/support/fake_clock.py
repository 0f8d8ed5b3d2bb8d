"""Clocks that only a test moves."""

from datetime import datetime, timedelta

from shared.clock import utc_now


class FakeClock:
    """Replaces the shop's clock: `monkeypatch.setattr(clock, "utc_now", FakeClock())`."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def advance(self, **duration: float) -> None:
        self.ahead += timedelta(**duration)


class FakeMonotonicClock:
    """Replaces `time.monotonic`. It stands still until a test changes `seconds`."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds
