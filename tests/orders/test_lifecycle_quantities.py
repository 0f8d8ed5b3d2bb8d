"""Each unit of an order returns to stock once, and to the shard it came from."""

import pytest

from orders.lifecycle.service import update_order
from orders.lifecycle.transitions import ENTRIES_MAX
from shared.errors.orders import OrderEntryLimitReached
from shared.errors.parcels import ReturnQuantityExceeded
from shared.storage import stock
from shared.storage.models.catalog import Product, Stock
from shared.storage.models.orders import Order
from tests.support import orders, shop
from tests.support.catalog import patch_product
from tests.support.orders import (
    cancel,
    cancel_by_staff,
    captured,
    count_units,
    deliver,
    expire,
    line,
    mark_paid_manually,
    new_order,
    refund,
    return_items,
    settle_refund,
    ship,
)

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def tea():
    return shop.product("TEA", available=10)


def sharded(available: int, shards: int) -> Product:
    product = shop.product("TEA", available=available)
    patch_product(product.product_id, {"stock_shards": shards})
    return product


def return_units(product: Product, quantity: int, key: str = "return-1"):
    return return_items(key, **{product.product_id: quantity})


def returned(order: Order) -> list[int]:
    return [int(line.returned) for line in Order.get(order.order_id).lines]


@pytest.mark.parametrize(
    ("life", "sold", "allocated"),
    [
        ((), 3, 3),
        ((captured,), 3, 3),
        ((captured, ship), 3, 0),
        ((captured, ship, deliver), 3, 0),
        ((cancel,), 0, 0),
        ((expire,), 0, 0),
        ((captured, cancel), 0, 0),
        ((captured, refund(), settle_refund()), 0, 0),
        ((mark_paid_manually, refund()), 0, 0),
        ((captured, refund(), settle_refund("failed")), 3, 3),
        ((captured, refund(1000), settle_refund()), 3, 3),
        ((captured, refund(), cancel, settle_refund()), 0, 0),
        ((captured, ship, cancel_by_staff), 3, 0),
        ((captured, ship, refund(), settle_refund()), 3, 0),
        ((captured, ship, refund(), settle_refund(), settle_refund("failed")), 3, 0),
        ((captured, refund(), settle_refund(), settle_refund("failed")), 0, 0),
        ((expire, captured, settle_refund()), 0, 0),
        ((cancel, captured, settle_refund()), 0, 0),
    ],
)
def test_an_open_order_holds_its_units(life, sold, allocated, tea):
    order = orders.create_order(*life, product=tea, quantity=3)

    assert count_units(tea) == (10 - sold, allocated)
    assert returned(order) == [3 - sold]


@pytest.mark.parametrize(
    ("before", "after", "sold", "allocated"),
    [
        ((captured,), (), 2, 2),
        ((captured,), (cancel,), 0, 0),
        ((captured,), (ship,), 2, 0),
        ((captured,), (ship, cancel_by_staff), 2, 0),
        ((captured,), (refund(), settle_refund()), 0, 0),
        ((captured, ship), (), 2, 0),
        ((captured, ship), (cancel_by_staff, settle_refund()), 2, 0),
        ((captured, ship), (refund(), settle_refund()), 2, 0),
        ((captured, ship, deliver), (), 2, 0),
        ((captured, ship, cancel_by_staff), (), 2, 0),
        ((captured, ship, refund(), settle_refund()), (), 2, 0),
    ],
)
def test_a_returned_unit_is_not_restocked_again(before, after, sold, allocated, tea):
    order = orders.create_order(*before, product=tea, quantity=3)

    for decide in (return_units(tea, 1), *after):
        order = update_order(order.order_id, decide)

    assert count_units(tea) == (10 - sold, allocated)
    assert returned(order) == [3 - sold]


def test_partial_returns_never_exceed_the_sold_units(tea):
    order = orders.create_order(captured, ship, product=tea, quantity=3)
    update_order(order.order_id, return_units(tea, 2, "first"))

    with pytest.raises(ReturnQuantityExceeded) as refused:
        update_order(order.order_id, return_units(tea, 2, "second"))

    assert refused.value.details["lines"] == [
        {"product_id": tea.product_id, "quantity": 2, "returnable": 1}
    ]
    assert count_units(tea) == (9, 0)
    update_order(order.order_id, return_units(tea, 1, "third"))
    assert count_units(tea) == (10, 0)


