"""Orders that cost nothing: gifts, samples, and what a promotion makes free."""

from typing import Any

import pytest

from orders.handler import handler
from orders.payments import provider_factory
from orders.payments.handler import handler as payments
from orders.workers.expire_orders import handler as expire_orders
from orders.workers.sweep_payments import handler as sweep_payments
from shared.storage.models.catalog import Product
from shared.storage.models.orders import Order
from tests.support import pricing, shop
from tests.support.http import ADA, CONTEXT, NOBODY, STAFF, Answer, send
from tests.support.order_requests import call_as_staff, place_guest_order
from tests.support.orders import count_units, list_order_events

pytestmark = pytest.mark.usefixtures("aws")


def place(*lines: dict[str, Any], key: str = "key-1", **more: Any) -> Answer:
    body = {"lines": list(lines), "shipping_address": shop.ADDRESS} | more
    headers: dict[str, str | None] = {"idempotency-key": key}
    return send(handler, "orders.place", caller=ADA, body=body, headers=headers)


def gift(sku: str = "GIFT", **more: Any) -> Product:
    return shop.product(sku, available=10, price_minor=0, **more)


def event_types(order_id: str) -> list[str]:
    return sorted(event.type for event in list_order_events(Order.get(order_id)))


def test_an_order_of_gifts_is_paid_when_placed():
    product = gift()

    placed = place(shop.line(product, 2))

    assert (placed.status, placed.body["status"], placed.body["expires_at"]) == (201, "paid", None)
    assert placed.body["totals"]["total"] == {"amount_minor": 0, "currency": "EUR"}
    assert placed.body["payment"]["status"] == "none"
    assert count_units(product) == (8, 2)
    assert event_types(placed.body["id"]) == ["order.paid", "order.placed"]


def test_a_repeated_request_gets_the_same_order():
    product = gift()
    placed = place(shop.line(product))

    again = place(shop.line(product))

    assert (again.status, again.body["id"]) == (201, placed.body["id"])
    assert count_units(product) == (9, 1)
    assert event_types(placed.body["id"]) == ["order.paid", "order.placed"]


def test_the_quoted_total_of_nothing_is_checked():
    product = gift()
    quoted = {"amount_minor": 0, "currency": "EUR"}

    assert place(shop.line(product), quoted_total=quoted).status == 201
    Product(product.product_id).update(actions=[Product.price_minor.set(5)])
    changed = place(shop.line(product), key="key-2", quoted_total=quoted)
    assert (changed.status, changed.code) == (409, "total_changed")


def test_a_gift_beside_other_lines_adds_nothing():
    tea = shop.product("TEA", available=10, price_minor=1000)
    pricing.store_tax_rates(pricing.destination("GB"))
    pricing.store_shipping_rates(pricing.zone("GB"))

    placed = place(shop.line(gift()), shop.line(tea)).body

    free, paid = placed["lines"]
    assert (free["line_total"]["amount_minor"], free["tax"]["amount_minor"]) == (0, 0)
    assert (paid["tax"]["amount_minor"], placed["status"]) == (200, "pending_payment")
    assert placed["totals"]["total"]["amount_minor"] == 1000 + 490 + 200 + 98


def test_shipping_of_a_gift_must_be_paid():
    pricing.store_shipping_rates(pricing.zone("GB"))

    placed = place(shop.line(gift())).body

    assert (placed["status"], placed["totals"]["total"]["amount_minor"]) == ("pending_payment", 490)


@pytest.mark.parametrize(
    "promotion",
    [
        {"kind": "percent", "percent": 100},
        {"kind": "fixed", "percent": None, "amount_minor": 5000, "currency": "EUR"},
    ],
    ids=str,
)
@pytest.mark.parametrize("included", [True, False])
def test_a_promotion_can_make_an_order_free(promotion, included):
    pricing.store_tax_rates(pricing.destination("GB", included=included))
    pricing.promotion("ALL", **promotion)
    tea = shop.product("TEA", available=10, price_minor=1000)

    placed = place(shop.line(tea, 2), promotion_code="ALL").body

    assert placed["totals"]["discount"]["amount_minor"] == 2000
    assert (placed["status"], placed["totals"]["total"]["amount_minor"]) == ("paid", 0)


