"""Orders of products that are sold beyond their stock, and of those that are not counted."""

import pytest

from orders.handler import handler
from shared import config
from shared.storage.models.catalog import Product, Stock
from shared.storage.models.orders import Order
from tests.support import catalog, orders, shop
from tests.support.aws_calls import record_calls
from tests.support.catalog import patch_product
from tests.support.http import Answer, send
from tests.support.order_requests import (
    call_as_staff,
    place_guest_order,
    run_between_read_and_write,
)
from tests.support.orders import count_units, list_order_events, return_items
from tests.support.shop import line

pytestmark = pytest.mark.usefixtures("aws")


def order(*lines, key: str = "key-1") -> Answer:
    body = {"lines": list(lines), "shipping_address": shop.ADDRESS}
    return send(handler, "orders.place", body=body, headers={"idempotency-key": key})


def quote(*lines) -> Answer:
    body = {"lines": list(lines), "shipping_address": {"country": "GB"}}
    return send(handler, "orders.quote", body=body)


def backordered(answer: Answer) -> list[int]:
    assert answer.status in (200, 201), answer
    return [each["backordered"] for each in answer.body["lines"]]


def preorder(sku: str = "TEA", **changes) -> Product:
    return shop.product(sku, **{"stock_policy": "backorder"} | changes)


def download(sku: str = "SONG", **changes) -> Product:
    return shop.product(sku, **{"stock_policy": "untracked"} | changes)


def allow(product: Product, policy: str, **changes) -> None:
    answer = patch_product(product.product_id, {"stock_policy": policy} | changes)
    assert answer.status == 200, answer


# Back-orders


@pytest.mark.parametrize(("in_stock", "units"), [(None, 3), (0, 3), (2, 1), (3, 0), (5, 0)])
def test_a_line_says_how_many_units_are_backordered(in_stock, units):
    tea = preorder(available=in_stock)

    answer = order(line(tea, 3))

    assert backordered(answer) == [units]
    assert answer.body["lines"][0]["stock_policy"] == "backorder"
    assert count_units(tea) == ((in_stock or 0) - 3, 3)


def test_what_was_backordered_stays_on_the_order():
    tea = preorder(available=0)
    placed = order(line(tea, 2))

    catalog.adjust_stock(tea.product_id, 10)

    path = {"order_id": placed.body["id"]}
    assert backordered(send(handler, "orders.get", path=path)) == [2]


def test_each_backorder_adds_to_those_before():
    tea = preorder(available=1)

    found = [backordered(order(line(tea, 2), key=str(number))) for number in range(3)]

    assert found == [[1], [2], [2]]
    assert count_units(tea) == (-5, 6)


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("in_stock", [None, 4])
def test_a_limit_of_backorders_is_never_exceeded(shards, in_stock):
    tea = preorder(available=in_stock, backorder_limit=5, stock_shards=shards)
    possible = (in_stock or 0) + 5

    statuses = [order(line(tea), key=str(number)).status for number in range(possible)]
    late = order(line(tea), key="late")

    assert statuses == [201] * possible
    assert (late.status, late.code) == (409, "out_of_stock")
    assert count_units(tea) == (-5, possible)


def test_a_refusal_names_the_units_that_can_be_ordered():
    tea = preorder(available=2, backorder_limit=3)

    answer = order(line(tea, 6))

    expected = {"product_id": tea.product_id, "quantity": 6, "available": 5}
    assert answer.error["details"]["lines"] == [expected]
    assert count_units(tea) == (2, 0)


def test_a_backorder_takes_all_shards_before_it_is_one():
    tea = preorder(available=7)
    patch_product(tea.product_id, {"stock_shards": 4})

    first = order(line(tea, 5), key="first")
    second = order(line(tea, 5), key="second")

    assert (backordered(first), backordered(second)) == ([0], [3])
    assert count_units(tea) == (-3, 10)


@pytest.mark.parametrize("in_stock", [None, 0, 2, 9])
def test_a_backorder_takes_two_calls(in_stock):
    tea = preorder(available=in_stock)

    with record_calls() as calls:
        answer = order(line(tea, 3))

    assert (answer.status, calls) == (201, ["BatchGetItem", "TransactWriteItems"])


def test_a_hot_backorder_takes_two_calls_too():
    tea = preorder(available=-1, stock_shards=8)

    with record_calls() as calls:
        order(line(tea, 3))

    assert calls == ["BatchGetItem", "TransactWriteItems"]


def test_units_that_arrive_meanwhile_are_not_backordered(monkeypatch):
    tea = preorder(available=0)
    run_between_read_and_write(monkeypatch, lambda: catalog.adjust_stock(tea.product_id, 2))

    answer = order(line(tea, 3))

    assert backordered(answer) == [1]
    assert count_units(tea) == (-1, 3)


def test_the_last_unit_is_said_to_be_in_stock_once(monkeypatch):
    tea = preorder(available=1)
    run_between_read_and_write(monkeypatch, lambda: order(line(tea), key="other"))

    answer = order(line(tea, 1))

    assert backordered(answer) == [1]
    assert count_units(tea) == (-1, 2)


