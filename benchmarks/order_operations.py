"""Operations of orders and their payments. The payment provider's own calls do not count."""

from itertools import count
from typing import Any
from unittest.mock import patch

from benchmarks.catalog_operations import SKUS
from benchmarks.operation import Operation, require_success
from benchmarks.report import Budget
from orders.handler import handler as orders
from orders.payments import service as payments
from shared import ids
from tests.support import shop
from tests.support.http import ADA, send
from tests.support.payments import Bank, post_payment, send_webhook

FIRST_ORDER_KEY = "first"
PROMOTION = "SPRING"

_numbers = count(1)
_bank = Bank()


def place_order(key: str | None = None) -> None:
    lines = [{"product_id": ids.derived_id("prd", sku), "quantity": 2} for sku in SKUS]
    body = {"lines": lines, "shipping_address": shop.ADDRESS, "promotion_code": PROMOTION}
    headers: dict[str, str | None] = {"Idempotency-Key": key or f"key-{next(_numbers)}"}
    require_success(send(orders, "orders.place", body=body, headers=headers))


def _quote_order() -> None:
    lines = [{"product_id": ids.derived_id("prd", sku), "quantity": 2} for sku in SKUS]
    address = {"country": shop.ADDRESS["country"]}
    body = {"lines": lines, "shipping_address": address, "promotion_code": PROMOTION}
    require_success(send(orders, "orders.quote", body=body))


def _new_order() -> tuple[str]:
    key = f"key-{next(_numbers)}"
    place_order(key)
    return (ids.derived_id("ord", ADA.user_id, key),)


def _cancel_order(order_id: str) -> None:
    require_success(send(orders, "orders.cancel", path={"order_id": order_id}))


def _start_payment(order_id: str) -> str:
    """Returns the payment's id."""
    with patch.object(payments, "get_provider", lambda: _bank):
        answer = post_payment(order_id)
    require_success(answer)
    return str(answer.body["payment_id"])


def _captured_event() -> tuple[dict[str, Any]]:
    return (_bank.report_captured(_start_payment(*_new_order())),)


def _receive_payment_webhook(event: dict[str, Any]) -> None:
    with patch.object(payments, "get_provider", lambda: _bank):
        answer = send_webhook(event)
    if answer.body != {"outcome": "applied", "reason": None}:
        raise AssertionError(answer)


def _get_order() -> None:
    order_id = ids.derived_id("ord", ADA.user_id, FIRST_ORDER_KEY)
    require_success(send(orders, "orders.get", path={"order_id": order_id}))


def _list_orders() -> None:
    require_success(send(orders, "orders.list"))


OPERATIONS = (
    Operation("place order", Budget(2), place_order),
    Operation("quote order", Budget(1), _quote_order),
    Operation("cancel order", Budget(2), _cancel_order, _new_order),
    Operation("start payment", Budget(3), _start_payment, _new_order),
    Operation("webhook: payment captured", Budget(2), _receive_payment_webhook, _captured_event),
    Operation("GET order", None, _get_order),
    Operation("list orders", None, _list_orders),
)
