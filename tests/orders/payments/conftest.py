from datetime import datetime, timedelta

import pytest

from orders.payments import service
from orders.workers import execute_payment_requests
from shared import clock
from shared.storage.models.catalog import Product
from tests.support import shop
from tests.support.payments import Bank


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Bank:
    """The payment provider of the shop."""
    opened = Bank()
    for asking in (service, execute_payment_requests):
        monkeypatch.setattr(asking, "get_provider", lambda: opened)
    return opened


@pytest.fixture
def tea() -> Product:
    return shop.product("TEA", available=10)


class Later:
    """The clock, so much further."""

    def __init__(self) -> None:
        self._now = clock.utc_now
        self.by = timedelta()

    def __call__(self) -> datetime:
        return self._now() + self.by


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    moved = Later()
    monkeypatch.setattr(clock, "utc_now", moved)
    return moved
