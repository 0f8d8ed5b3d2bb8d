"""A page of the catalog costs the same, whatever the size of the shop."""

from benchmarks import pages
from benchmarks.report import Row
from products.listing_keys import SHOP_SHARDS


def test_a_page_reads_as_much_in_a_shop_of_100_as_in_one_of_100_000_products():
    small, large = (costs(pages.rows_of(products)) for products in pages.SHOPS)

    assert pages.SHOPS == (100, 100_000)
    assert small == large
    assert set(large) == {
        (2, "Query, BatchGetItem"),
        (3 * pages.PAGE, ""),
        (SHOP_SHARDS + 1, ", ".join(["Query"] * SHOP_SHARDS + ["BatchGetItem"])),
        ((SHOP_SHARDS + 2) * pages.PAGE, ""),
    }


def costs(rows: list[Row]) -> list[tuple[float, str]]:
    assert not any(row.is_over for row in rows)
    return [(row.measured, row.detail) for row in rows]