def test_events_say_what_is_backordered():
    tea = preorder(available=1)
    placed = orders.create_order(product=tea, quantity=3)

    (event,) = list_order_events(placed)

    (sold,) = event.data.lines
    assert (sold.stock_policy, sold.backordered) == ("backorder", 2)


def test_a_cancelled_backorder_returns_its_units():
    tea = preorder(available=1)
    order(line(tea, 2), key="other")

    orders.create_order(orders.cancel, product=tea, quantity=4)

    assert count_units(tea) == (-1, 2)


def test_a_backorder_can_ship_before_its_units_arrive():
    tea = preorder(available=1)
    placed = orders.create_order(orders.mark_paid_manually, product=tea, quantity=3)

    shipped = call_as_staff("staff.ship_order", placed.order_id)

    assert shipped.status == 200
    assert count_units(tea) == (-2, 0)  # two more left the shop than were counted
    catalog.adjust_stock(tea.product_id, 2)
    assert count_units(tea) == (0, 0)


def test_a_returned_backorder_is_in_stock_again():
    tea = preorder(available=0)
    product_id = tea.product_id

    orders.create_order(
        orders.mark_paid_manually,
        orders.ship,
        return_items(**{product_id: 2}),
        product=tea,
        quantity=2,
    )

    assert count_units(tea) == (0, 0)


# Not counted


@pytest.mark.parametrize("shards", [1, 4])
def test_an_uncounted_line_writes_no_stock(shards):
    song = download(stock_shards=shards)

    answer = order(line(song, 50))

    assert backordered(answer) == [0]
    assert answer.body["lines"][0]["stock_policy"] == "untracked"
    assert Stock.count() == 0
    assert Order.get(answer.body["id"]).lines[0].allocations_json == {}


def test_a_mixed_order_takes_only_what_is_counted():
    song, tea, cup = download(), shop.product("CUP", available=5), preorder("PRE")

    with record_calls() as calls:
        answer = order(line(song, 2), line(tea, 2), line(cup, 2))

    assert backordered(answer) == [0, 0, 2]
    assert calls == ["BatchGetItem", "TransactWriteItems"]
    assert {item.product_id for item in Stock.scan()} == {tea.product_id, cup.product_id}
    assert count_units(tea) == (3, 2)


def test_a_short_line_refuses_the_uncounted_lines_too():
    song, tea = download(), shop.product("TEA", available=1)

    answer = order(line(song), line(tea, 2))

    assert (answer.status, answer.code) == (409, "out_of_stock")
    assert [each["product_id"] for each in answer.error["details"]["lines"]] == [tea.product_id]
    assert Order.count() == 0


@pytest.mark.parametrize(
    "steps",
    [
        (orders.cancel,),
        (orders.expire,),
        (orders.mark_paid_manually, orders.cancel_by_staff),
        (orders.mark_paid_manually, orders.ship),
        (orders.mark_paid_manually, orders.refund()),
        (orders.mark_paid_manually, orders.ship, orders.deliver),
    ],
)
def test_an_uncounted_line_restocks_nothing(steps):
    song = download()

    orders.create_order(*steps, product=song)

    assert Stock.count() == 0


def test_a_returned_uncounted_line_is_only_recorded():
    song = download()
    placed = orders.create_order(orders.mark_paid_manually, orders.ship, product=song, quantity=2)
    body = {"lines": [line(song, 1)]}

    returned = call_as_staff("staff.return_order", placed.order_id, body)

    assert returned.status == 200
    assert returned.body["lines"][0]["returned"] == 1
    assert Stock.count() == 0


def test_uncounted_units_have_the_limits_of_an_order():
    song, book = download(), download("BOOK", order_quantity_max=1)

    too_many = order(line(song, 101), key="shop")
    too_many_of_it = order(line(book, 2), key="own")
    guest = place_guest_order(song, lines=[line(song, 21)])

    for answer in (too_many, too_many_of_it, guest):
        assert (answer.status, answer.code) == (422, "quantity_limit_exceeded")


def test_uncounted_units_are_held_until_they_are_paid():
    song, book = download(), download("BOOK", order_quantity_max=300)
    limit = config.settings(config.HeldStockSettings).held_units_per_account

    assert order(line(song, 100), key="first").status == 201
    held = order(line(book, limit - 99), key="second")

    assert (held.status, held.code) == (409, "held_stock_limit_reached")


@pytest.mark.parametrize("policy", ["backorder", "untracked"])
def test_what_is_always_for_sale_is_never_scarce(policy):
    tea = shop.product("TEA", available=1, stock_policy=policy)
    cup = shop.product("CUP", available=1_000)

    scarce, ample = order(line(tea), key="tea"), order(line(cup), key="cup")

    for answer in (scarce, ample):
        placed = Order.get(answer.body["id"])
        assert (placed.expires_at - placed.placed_at).total_seconds() == 30 * 60


def test_the_last_backorders_are_scarce():
    tea = preorder(backorder_limit=5)

    placed = Order.get(order(line(tea)).body["id"])

    assert (placed.expires_at - placed.placed_at).total_seconds() == 10 * 60


