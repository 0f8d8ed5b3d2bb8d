"""Search among 100,000 products in two ways: index items in DynamoDB, and one SQLite FTS5 file.

Dictionaries in this process replace DynamoDB. The items read are those that DynamoDB reads; the
time is the least CPU time of the project's own code, without the network. (MiniStack and moto sort
or scan the whole partition for each Query.) It takes about a minute and 2 GB.
"""

import gzip
import json
import math
import random
import sqlite3
import tempfile
import time
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.endpoint import Call, answer_calls
from benchmarks.minima import cpu_milliseconds, least_in_turns
from benchmarks.report import Row
from products.search import service, spelling
from products.search.postings import build_postings
from products.search.terms import SearchQuery, read_text
from products.search.tokens import tokenize
from shared.storage.models.catalog import Product
from shared.storage.models.listings import Spelling

PRODUCTS = 100_000
PAGE = 20
REPEATS = 5
VOCABULARY, TAGS = 20_000, 300
RARE_MAX = 3  # a rare word is in the names of at most this many products
MISTYPED_LENGTH_MIN = 6  # letters
SYLLABLES = [c + v for c in "bcdfghklmnprstvz" for v in ("a", "e", "i", "o", "u", "ai", "or")]

Item = dict[str, dict[str, Any]]


def rows() -> list[Row]:
    shop = list(generate_products(PRODUCTS))
    queries = choose_queries(shop)
    return [*_dynamodb_rows(shop, queries), *_sqlite_rows(shop, queries)]


def generate_products(count: int) -> Iterator[Product]:
    """The same products in each run. As in a language, few words are common and most are rare."""
    chance = random.Random(20261124)  # noqa: S311 (no secret)
    words = [_word(chance) for _ in range(VOCABULARY)]
    tags = [_word(chance) for _ in range(TAGS)]
    for number in range(count):
        name = " ".join(_pick(chance, words) for _ in range(chance.randint(2, 4)))
        sku = f"{name[:3].upper()}-{number:06}"
        own_tags = [_pick(chance, tags) for _ in range(chance.randint(1, 3))]
        yield Product(f"prd_{number:026}", sku=sku, name=name, tags=own_tags, stock_shards=1)


def choose_queries(shop: list[Product]) -> dict[str, str]:
    """Search texts, by the difficulty that each has."""
    uses = Counter(word for product in shop for word in set(tokenize(product.name)))
    common, also_common = (word for word, _ in uses.most_common(2))
    rare_words = [
        word for word, n in uses.items() if n <= RARE_MAX and len(word) >= MISTYPED_LENGTH_MIN
    ]
    rare, unrelated = rare_words[0], rare_words[-1]
    return {
        "rare word": f"{rare} ",
        "common word": f"{common} ",
        "two common words": f"{common} {also_common} ",
        "a whole name": next(product.name for product in shop if rare in tokenize(product.name)),
        "prefix": common[:4],
        "two letters swapped": f"{rare[:3]}{rare[4]}{rare[3]}{rare[5:]} ",
        "nothing found": f"{rare} {unrelated} ",
    }


def _word(chance: random.Random) -> str:
    return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 4)))


def _pick(chance: random.Random, words: list[str]) -> str:
    """Zipf's law: the n-th word is used 1/n as often as the first."""
    return words[min(int(len(words) ** chance.random()), len(words)) - 1]


class SearchTable:
    """The Search table as the index worker fills it. It answers Query and BatchGetItem."""

    def __init__(self, shop: Iterable[Product]) -> None:
        self.read: list[list[int]] = []  # the sizes of the items that each Query read
        self._postings = defaultdict[str, list[Item]](list)
        self._spellings: dict[str, set[str]] = defaultdict(set)
        for product in shop:
            for posting in build_postings(product.product_id, [product], product):
                self._postings[posting.shard].append(posting.serialize())
        for shard in self._postings.values():
            shard.sort(key=_key_of)
        for word in filter(spelling.is_correctable, self._words()):
            for variant in spelling.deletions_of(word):
                self._spellings[f"~{variant}"].add(word)

    def _words(self) -> set[str]:
        return {posting["token"]["S"] for shard in self._postings.values() for posting in shard}

    def items(self) -> Iterator[Item]:
        for shard in self._postings.values():
            yield from shard
        for variant, words in self._spellings.items():
            yield Spelling(variant, words=words).serialize()

    def answer(self, call: Call) -> dict[str, Any]:
        request = json.loads(call.body)
        return self._query(request) if call.operation == "Query" else self._batch_get(request)

    def _query(self, request: dict[str, Any]) -> dict[str, Any]:
        """Supports one form: a shard, a prefix of the key, and strings that the text contains."""
        values = [typed["S"] for typed in request["ExpressionAttributeValues"].values()]
        shard, prefix, *needles = values
        stored = self._postings.get(shard, [])
        first = bisect_left(stored, prefix, key=_key_of)
        if start := request.get("ExclusiveStartKey"):
            first = bisect_right(stored, _key_of(start), key=_key_of)
        read = []
        for item in stored[first : first + request["Limit"]]:
            if not _key_of(item).startswith(prefix):
                break
            read.append(item)
        self.read.append([item_bytes(item) for item in read])
        found = [item for item in read if all(needle in item["text"]["S"] for needle in needles)]
        page = {"Items": found, "Count": len(found), "ScannedCount": len(read)}
        return page | ({"LastEvaluatedKey": read[-1]} if len(read) == request["Limit"] else {})

    def _batch_get(self, request: dict[str, Any]) -> dict[str, Any]:
        ((table, query),) = request["RequestItems"].items()
        variants = (key["shard"]["S"] for key in query["Keys"])
        found = [
            Spelling(variant, words=self._spellings[variant])
            for variant in variants
            if variant in self._spellings
        ]
        return {"Responses": {table: [item.serialize() for item in found]}}


