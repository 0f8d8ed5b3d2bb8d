"""What the tests of accounts share."""

import pytest

from shared import clock
from tests.support.fake_clock import FakeClock


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The shop's clock, to be moved on."""
    moved = FakeClock()
    monkeypatch.setattr(clock, "utc_now", moved)
    return moved
