"""Fixtures for the tests of accounts."""

import pytest

from shared import clock
from tests.support.fake_clock import FakeClock


@pytest.fixture
def fake_clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Replaces the shop's clock. Move the time with `advance`."""
    moved = FakeClock()
    monkeypatch.setattr(clock, "utc_now", moved)
    return moved
