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
        ("tracked", None, 2, (2, 0, ["insufficient_stock"])),
        ("tracked", None, 3, (3, 0, [])),
        ("backorder", None, None, (0, 3, [])),
        ("backorder", None, 2, (2, 1, [])),
        ("backorder", None, -4, (0, 3, [])),
        ("backorder", 4, -2, (0, 3, ["insufficient_stock"])),
        ("untracked", None, None, (0, 0, [])),
        ("untracked", None, 2, (0, 0, [])),
    ],
)
def test_a_cart_line_follows_the_stock_policy(policy, limit, in_stock, expected):
    """With the available units, those that would be back-ordered, and what changed."""
    tea = shop.product("TEA", available=in_stock, stock_policy=policy, backorder_limit=limit)
    update_cart((tea, 3))

    line = only_line(get_cart())

    assert line["stock_policy"] == policy
    assert (line["available"], line["backordered"], line["changes"]) == expected
    assert line["is_orderable"] is not bool(line["changes"])


def test_a_product_that_is_gone_has_no_policy():
    tea = shop.product("TEA", stock_policy="backorder")
    update_cart((tea, 3))
    tea.delete()

    line = only_line(get_cart())

    assert (line["stock_policy"], line["backordered"]) == (None, 0)


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