@pytest.mark.parametrize(
    "promotion",
    [
        {"kind": "percent", "percent": 50},
        {"kind": "fixed", "percent": None, "amount_minor": 500, "currency": "EUR"},
        {"kind": "free_shipping", "percent": None},
    ],
    ids=str,
)
def test_a_promotion_takes_nothing_off_gifts(promotion):
    pricing.promotion("SPRING", **promotion)

    placed = place(shop.line(gift()), shop.line(gift("PEN")), promotion_code="SPRING").body

    assert (placed["status"], placed["totals"]["discount"]["amount_minor"]) == ("paid", 0)


def test_a_fixed_discount_goes_to_the_lines_that_cost_something():
    pricing.promotion("SPRING", kind="fixed", percent=None, amount_minor=300, currency="EUR")
    tea = shop.product("TEA", available=10, price_minor=1000)

    placed = place(shop.line(gift()), shop.line(tea), promotion_code="SPRING").body

    assert [line["discount"]["amount_minor"] for line in placed["lines"]] == [0, 300]


def test_no_payment_of_a_free_order_can_start(monkeypatch):
    order_id = place(shop.line(gift())).body["id"]
    monkeypatch.setattr(provider_factory, "get_provider", None)  # a call of it would fail

    started = send(payments, "payments.start", caller=ADA, path={"order_id": order_id})

    assert (started.status, started.code) == (409, "order_status_conflict")


def test_a_guest_orders_a_gift():
    placed = place_guest_order(gift())

    order_id, token = placed.body["id"], placed.body["order_token"]
    started = send(
        payments,
        "guest.pay",
        caller=NOBODY,
        path={"order_id": order_id},
        headers={"order-token": token},
    )
    assert (placed.status, placed.body["status"]) == (201, "paid")
    assert (started.status, started.code) == (409, "order_status_conflict")
    assert event_types(order_id) == ["order.paid", "order.placed"]


@pytest.mark.parametrize(
    ("amount", "status", "code"),
    [(None, 409, "refund_too_large"), (1, 409, "refund_too_large"), (0, 422, "invalid_fields")],
)
def test_nothing_of_a_free_order_is_refunded(amount, status, code):
    order_id = place(shop.line(gift())).body["id"]
    money = None if amount is None else {"amount_minor": amount, "currency": "EUR"}

    refunded = call_as_staff("staff.refund_order", order_id, {"amount": money})

    assert (refunded.status, refunded.code) == (status, code)
    assert Order.get(order_id).refunds == []


def test_a_cancelled_free_order_restocks_and_refunds_nothing():
    product = gift()
    order_id = place(shop.line(product, 3)).body["id"]

    cancelled = send(handler, "orders.cancel", caller=ADA, path={"order_id": order_id}, body={})

    assert (cancelled.status, cancelled.body["status"]) == (200, "cancelled")
    assert count_units(product) == (10, 0)
    assert event_types(order_id) == ["order.cancelled", "order.paid", "order.placed"]


def test_a_free_order_ships_without_a_payment():
    product = gift()
    order_id = place(shop.line(product)).body["id"]

    shipped = call_as_staff("staff.ship_order", order_id, {"carrier": "DHL"}, key=None)

    assert (shipped.status, shipped.body["status"]) == (200, "shipped")
    assert count_units(product) == (9, 0)
    assert "order.capture_requested" not in event_types(order_id)


def test_the_schedules_leave_a_free_order_alone():
    order_id = place(shop.line(gift())).body["id"]
    before = Order.get(order_id).serialize()

    expire_orders({"id": "evt_1"}, CONTEXT)
    sweep_payments({"id": "evt_2"}, CONTEXT)

    assert Order.get(order_id).serialize() == before


def test_staff_cannot_mark_a_free_order_as_paid_again():
    order_id = place(shop.line(gift())).body["id"]

    marked = call_as_staff("staff.mark_order_paid", order_id, {"reference": "cash"}, key=None)

    assert (marked.status, marked.code) == (409, "order_status_conflict")
    assert STAFF.user_id not in str(Order.get(order_id).history)
