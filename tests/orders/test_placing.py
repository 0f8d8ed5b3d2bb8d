"""Whole slice: an order from the HTTP event to the tables."""

import pytest

from orders.handler import handler
from shared.models import Order, OutboxRow, Product, Stock
from tests.support import shop
from tests.support.http import ADA, BOB, send

pytestmark = pytest.mark.usefixtures("aws")


def place(lines, key="key-1", caller=ADA, **changes):
    body = {"lines": lines, "shipping_address": shop.ADDRESS, **changes}
    return send(handler, "orders.place", body=body, headers={"idempotency-key": key}, caller=caller)


def line(product, quantity=1):
    return {"product_id": product.product_id, "quantity": quantity}


def test_an_order_is_stored_takes_its_stock_and_tells_the_world():
    tea = shop.product("TEA", price_minor=1250, available=10)

    answer = place([line(tea, 2)])

    assert answer.status == 201
    assert answer.body["totals"]["total"] == {"amount_minor": 2500, "currency": "EUR"}
    assert answer.body["lines"][0]["unit_price"] == {"amount_minor": 1250, "currency": "EUR"}
    assert answer.body["status"] == "pending_payment"
    assert Order.get(answer.body["id"]).buyer_id == ADA.user_id
    assert shop.available(tea) == 8
    assert [row.type for row in OutboxRow.scan()] == ["order.placed"]
