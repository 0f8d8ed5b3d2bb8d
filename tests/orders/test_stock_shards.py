"""Orders take sharded stock from one shard, from another, or from several."""

import pytest

from orders.handler import handler
from shared.storage import stock
from shared.storage.dynamo import connection
from shared.storage.models.catalog import Product, Stock
from shared.storage.models.orders import Order
from shared.storage.stock_shards import StockSnapshot
from shared.storage.transactions import Contended, Transaction
from tests.support import order_requests, shop
from tests.support.catalog import patch_product
from tests.support.faults import cancelled_transaction, inject_faults
from tests.support.http import Answer, send

pytestmark = pytest.mark.usefixtures("aws")


def sharded(available: int, shards: int, sku: str = "TEA") -> Product:
    product = shop.product(sku, available=available)
    patch_product(product.product_id, {"stock_shards": shards})
    return product


def order(*lines: tuple[Product, int], key: str = "key-1") -> Answer:
    wanted = [
        {"product_id": product.product_id, "quantity": quantity} for product, quantity in lines
    ]
    body = {"lines": wanted, "shipping_address": shop.ADDRESS}
    return send(handler, "orders.place", body=body, headers={"idempotency-key": key})


def stock_of(product: Product) -> StockSnapshot:
    return stock.get_stock(Product.get(product.product_id))


def test_every_unit_is_sold_across_all_shards():
    tea = sharded(10, 4)

    sold = [order((tea, 1), key=str(n)).status for n in range(10)]
    late = order((tea, 1), key="late")

    assert sold == [201] * 10
    assert (late.status, late.code) == (409, "out_of_stock")
    assert (stock_of(tea).available, stock_of(tea).allocated) == (0, 10)


def test_an_order_larger_than_any_shard_uses_several():
    tea = sharded(10, 4)

    answer = order((tea, 9))

    assert answer.status == 201
    assert (stock_of(tea).available, stock_of(tea).allocated) == (1, 9)
    assert min(shard.available for shard in Stock.scan()) >= 0


def test_each_short_line_shows_the_available_units():
    tea, pot, cup = sharded(3, 4), sharded(9, 2, "POT"), sharded(0, 2, "CUP")

    answer = order((tea, 4), (pot, 2), (cup, 1))

    assert (answer.status, answer.code) == (409, "out_of_stock")
    assert answer.error["details"]["lines"] == [
        {"product_id": tea.product_id, "quantity": 4, "available": 3},
        {"product_id": cup.product_id, "quantity": 1, "available": 0},
    ]
    assert (stock_of(tea).available, stock_of(pot).available, Order.count()) == (3, 9, 0)


@pytest.mark.parametrize("shards", [1, 2, 16])
def test_stock_resharded_while_an_order_is_placed_is_found(monkeypatch, shards):
    tea = sharded(8, 4)
    order_requests.run_between_read_and_write(
        monkeypatch, lambda: patch_product(tea.product_id, {"stock_shards": shards})
    )

    answer = order((tea, 8))

    assert (answer.status, stock_of(tea).available, stock_of(tea).allocated) == (201, 0, 8)


def test_a_contended_shard_is_left_for_another(monkeypatch):
    """Each shard gets one attempt, instead of four at the contended one."""
    tea = sharded(16, 8)
    commit, tried = Transaction.commit, []

    def contended(transaction, *, attempts):
        tried.append(attempts)
        if len(tried) < 3:
            raise Contended("The shop is very busy.")
        commit(transaction, attempts=attempts)

    monkeypatch.setattr(Transaction, "commit", contended)

    answer = order((tea, 1))

    assert (answer.status, tried) == (201, [1, 1, 1])


@pytest.mark.parametrize("shards", [1, 4])
def test_an_order_is_tried_ten_times_with_any_shard_count(shards):
    tea = shop.product("TEA", available=16, stock_shards=shards)
    lost = cancelled_transaction("None", "TransactionConflict", "None")

    with inject_faults(connection().client, "TransactWriteItems", *[lost] * 99) as sent:
        answer = order((tea, 1))

    assert (answer.status, answer.headers["Retry-After"], len(sent)) == (503, "1", 10)


@pytest.mark.parametrize("is_guest", [False, True])
def test_an_order_across_too_many_shards_is_refused(is_guest):
    products = [sharded(2, 2, f"SKU-{n}") for n in range(50)]
    lines = [shop.line(product, 2) for product in products]

    if is_guest:
        answer = order_requests.place_guest_order(products[0], lines=lines)
    else:
        answer = order(*((product, 2) for product in products))

    assert (answer.status, answer.code) == (409, "stock_fragmented")
    assert (Order.count(), stock_of(products[0]).available) == (0, 2)