def _key_of(item: Item) -> str:
    return str(item["posting"]["S"])


def item_bytes(item: Item) -> int:
    """The size as DynamoDB counts it: names and texts in UTF-8, 2 for a number, 1 for a boolean."""
    return sum(
        len(name) + _value_bytes(kind, value)
        for name, typed in item.items()
        for kind, value in typed.items()
    )


def _value_bytes(kind: str, value: Any) -> int:
    if kind in ("N", "BOOL"):
        return 2 if kind == "N" else 1
    return sum(len(text.encode()) for text in (value if kind == "SS" else [value]))


def _dynamodb_rows(shop: list[Product], queries: dict[str, str]) -> Iterator[Row]:
    index = SearchTable(shop)
    sizes = [item_bytes(item) for item in index.items()]
    yield Row("index items: stored", None, len(sizes), f"{sum(sizes) / 1e6:.0f} MB")
    yield from (dynamodb_row(index, name, text) for name, text in queries.items())


def dynamodb_row(index: SearchTable, name: str, text: str) -> Row:
    """Without reading the products themselves, which is the same after any search."""
    asked = read_text(text)
    with answer_calls(index.answer):
        milliseconds = _milliseconds(lambda: service.start_search(asked, PAGE))
        index.read.clear()
        searched, found = service.start_search(asked, PAGE)
    units = sum(math.ceil(sum(sizes) / 4096) / 2 for sizes in index.read if sizes)
    read = [size for sizes in index.read for size in sizes]
    detail = (
        f"{len(index.read)} Queries, {len(read):,} items, {sum(read) / 1000:,.1f} KB, "
        f"{milliseconds:.1f} ms, {len(found.items)} found"
        + ("" if searched == asked else f", corrected to {searched[0].text.strip()}")
    )
    return Row(f"index items: {name}", None, units, detail, " read units")


def _sqlite_rows(shop: list[Product], queries: dict[str, str]) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "search.db"
        began = time.process_time()
        build_sqlite(file, shop)
        yield Row("SQLite file: build", None, time.process_time() - began, unit=" s")
        plain = file.read_bytes()
        began = time.process_time()
        packed = gzip.compress(plain)
        detail = f"gzip {len(packed) / 1e6:.1f} MB in {time.process_time() - began:.1f} s"
        yield Row(
            "SQLite file: size, written to S3 at each change", None, len(plain) / 1e6, detail, " MB"
        )
        began = time.process_time()
        file.write_bytes(gzip.decompress(packed))
        seconds = time.process_time() - began
        yield Row("SQLite file: unpack, once in each instance", None, seconds * 1000, unit=" ms")
        with closing(sqlite3.connect(file)) as database:
            yield from (sqlite_row(database, name, text) for name, text in queries.items())


def build_sqlite(file: Path, shop: Iterable[Product]) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute(
            "CREATE VIRTUAL TABLE products USING fts5(name, sku, tags, product_id UNINDEXED, "
            "prefix='3', tokenize='unicode61 remove_diacritics 2')"
        )
        database.executemany(
            "INSERT INTO products VALUES (?, ?, ?, ?)",
            (
                (product.name, product.sku, " ".join(map(str, product.tags)), product.product_id)
                for product in shop
            ),
        )
        database.execute("INSERT INTO products (products) VALUES ('optimize')")
        database.commit()


def sqlite_row(database: sqlite3.Connection, name: str, text: str) -> Row:
    milliseconds = _milliseconds(lambda: search_sqlite(database, text))
    detail = f"{len(search_sqlite(database, text))} found"
    return Row(f"SQLite file: {name}", None, milliseconds, detail, " ms")


def search_sqlite(database: sqlite3.Connection, text: str) -> list[Any]:
    match = " ".join(
        f'"{term.token}"{"*" * term.is_prefix}' for term in SearchQuery.parse(text).terms
    )
    query = "SELECT product_id FROM products WHERE products MATCH ? ORDER BY rank LIMIT ?"
    return database.execute(query, (match, PAGE)).fetchall()


def _milliseconds(search: Callable[[], object]) -> float:
    return least_in_turns({"search": partial(cpu_milliseconds, search)}, REPEATS)["search"]
