"""A search reads a bounded number of items, and both compared ways search the same shop."""

import sqlite3
from contextlib import closing

from benchmarks import searching
from products.search.postings import ENTRY_FIELDS_MAX, build_postings
from products.search.repository import QUERIES_MAX

SHOP = list(searching.generate_products(60))


def test_generated_products_are_always_the_same():
    again = list(searching.generate_products(60))

    assert [(product.sku, product.name, product.tags) for product in again] == [
        (product.sku, product.name, product.tags) for product in SHOP
    ]
    counts = {len(build_postings(product.product_id, [product], product)) for product in SHOP}
    assert min(counts) >= 5  # a product may use a word twice
    assert max(counts) <= 10 < min(ENTRY_FIELDS_MAX)


def test_item_sizes_are_those_that_dynamodb_counts():
    item = {"word": {"S": "thé"}, "n": {"N": "16"}, "words": {"SS": ["ab", "c"]}}

    assert searching.item_bytes(item) == (4 + 4) + (1 + 2) + (5 + 3)


def test_both_ways_find_the_same_with_bounded_reads(tmp_path):
    index = searching.SearchTable(SHOP)
    searching.build_sqlite(tmp_path / "search.db", SHOP)

    with closing(sqlite3.connect(tmp_path / "search.db")) as database:
        for name, text in searching.choose_queries(SHOP).items():
            row = searching.dynamodb_row(index, name, text)
            queries, found = (int(row.detail.split(word)[0].split()[-1]) for word in (" Q", " f"))
            assert queries <= QUERIES_MAX
            if name != "two letters swapped":  # SQLite corrects no spelling
                assert found == len(searching.search_sqlite(database, text))
