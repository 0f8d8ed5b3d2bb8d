"""Lists of the largest items: a page ends early, so that no answer is longer than 1 MB."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from auth.handler import handler as auth
from orders.handler import handler as orders
from orders.staff_api import handler as staff
from products.handler import handler as products
from shared.http.schemas import ANSWER_BYTES_MAX, Page, View, fit_view
from shared.storage.models.accounts import User
from shared.storage.models.orders import OrderLine, OrderTotals
from tests.support import shop
from tests.support.http import ADA, STAFF, Caller, send
from tests.support.orders import new_order

pytestmark = pytest.mark.usefixtures("aws")

PRODUCTS, ORDERS = 40, 12


class Item(View):
    text: str


def store_products() -> set[str]:
    """Of nearly the largest size that an edit accepts."""
    for number in range(PRODUCTS):
        shop.listed_product(
            f"TEA-{number:02}",
            name=f"Tea {number:02}",
            description="\N{TEAPOT}" * 5_000,
            attributes_json={"text": '"' * 8_000},
        )
    return {f"TEA-{number:02}" for number in range(PRODUCTS)}


def store_orders() -> set[str]:
    shop.user(ADA.user_id)
    User(ADA.user_id).update([User.order_count.set(ORDERS)])
    for number in range(ORDERS):
        order = new_order(
            lines=[long_line(f"prd_{line}") for line in range(2)],
            totals=OrderTotals(
                items_minor=0, discount_minor=0, shipping_minor=0, tax_minor=0, total_minor=0
            ),
        )
        order.order_id = f"ord_{number:02}"
        order.save()
    return {f"ord_{number:02}" for number in range(ORDERS)}


def long_line(product_id: str) -> OrderLine:
    """As long as the names of 60 lines: moto takes a second to read an order of so many lines."""
    return OrderLine(
        product_id=product_id,
        sku="S" * 64,
        name="\N{TEAPOT}" * 12_000,
        quantity=1,
        unit_price_minor=0,
        line_total_minor=0,
    )


def read_all(
    handler: Callable[..., dict[str, Any]], name: str, items: str, key: str, **request: Any
) -> list[str]:
    """The items of all pages. Each page is an answer of at most 1 MB."""
    found: list[str] = []
    cursor: dict[str, str] = {}

    def measured(event: dict[str, Any], context: Any) -> dict[str, Any]:
        response = handler(event, context)
        assert len(response["body"].encode()) <= ANSWER_BYTES_MAX
        return response

    while True:
        query = request.get("query", {}) | cursor
        answer = send(measured, name, caller=request.get("caller"), query=query)
        assert answer.status == 200, answer
        found += [item[key] for item in answer.body[items]]
        if not answer.body["next_cursor"]:
            return found
        cursor = {"cursor": answer.body["next_cursor"]}


def test_pages_of_the_largest_products_are_short():
    expected = store_products()

    listed = read_all(products, "products.list", "items", "sku", query={"limit": "100"})
    found = read_all(products, "products.search", "items", "sku", query={"q": "tea", "limit": "50"})
    for_staff = read_all(
        products,
        "staff.list_products",
        "items",
        "sku",
        caller=STAFF,
        query={"limit": "100", "status": "active"},
    )

    for skus in (listed, found, for_staff):
        assert (set(skus), len(skus)) == (expected, PRODUCTS)


def test_pages_of_the_longest_orders_are_short():
    expected = store_orders()

    own = read_all(orders, "orders.list", "items", "id", caller=ADA, query={"limit": "50"})
    of_all = read_all(
        staff, "staff.list_orders", "items", "id", caller=STAFF, query={"limit": "50"}
    )
    exported = read_all(auth, "me.export", "orders", "id", caller=Caller(ADA.user_id))

    for ids in (own, of_all, exported):
        assert (set(ids), len(ids)) == (expected, ORDERS)


def test_a_page_that_fits_is_read_once():
    limits = []

    def load(limit: int) -> Page[Item]:
        limits.append(limit)
        return Page(items=[Item(text="x")] * limit, next_cursor=None)

    assert len(fit_view(load, 100).items) == 100
    assert limits == [100]


def test_a_page_with_one_item_always_fits():
    def load(limit: int) -> Page[Item]:
        return Page(items=[Item(text="x" * 2_000_000)] * limit, next_cursor=None)

    assert len(fit_view(load, 4).items) == 1
    assert json.loads(fit_view(load, 1).model_dump_json())["next_cursor"] is None
