"""What a search reads is bounded, and both ways that are compared search the same shop."""

import sqlite3
from contextlib import closing

from benchmarks import searching
from products.search.postings import ENTRY_FIELDS_MAX, build_postings
from products.search.repository import QUERIES_MAX

SHOP = list(searching.products(60))


def test_the_shop_is_the_same_each_time_and_says_six_to_ten_words_of_a_product():
    again = list(searching.products(60))

    assert [(it.sku, it.name, it.tags) for it in again] == [
        (it.sku, it.name, it.tags) for it in SHOP
    ]
    counts = {len(build_postings(it.product_id, [it], it)) for it in SHOP}
    assert min(counts) >= 5  # a word may be said twice
    assert max(counts) <= 10 < min(ENTRY_FIELDS_MAX)


def test_an_item_is_as_large_as_dynamodb_counts_it():
    item = {"word": {"S": "thé"}, "n": {"N": "16"}, "words": {"SS": ["ab", "c"]}}

    assert searching.bytes_of(item) == (4 + 4) + (1 + 2) + (5 + 3)


def test_each_way_finds_what_there_is_and_no_search_reads_without_bound(tmp_path):
    index = searching.Index(SHOP)
    searching.build(tmp_path / "search.db", SHOP)

    with closing(sqlite3.connect(tmp_path / "search.db")) as opened:
        for what, text in searching.asked_of(SHOP).items():
            row = searching.dynamodb_row(index, what, text)
            queries, found = (int(row.detail.split(word)[0].split()[-1]) for word in (" Q", " f"))
            assert queries <= QUERIES_MAX
            if what != "two letters swapped":  # SQLite forgives none
                assert found == len(searching.found_by_sqlite(opened, text))
