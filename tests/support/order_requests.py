"""Calls the routes of orders: as customers, as guests and as staff."""

from collections.abc import Callable
from typing import Any

from orders.handler import handler
from orders.pricing import repository as prices
from orders.staff_api import handler as staff_api
from shared.storage.models.catalog import Product
from tests.support import shop
from tests.support.http import ADA, HOME, NOBODY, STAFF, Answer, Caller, called_from, send

GUEST_EMAIL = "ada@example.com"
NEEDS_KEY = (
    "staff.return_order",
    "staff.refund_order",
    "staff.create_shipment",
    "staff.cancel_units",
)


def place_order(tea: Product, *, buyer: Caller = ADA, key: str = "key-1", quantity: int = 2) -> str:
    """Places an order. Returns its id."""
    lines = [shop.line(tea, quantity)]
    body = {"lines": lines, "shipping_address": shop.ADDRESS}
    headers: dict[str, str | None] = {"idempotency-key": key}
    placed = send(handler, "orders.place", caller=buyer, body=body, headers=headers)
    assert placed.status == 201
    return str(placed.body["id"])


def place_guest_order(
    tea: Product, key: str = "key-1", *, address: str = HOME, **changes: Any
) -> Answer:
    """Orders one unit from this network address."""
    body = {"email": GUEST_EMAIL, "lines": [shop.line(tea)], "shipping_address": shop.ADDRESS}
    return send(
        called_from(handler, address),
        "guest.place",
        caller=NOBODY,
        headers={"idempotency-key": key},
        body=body | changes,
    )


def get_guest_order(order_id: str, token: str | None) -> Answer:
    return send(
        handler,
        "guest.get",
        caller=NOBODY,
        headers={"order-token": token},
        path={"order_id": order_id},
    )


def cancel_guest_order(order_id: str, token: str | None, **body: Any) -> Answer:
    return send(
        handler,
        "guest.cancel",
        caller=NOBODY,
        headers={"order-token": token},
        path={"order_id": order_id},
        body=body,
    )


def call_as_staff(
    name: str,
    order_id: str,
    body: Any = None,
    *,
    key: str | None = "key-1",
    caller: Caller | None = STAFF,
) -> Answer:
    """`call_as_staff("staff.ship_order", ...)`. Without a body, the sample's body is sent."""
    return send(
        staff_api,
        name,
        caller=caller,
        body=body,
        headers={"idempotency-key": key} if name in NEEDS_KEY else None,
        path={"order_id": order_id},
    )


def run_between_read_and_write(monkeypatch: Any, *actions: Callable[[], object]) -> None:
    """Each placing of an order runs one of the actions, after it reads and before it writes."""
    read, remaining = prices.get_pricing_inputs, list(actions)

    def read_then_act(*args: Any, **options: Any) -> Any:
        found = read(*args, **options)
        if remaining:
            remaining.pop(0)()
        return found

    monkeypatch.setattr(prices, "get_pricing_inputs", read_then_act)
