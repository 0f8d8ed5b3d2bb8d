"""What the tests of accounts share."""

import pytest

from shared import clock
from tests.support.accounts import Clock


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The shop's clock, to be moved on."""
    moved = Clock()
    monkeypatch.setattr(clock, "utc_now", moved)
    return moved