def test_a_product_outside_the_order_is_not_returned(tea):
    order = orders.create_order(captured, ship, product=tea)

    with pytest.raises(ReturnQuantityExceeded) as refused:
        update_order(order.order_id, return_items(prd_other=1))

    assert refused.value.details["lines"][0]["returnable"] == 0


def test_the_same_return_twice_counts_once(tea):
    order = orders.create_order(captured, ship, product=tea)

    for _ in range(2):
        order = update_order(order.order_id, return_units(tea, 1))

    assert count_units(tea) == (9, 0)
    assert len(order.returns) == 1


# Shards


def shards_of(product: Product) -> list[tuple[int, int]]:
    return [
        (shard.available, shard.allocated)
        for shard in stock.get_stock(Product.get(product.product_id)).shards
    ]


def test_units_return_to_the_shards_they_came_from():
    tea = sharded(9, 3)
    order = orders.create_order(captured, product=tea, quantity=9)
    assert shards_of(tea) == [(0, 3)] * 3

    update_order(order.order_id, cancel)

    assert shards_of(tea) == [(3, 0)] * 3


def test_shipped_units_are_allocated_in_no_shard():
    tea = sharded(9, 3)

    orders.create_order(captured, ship, product=tea, quantity=8)

    assert count_units(tea) == (1, 0)
    assert [allocated for _, allocated in shards_of(tea)] == [0, 0, 0]


def test_a_partial_return_spans_as_many_shards_as_needed():
    tea = sharded(9, 3)
    order = orders.create_order(captured, product=tea, quantity=9)

    update_order(order.order_id, return_units(tea, 4))

    assert count_units(tea) == (4, 5)
    assert all(available + allocated == 3 for available, allocated in shards_of(tea))
    assert sum(Order.get(order.order_id).lines[0].allocations_json.values()) == 5


@pytest.mark.parametrize("shards", [1, 2, 5])
@pytest.mark.parametrize("shipping", [(), (ship,)], ids=["cancelled", "shipped"])
def test_stock_adds_up_after_resharding(shards, shipping):
    tea = sharded(9, 3)
    order = orders.create_order(captured, product=tea, quantity=7)
    patch_product(tea.product_id, {"stock_shards": shards})

    for decide in shipping or (cancel,):
        update_order(order.order_id, decide)

    assert count_units(tea) == ((2, 0) if shipping else (9, 0))
    assert min(Stock.scan(), key=lambda shard: shard.allocated).allocated == 0


def test_resharding_one_product_leaves_the_others_in_place():
    tea, cup = sharded(9, 3), shop.product("CUP", available=9)
    patch_product(cup.product_id, {"stock_shards": 3})
    order = orders.create_order(captured, product=tea, lines=[shop.line(tea, 9), shop.line(cup, 9)])
    patch_product(tea.product_id, {"stock_shards": 2})

    update_order(order.order_id, cancel)

    assert count_units(tea) == (9, 0)
    assert shards_of(cup) == [(3, 0)] * 3


def test_stock_adds_up_for_orders_before_and_after_resharding():
    tea = sharded(12, 3)
    older = orders.create_order(captured, product=tea, quantity=6)
    patch_product(tea.product_id, {"stock_shards": 3})
    newer = orders.create_order(captured, product=tea, quantity=5)

    update_order(older.order_id, cancel)
    assert count_units(tea) == (7, 5)
    update_order(newer.order_id, ship)

    assert count_units(tea) == (7, 0)
    assert [available < 0 for available, _ in shards_of(tea)] == [False] * 3


def test_shipped_units_return_to_the_first_shard():
    tea = sharded(9, 3)
    order = orders.create_order(captured, ship, product=tea, quantity=9)

    update_order(order.order_id, return_units(tea, 9))

    assert shards_of(tea) == [(9, 0), (0, 0), (0, 0)]


def test_an_order_has_a_limited_number_of_returns():
    order = new_order(captured, ship, lines=[line("TEA", {"0": ENTRIES_MAX + 1})])
    for number in range(ENTRIES_MAX):
        return_items(f"key-{number}", TEA=1)(order)

    with pytest.raises(OrderEntryLimitReached):
        return_items("one more", TEA=1)(order)

    assert return_items("key-0", TEA=1)(order) is None  # a repeat is no new one
    assert len(order.returns) == ENTRIES_MAX
