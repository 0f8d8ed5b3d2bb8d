"""Operations of the catalog, its workers and uploads."""

import json
from itertools import count, islice
from string import ascii_lowercase
from typing import Any

from benchmarks.operation import Operation, require_success
from benchmarks.report import Budget
from files.handler import handler as files
from products import browse_cache
from products.handler import handler as products
from products.identifiers import product_id_of
from products.listing_keys import SHOP_SHARDS
from products.workers.watch_stock_levels import handler as watcher
from shared import ids
from shared.storage.models.catalog import Product
from tests.support import shop
from tests.support.http import CONTEXT, NOBODY, STAFF, sample, send

SKUS = ("tea", "coffee", "cocoa")
AVAILABLE = 1000  # of each product: enough for all operations
INDEXED_TOGETHER = 25

_numbers = count(1)


def _product_id() -> str:
    return ids.derived_id("prd", SKUS[0])


def _clear_cache() -> tuple[()]:
    """The state after 30 s, when cached answers have expired."""
    browse_cache.forget()
    return ()


def _get_product() -> None:
    require_success(send(products, "products.get", path={"product_id": _product_id()}))


def _list_products(**query: Any) -> None:
    require_success(send(products, "products.list", caller=NOBODY, query=query))


def _list_category() -> None:
    _list_products(category="kitchen/tea")


def _list_three_categories() -> None:
    _list_products(category=["kitchen/tea", "kitchen/pots", "home"])


def _search() -> None:
    require_success(send(products, "products.search", caller=NOBODY, query={"q": "the tea"}))


def _search_mistyped_word() -> None:
    require_success(send(products, "products.search", caller=NOBODY, query={"q": "cofee"}))


def _stored_product() -> tuple[Product]:
    return (Product.get(_product_id()),)


def _edited_product() -> tuple[Product]:
    """A product with a change that is not indexed yet."""
    _patch({"tags": [f"tag {next(_numbers)}"]})
    return _stored_product()


def _new_products() -> tuple[Product, ...]:
    """Products that are not indexed yet, each with words of its own and words that all have."""
    numbers = list(islice(_numbers, INDEXED_TOGETHER))
    for number in numbers:
        word = "".join(ascii_lowercase[int(digit)] for digit in f"{number:06}")
        _create_product(sku=f"imported-{number}", name=f"Green tea of {word}")
    return tuple(Product.get(product_id_of(f"imported-{number}")) for number in numbers)


def _patch(body: dict[str, Any] | None = None) -> None:
    body = body or {"description": f"text {next(_numbers)}"}
    path = {"product_id": _product_id()}
    headers: dict[str, str | None] = {"if-match": "*"}
    answer = send(products, "products.patch", caller=STAFF, path=path, body=body, headers=headers)
    require_success(answer)


def _watch_stock() -> None:
    event = sample("products.watch_stock_levels")
    event["Records"][0]["dynamodb"]["Keys"] = {"product_id": {"S": _product_id()}}
    watcher(event, CONTEXT)


def _adjust_stock() -> None:
    path = {"product_id": _product_id()}
    headers: dict[str, str | None] = {"idempotency-key": f"key-{next(_numbers)}"}
    require_success(
        send(products, "products.adjust_stock", caller=STAFF, path=path, headers=headers)
    )


def _create_product(**fields: str) -> None:
    fields = fields or {"sku": f"new-{next(_numbers)}"}
    body = json.loads(sample("products.create")["body"]) | fields
    require_success(send(products, "products.create", caller=STAFF, body=body))


def _set_stock() -> None:
    path = {"product_id": _product_id()}
    body = {"available": AVAILABLE}
    headers: dict[str, str | None] = {"if-match": "*"}
    answer = send(
        products, "products.set_stock", caller=STAFF, path=path, body=body, headers=headers
    )
    require_success(answer)


def _start_upload() -> None:
    require_success(send(files, "uploads.start", caller=STAFF))


OPERATIONS = (
    Operation("GET product, cached", Budget(0), _get_product),
    Operation("GET product, uncached", Budget(2), _get_product, _clear_cache),
    Operation("list products, cached", Budget(0), _list_products),
    Operation("list a category, uncached", Budget(2), _list_category, _clear_cache),
    Operation("list three categories, uncached", Budget(4), _list_three_categories, _clear_cache),
    Operation(
        "list the whole shop, uncached", Budget(SHOP_SHARDS + 1), _list_products, _clear_cache
    ),
    Operation("search two words, uncached", Budget(3), _search, _clear_cache),
    Operation("search a mistyped word, uncached", Budget(4), _search_mistyped_word, _clear_cache),
    Operation("create product", Budget(1), _create_product),
    Operation("patch product", None, _patch),
    Operation("index an edited product", None, shop.index_products, _edited_product),
    Operation("index an unchanged product", None, shop.index_products, _stored_product),
    Operation(
        f"index each of {INDEXED_TOGETHER} new products",
        Budget(1.5),
        shop.index_products,
        _new_products,
        INDEXED_TOGETHER,
    ),
    Operation("watch the stock of a sold product", None, _watch_stock),
    Operation("set stock", None, _set_stock),
    Operation("adjust stock", None, _adjust_stock),
    Operation("start upload", None, _start_upload),
)