# Quotes


@pytest.mark.parametrize(("in_stock", "units"), [(None, 3), (0, 3), (2, 1), (5, 0)])
def test_a_quote_says_what_would_be_backordered(in_stock, units):
    tea, song = preorder(available=in_stock), download()

    quoted = quote(line(tea, 3), line(song, 3))

    assert backordered(quoted) == [units, 0]
    assert backordered(order(line(tea, 3), line(song, 3))) == [units, 0]


# Changes of the policy


@pytest.mark.parametrize("then", ["tracked", "backorder", "untracked"])
@pytest.mark.parametrize("first", ["tracked", "backorder", "untracked"])
def test_the_policy_of_the_order_decides_what_returns(first, then):
    tea = shop.product("TEA", available=5, stock_policy=first)
    placed = orders.create_order(product=tea, quantity=3)

    allow(tea, then)
    orders.update_order(placed.order_id, orders.cancel)

    assert count_units(tea) == (5, 0)


def test_stock_survives_while_it_is_not_counted():
    tea = shop.product("TEA", available=5)
    open_order = orders.create_order(product=tea, quantity=2)

    allow(tea, "untracked")
    order(line(tea, 4))
    orders.update_order(open_order.order_id, orders.cancel)
    allow(tea, "tracked")

    assert count_units(tea) == (5, 0)
    assert order(line(tea, 6), key="six").code == "out_of_stock"


@pytest.mark.parametrize("shards", [1, 3])
def test_no_unit_is_sold_until_backorders_are_filled(shards):
    """Units that come back belong to those who wait for them."""
    tea = preorder(available=2, stock_shards=shards)
    patch_product(tea.product_id, {"stock_shards": shards})
    early = orders.create_order(product=tea, quantity=2)
    for number in range(3):
        order(line(tea), key=str(number))

    allow(tea, "tracked")
    orders.update_order(early.order_id, orders.cancel)
    refused = [order(line(tea), key=f"late-{number}").code for number in range(8)]

    assert refused == ["out_of_stock"] * 8
    assert count_units(tea) == (-1, 3)
    catalog.adjust_stock(tea.product_id, 2)
    assert order(line(tea), key="last").status == 201
    assert count_units(tea) == (0, 4)


@pytest.mark.parametrize("shards", [1, 4])
@pytest.mark.parametrize("in_stock", [None, 0, 1])
def test_a_backorder_under_way_meets_the_end_of_backorders(monkeypatch, shards, in_stock):
    tea = preorder(available=in_stock, stock_shards=shards)
    run_between_read_and_write(monkeypatch, lambda: allow(tea, "tracked"))

    answer = order(line(tea, 2))

    assert (answer.status, answer.code) == (409, "out_of_stock")
    assert count_units(tea) == (in_stock or 0, 0)


def test_an_order_under_way_meets_the_start_of_backorders(monkeypatch):
    tea = shop.product("TEA", available=1)
    run_between_read_and_write(monkeypatch, lambda: allow(tea, "backorder"))

    answer = order(line(tea, 3))

    assert backordered(answer) == [2]
    assert count_units(tea) == (-2, 3)


@pytest.mark.parametrize(
    ("first", "then", "units"),
    [("tracked", "untracked", (2, 3)), ("untracked", "tracked", (5, 0))],
)
def test_an_order_under_way_is_placed_before_the_edit(monkeypatch, first, then, units):
    tea = shop.product("TEA", available=5, stock_policy=first)
    run_between_read_and_write(monkeypatch, lambda: allow(tea, then))

    answer = order(line(tea, 3))

    assert answer.body["lines"][0]["stock_policy"] == first
    assert count_units(tea) == units


def test_a_lower_limit_holds_for_an_order_under_way(monkeypatch):
    tea = preorder(available=0, backorder_limit=9)
    run_between_read_and_write(monkeypatch, lambda: allow(tea, "backorder", backorder_limit=1))

    answer = order(line(tea, 2))

    assert answer.error["details"]["lines"][0]["available"] == 1


@pytest.mark.parametrize("shards", [1, 3, 8])
def test_a_lower_limit_counts_earlier_backorders(shards):
    tea = preorder(available=0, stock_shards=shards)
    order(line(tea, 6), key="early")

    allow(tea, "backorder", backorder_limit=7)
    answers = [order(line(tea), key=str(number)).status for number in range(3)]

    assert answers == [201, 409, 409]
    assert count_units(tea) == (-7, 7)


def test_an_order_of_older_code_is_tracked():
    tea = shop.product("TEA", available=5)
    placed = orders.create_order(product=tea)
    Order(placed.order_id).update(
        [Order.lines[0].stock_policy.remove(), Order.lines[0].backordered.remove()]
    )

    orders.update_order(placed.order_id, orders.cancel)

    path = {"order_id": placed.order_id}
    (shown,) = send(handler, "orders.get", path=path).body["lines"]
    assert (shown["stock_policy"], shown["backordered"]) == ("tracked", 0)
    assert count_units(tea) == (5, 0)
