"""Orders without an account, by the routes."""

from typing import Any

from orders.handler import handler
from shared.storage.models.catalog import Product
from tests.support import shop
from tests.support.http import NOBODY, Answer, send

EMAIL = "ada@example.com"
HOME, ELSEWHERE = "203.0.113.7", "198.51.100.23"


def place(tea: Product, key: str = "key-1", *, address: str = HOME, **changes: Any) -> Answer:
    """A guest's order of one unit, sent from that network address."""
    body = {"email": EMAIL, "lines": [shop.line(tea)], "shipping_address": shop.ADDRESS}
    return send(
        _from(address),
        "guest.place",
        caller=NOBODY,
        headers={"idempotency-key": key},
        body=body | changes,
    )


def show(order_id: str, token: str | None) -> Answer:
    return send(
        handler,
        "guest.get",
        caller=NOBODY,
        headers={"order-token": token},
        path={"order_id": order_id},
    )


def cancel(order_id: str, token: str | None, **body: Any) -> Answer:
    return send(
        handler,
        "guest.cancel",
        caller=NOBODY,
        headers={"order-token": token},
        path={"order_id": order_id},
        body=body,
    )


def _from(address: str) -> Any:
    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        event["requestContext"]["http"]["sourceIp"] = address
        answer: dict[str, Any] = handler(event, context)
        return answer

    return handle
