from datetime import datetime, timedelta

import pytest

from orders.payments import service
from orders.workers import execute_payment_requests
from shared import clock
from shared.storage.models.catalog import Product
from tests.support import shop
from tests.support.payments import Bank


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Bank:
    """The shop's payment provider, in this process."""
    fake_provider = Bank()
    for module in (service, execute_payment_requests):
        monkeypatch.setattr(module, "get_provider", lambda: fake_provider)
    return fake_provider


@pytest.fixture
def tea() -> Product:
    return shop.product("TEA", available=10)


class ShiftedClock:
    """The real clock plus `offset`."""

    def __init__(self) -> None:
        self._utc_now = clock.utc_now
        self.offset = timedelta()

    def __call__(self) -> datetime:
        return self._utc_now() + self.offset


@pytest.fixture
def shifted_clock(monkeypatch: pytest.MonkeyPatch) -> ShiftedClock:
    shifted = ShiftedClock()
    monkeypatch.setattr(clock, "utc_now", shifted)
    return shifted
