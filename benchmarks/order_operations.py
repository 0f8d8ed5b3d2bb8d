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
from tests.support.http import ADA, NOBODY, send
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


def _cart_lines() -> list[dict[str, Any]]:
    return [{"product_id": ids.derived_id("prd", sku), "quantity": 2} for sku in SKUS]


def _fill_cart() -> tuple[int]:
    """Returns the cart's version."""
    body = {"lines": _cart_lines()}
    answer = send(orders, "carts.replace", body=body, headers={"If-Match": "*"})
    require_success(answer)
    return (int(answer.body["version"]),)


def _start_guest_cart() -> str:
    """Returns its token."""
    body = {"lines": _cart_lines()}
    headers: dict[str, str | None] = {"Cart-Token": None}
    answer = send(orders, "guest_carts.update", caller=NOBODY, body=body, headers=headers)
    require_success(answer)
    return str(answer.body["cart_token"])


def _get_cart(_: int) -> None:
    require_success(send(orders, "carts.get"))


def _change_line_of_cart(_: int) -> None:
    lines = [_cart_lines()[0] | {"quantity": next(_numbers) % 100 + 3}]
    require_success(send(orders, "carts.update", body={"lines": lines}))


def _replace_cart(_: int) -> None:
    lines = [line | {"quantity": next(_numbers) % 100 + 3} for line in _cart_lines()]
    require_success(send(orders, "carts.replace", body={"lines": lines}, headers={"If-Match": "*"}))


def _quote_cart(_: int) -> None:
    require_success(send(orders, "carts.quote"))


def _guest_cart() -> tuple[str]:
    """Returns its token. The account has a cart, too."""
    _fill_cart()
    return (_start_guest_cart(),)


def _merge_carts(token: str) -> None:
    require_success(send(orders, "carts.merge", headers={"Cart-Token": token}))


def _order_cart(version: int) -> None:
    body = {
        "lines": _cart_lines(),
        "shipping_address": shop.ADDRESS,
        "cart_version": version,
    }
    headers: dict[str, str | None] = {"Idempotency-Key": f"cart-{next(_numbers)}"}
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
    Operation("read cart", Budget(2), _get_cart, _fill_cart),
    Operation("change one line of a cart", Budget(3), _change_line_of_cart, _fill_cart),
    Operation("replace a cart", Budget(2), _replace_cart, _fill_cart),
    Operation("start a guest's cart", Budget(2), _start_guest_cart),
    Operation("merge two carts", Budget(3), _merge_carts, _guest_cart),
    Operation("quote cart", Budget(2), _quote_cart, _fill_cart),
    Operation("order a cart", Budget(2), _order_cart, _fill_cart),
    Operation("GET order", None, _get_order),
    Operation("list orders", None, _list_orders),
)
