"""The limits of an order's units, of held stock and of the time to pay, as pure functions."""

from datetime import timedelta

import pytest

from orders.checkout import limits
from orders.lifecycle.buyers import Buyer
from shared.config import HeldStockSettings, OrderSettings, QuantitySettings
from shared.errors.orders import HeldStockLimitReached, QuantityLimitExceeded
from shared.storage.models.catalog import Product

SHOP = QuantitySettings(order_quantity_max=100, guest_order_quantity_max=20)
HELD = HeldStockSettings(
    held_units_per_account=200, held_units_per_guest=100, held_units_per_network=500
)
TIMES = OrderSettings(
    payment_hold_minutes=30, scarce_payment_hold_minutes=10, scarce_stock_units=10
)


def product(product_id="TEA", **more):
    return Product(product_id=product_id, name=f"The {product_id}", **more)


def exceeded_lines(quantities, *products, is_guest=False):
    """The lines that are refused, as (product, limit)."""
    try:
        limits.require_allowed_quantities(
            quantities, {each.product_id: each for each in products}, SHOP, is_guest=is_guest
        )
    except QuantityLimitExceeded as refusal:
        return [(line["product_id"], line["limit"]) for line in refusal.details["lines"]]
    return []


@pytest.mark.parametrize(
    ("own_limit", "is_guest", "limit"),
    [
        (None, False, 100),
        (None, True, 20),
        (3, False, 3),
        (3, True, 3),
        (1, True, 1),
        (500, False, 500),
        (500, True, 500),
    ],
)
def test_a_products_own_limit_replaces_both_defaults(own_limit, is_guest, limit):
    tea = product(order_quantity_max=own_limit)

    assert exceeded_lines({"TEA": limit}, tea, is_guest=is_guest) == []
    assert exceeded_lines({"TEA": limit + 1}, tea, is_guest=is_guest) == [("TEA", limit)]


def test_a_refusal_has_every_line_that_has_too_many_units():
    products = [product("TEA"), product("CUP"), product("POT", order_quantity_max=2)]

    with pytest.raises(QuantityLimitExceeded) as refusal:
        limits.require_allowed_quantities(
            {"TEA": 101, "CUP": 100, "POT": 3},
            {each.product_id: each for each in products},
            SHOP,
            is_guest=False,
        )

    assert refusal.value.details["lines"] == [
        {"product_id": "TEA", "quantity": 101, "limit": 100},
        {"product_id": "POT", "quantity": 3, "limit": 2},
    ]
    assert "The TEA, The POT" in refusal.value.message


@pytest.mark.parametrize(("is_guest", "limit"), [(False, 200), (True, 100)])
def test_an_order_alone_may_hold_as_much_as_its_buyer(is_guest, limit):
    half = limit // 2
    limits.require_holdable({"TEA": half, "CUP": half}, HELD, is_guest=is_guest)

    with pytest.raises(HeldStockLimitReached) as refusal:
        limits.require_holdable({"TEA": half, "CUP": half + 1}, HELD, is_guest=is_guest)

    assert refusal.value.details == {
        "holder": "guest" if is_guest else "account",
        "limit": limit,
        "quantity": limit + 1,
    }


def test_a_networks_lower_limit_refuses_an_order_too():
    settings = HeldStockSettings(held_units_per_network=50)

    with pytest.raises(HeldStockLimitReached) as refusal:
        limits.require_holdable({"TEA": 51}, settings, is_guest=False)

    assert refusal.value.details["holder"] == "network"


def test_a_guest_holds_as_an_address_and_as_a_network():
    guest = Buyer("gst_1", guest_email="ada@example.com", network="203.0.113.7")

    holders = limits.holders_of(guest, HELD)

    assert [(each.kind, each.key, each.limit) for each in holders] == [
        ("guest", "ada@example.com", 100),
        ("network", "203.0.113.7", 500),
    ]


def test_an_account_shares_the_network_of_guests():
    account = limits.holders_of(Buyer("usr_ada", network="203.0.113.7"), HELD)
    guest = limits.holders_of(Buyer("gst_1", "a@example.com", network="203.0.113.7"), HELD)

    assert [(each.kind, each.key, each.limit) for each in account] == [
        ("account", "usr_ada", 200),
        ("network", "203.0.113.7", 500),
    ]
    assert account[1].counters() == guest[1].counters()
    assert not {*account[0].counters()} & {*guest[0].counters()}


def minutes(quantity, available, times=TIMES, **more):
    found = limits.hold_time({"TEA": quantity}, {"TEA": product(**more)}, available, times)
    return found / timedelta(minutes=1)


@pytest.mark.parametrize(
    ("quantity", "available", "expected"),
    [(1, 100, 30), (89, 100, 30), (90, 100, 10), (100, 100, 10), (1, 11, 10), (1, 12, 30)],
)
def test_an_order_that_leaves_few_units_has_less_time(quantity, available, expected):
    assert minutes(quantity, {"TEA": available}) == expected


def test_a_product_without_stock_is_scarce():
    assert minutes(1, {}) == 10


@pytest.mark.parametrize(("low_stock_at", "expected"), [(None, 30), (5, 30), (49, 10), (48, 30)])
def test_staff_can_say_that_more_units_are_few(low_stock_at, expected):
    assert minutes(1, {"TEA": 50}, low_stock_at=low_stock_at) == expected


def test_the_scarcest_product_decides():
    products = {"TEA": product("TEA"), "CUP": product("CUP")}

    found = limits.hold_time({"TEA": 1, "CUP": 1}, products, {"TEA": 1000, "CUP": 5}, TIMES)

    assert found == timedelta(minutes=10)


def test_a_scarce_product_never_has_more_time():
    times = OrderSettings(payment_hold_minutes=5, scarce_payment_hold_minutes=10)

    assert minutes(1, {"TEA": 5}, times) == 5
