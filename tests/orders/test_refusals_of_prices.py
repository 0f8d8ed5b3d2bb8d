"""Whole slice: quotes and orders, of customers and of guests, have the same refusals of prices."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orders.carts.contents import guest_cart_id
from orders.handler import handler
from shared import clock
from tests.support import carts, pricing, shop
from tests.support.http import ADA, NOBODY, Answer, send
from tests.support.order_requests import GUEST_EMAIL

pytestmark = pytest.mark.usefixtures("aws")

Body = dict[str, Any]


def quote(body: Body) -> Answer:
    return send(handler, "orders.quote", body=body)


def quote_as_guest(body: Body) -> Answer:
    return send(handler, "guest.quote", caller=NOBODY, body=body)


def place(body: Body) -> Answer:
    return send(handler, "orders.place", caller=ADA, body=body)


def place_as_guest(body: Body) -> Answer:
    return send(handler, "guest.place", caller=NOBODY, body={"email": GUEST_EMAIL, **body})


def quote_cart(body: Body) -> Answer:
    """Quotes a cart with these lines: they were on sale when the buyer added them."""
    carts.store(ADA.user_id, body["lines"])
    return send(handler, "carts.quote", body=_without_lines(body))


def quote_guest_cart(body: Body) -> Answer:
    carts.store(guest_cart_id("token"), body["lines"])
    return send(
        handler,
        "guest_carts.quote",
        caller=NOBODY,
        headers={"cart-token": "token"},
        body=_without_lines(body),
    )


def _without_lines(body: Body) -> Body:
    return {name: value for name, value in body.items() if name != "lines"}


def order_of(*skus: str, code: str | None = None, **product: Any) -> Body:
    lines = [shop.line(shop.product(sku, available=9, **product)) for sku in skus]
    promotion = {"promotion_code": code} if code else {}
    return {"lines": lines, "shipping_address": shop.ADDRESS, **promotion}


def too_expensive() -> Body:
    return order_of("GOLD", "SILVER", price_minor=10**12)


def in_two_currencies() -> Body:
    lines = [*order_of("TEA")["lines"], *order_of("POT", currency="JPY")["lines"]]
    return order_of("CUP") | {"lines": lines}


def shipped_elsewhere() -> Body:
    pricing.store_shipping_rates(pricing.zone("DE"))
    return order_of("TEA")


def taxed_elsewhere() -> Body:
    pricing.store_tax_rates(pricing.destination("DE"))
    return order_of("TEA")


def taxed_by_region() -> Body:
    pricing.store_tax_rates(pricing.destination("GB", region="GB-NIR"), pricing.destination("GB"))
    return order_of("TEA")


def of_nothing() -> Body:
    return order_of("TEA") | {"lines": [{"product_id": "prd_nothing", "quantity": 1}]}


def with_promotion(**changes: Any) -> Callable[[], Body]:
    def prepare() -> Body:
        pricing.promotion("SPRING", **changes)
        return order_of("TEA", code="SPRING")

    return prepare


CASES: list[tuple[Callable[[], Body], int, str]] = [
    (too_expensive, 422, "amount_too_large"),
    (in_two_currencies, 422, "mixed_currencies"),
    (shipped_elsewhere, 422, "no_shipping_rate"),
    (taxed_elsewhere, 422, "no_tax_rate"),
    (taxed_by_region, 422, "unknown_region"),
    (of_nothing, 422, "unknown_products"),
    (with_promotion(is_active=False), 422, "unknown_promotion"),
    (
        with_promotion(ends_at=clock.utc_now() - timedelta(days=1)),
        422,
        "promotion_expired",
    ),
    (with_promotion(minimum_minor=1001, currency="EUR"), 422, "promotion_minimum_not_met"),
    (with_promotion(minimum_minor=1, currency="USD"), 422, "promotion_not_in_currency"),
    (with_promotion(applies_to_json={"skus": ["POT"]}), 422, "promotion_not_for_items"),
    (with_promotion(uses_max=5, used=5), 409, "promotion_used_up"),
]


@pytest.mark.parametrize(
    "send_order",
    [quote, quote_as_guest, quote_cart, quote_guest_cart, place, place_as_guest],
)
@pytest.mark.parametrize(("prepare", "status", "code"), CASES, ids=[code for *_, code in CASES])
def test_each_order_route_refuses_what_has_no_price(send_order, prepare, status, code):
    answer = send_order(prepare())

    assert (answer.status, answer.code) == (status, code)
