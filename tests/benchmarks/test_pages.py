"""A page of the catalog costs the same in a small and in a larger shop.

`make bench` compares it with a shop of 100,000 products.
"""

from benchmarks import pages
from benchmarks.report import Row
from products.listing_keys import SHOP_SHARDS


def test_the_cost_of_a_page_does_not_grow_with_the_shop():
    small, large = (costs(pages.measure_shop(products)) for products in (100, 10_000))

    assert pages.SHOPS == (100, 100_000)
    assert small == large
    assert set(large) == {
        (2, "Query, BatchGetItem"),
        (3 * pages.PAGE, ""),
        (SHOP_SHARDS + 1, ", ".join(["Query"] * SHOP_SHARDS + ["BatchGetItem"])),
        ((SHOP_SHARDS + 2) * pages.PAGE, ""),
    }


def costs(rows: list[Row]) -> list[tuple[float, str]]:
    assert not any(row.is_over_budget for row in rows)
    return [(row.measured, row.detail) for row in rows]
