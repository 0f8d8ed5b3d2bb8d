from collections.abc import Callable
from typing import Any

import pytest

from orders.payments import service
from orders.workers import execute_payment_requests, sweep_payments
from shared import clock
from shared.storage.models.catalog import Product
from shared.storage.models.orders import Order
from shared.storage.models.outbox import OutboxRow
from shared.storage.models.payments import PaymentEvent
from tests.support import shop
from tests.support.fake_clock import FakeClock
from tests.support.order_requests import place_order
from tests.support.payments import Bank


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Bank:
    """The shop's payment provider, in this process."""
    fake_provider = Bank()
    for module in (service, execute_payment_requests, sweep_payments):
        monkeypatch.setattr(module, "get_provider", lambda: fake_provider)
    return fake_provider


@pytest.fixture
def tea() -> Product:
    return shop.product("TEA", available=10)


@pytest.fixture
def order_id(tea: Product) -> str:
    """An order that waits for its payment."""
    return place_order(tea)


@pytest.fixture
def stored_state(order_id: str) -> Callable[[], tuple[Any, ...]]:
    """Reads everything that a webhook about the order can change."""

    def read() -> tuple[Any, ...]:
        order = Order.find(order_id, consistent=True)
        return (
            order.serialize() if order else None,
            sorted(row.event_id for row in OutboxRow.scan()),
            [event.event_id for event in PaymentEvent.scan()],
        )

    return read


@pytest.fixture
def shifted_clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    shifted = FakeClock()
    monkeypatch.setattr(clock, "utc_now", shifted)
    return shifted
