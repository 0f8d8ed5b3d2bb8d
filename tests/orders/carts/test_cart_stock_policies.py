"""A cart shows what would be back-ordered, and what needs no stock."""

import pytest

from tests.support import shop
from tests.support.carts import get_cart, place_order, update_cart

pytestmark = pytest.mark.usefixtures("aws")


def only_line(answer):
    assert answer.status == 200, answer
    (line,) = answer.body["lines"]
    return line


@pytest.mark.parametrize(
    ("policy", "limit", "in_stock", "expected"),
    [
        ("tracked", None, 2, (2, ["insufficient_stock"])),
        ("tracked", None, 3, (3, [])),
        ("tracked", None, -2, (0, ["insufficient_stock"])),
        ("backorder", None, None, (0, ["backordered"])),
        ("backorder", None, 2, (2, ["backordered"])),
        ("backorder", None, 3, (3, [])),
        ("backorder", None, -4, (0, ["backordered"])),
        ("backorder", 4, -2, (0, ["insufficient_stock"])),
        ("untracked", None, None, (None, [])),
        ("untracked", None, 2, (None, [])),
    ],
)
def test_a_cart_line_follows_the_stock_policy(policy, limit, in_stock, expected):
    """With the units in stock, and what changed."""
    tea = shop.product("TEA", available=in_stock, stock_policy=policy, backorder_limit=limit)
    update_cart((tea, 3))

    line = only_line(get_cart())

    assert (line["available"], line["changes"]) == expected
    assert line["is_orderable"] is ("insufficient_stock" not in line["changes"])


def test_a_cart_of_all_policies_is_ordered():
    products = [
        shop.product(policy, available=1, stock_policy=policy)
        for policy in ("tracked", "backorder", "untracked")
    ]
    lines = [(product, 3 if number else 1) for number, product in enumerate(products)]
    cart = update_cart(*lines)
    assert cart.body["is_orderable"] is True

    placed = place_order(*lines, version=cart.body["version"])

    assert placed.status == 201
    assert [line["backordered"] for line in placed.body["lines"]] == [0, 2, 0]
