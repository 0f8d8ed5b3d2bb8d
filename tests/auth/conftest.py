"""Fixtures for the tests of accounts."""

import pytest

from shared import clock
from tests.support.accounts import Clock


@pytest.fixture
def fake_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replaces the shop's clock. Move the time with `advance`."""
    moved = Clock()
    monkeypatch.setattr(clock, "utc_now", moved)
    return moved
