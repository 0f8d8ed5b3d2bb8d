"""Warm requests: the CPU time of a request, against the same route on FastAPI and Mangum.

Botocore's clients answer at once with fixed items. Both sides run the same service and differ in
their HTTP part. The budget is for the HTTP part, measured with a service that answers at once; the
whole request is shown beside it. The handlers take turns in one process, and the least time of a
turn counts. CPU time includes all threads, because FastAPI runs a plain `def` in another thread.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient

from benchmarks import fastapi_shop
from benchmarks.minima import cpu_milliseconds, least_in_turns
from benchmarks.report import Budget, Row
from orders import handler as orders
from orders.checkout import placement as order_placement
from orders.checkout.schemas import OrderRequest
from orders.lifecycle.buyers import Buyer
from orders.views import OrderView
from products import browse_cache, listing_keys
from products import handler as products
from products import service as catalog
from products.catalog_queries import CatalogQuery
from shared import clock, ids
from shared.http.responses import Rendered
from shared.http.schemas import View
from shared.storage.cache import CachedFunction, cached
from shared.storage.models.catalog import Product, Stock
from shared.storage.models.pricing import RateTable
from tests.support import pricing, shop
from tests.support.http import CONTEXT, sample

AGAINST_PLAIN = Budget(0.5, unit=" x")
PAGE = 20
CATEGORY = "kitchen/tea"
ORDER_LINES = 3
ROUNDS = 15
REQUESTS_PER_ROUND = 40

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

SKUS = [f"TEA-{number}" for number in range(PAGE)]
BUYER = Buyer("usr_ada")
NOW = datetime(2026, 11, 24, 10, 15, 30, 123456, UTC)
TAX_RATES = json.dumps({"destinations": [pricing.destination("GB", included=True)]})
SHIPPING_RATES = json.dumps({"zones": [pricing.zone("GB")]})


def rows() -> list[Row]:
    with (
        patch.object(BaseClient, "_make_api_call", _answer),
        patch.object(clock, "utc_now", lambda: NOW),
    ):
        return [row for route in _routes() for row in _rows(route)]


@dataclass(frozen=True, slots=True)
class Route:
    """`service` names the functions that both sides call (owner and name), each with its answer."""

    name: str
    souk: Handler
    event: dict[str, Any]
    service: tuple[tuple[Any, str, object], ...]


def _routes() -> list[Route]:
    lines = [{"product_id": ids.derived_id("prd", sku), "quantity": 2} for sku in SKUS]
    order = sample("orders.place")
    order["body"] = json.dumps({"lines": lines[:ORDER_LINES], "shipping_address": shop.ADDRESS})
    page = sample("products.list") | {
        "rawQueryString": f"limit={PAGE}&category={CATEGORY}",
        "queryStringParameters": {"limit": str(PAGE), "category": CATEGORY},
    }
    query = CatalogQuery().where(category=CATEGORY).page(PAGE)
    placement = order_placement.place_order(
        BUYER, OrderRequest.model_validate_json(order["body"]), "key"
    )
    return [
        Route(
            f"place order, {ORDER_LINES} lines",
            orders.handler,
            order,
            (
                (order_placement, "place_order", placement),
                (OrderView, "from_model", OrderView.from_model(placement.order)),
            ),
        ),
        Route(
            "GET product",
            products.handler,
            sample("products.get"),
            _replaced(
                "get_cached_product",
                "get_product",
                catalog.get_product(ids.derived_id("prd", SKUS[0])),
            ),
        ),
        Route(
            f"list products, page of {PAGE}",
            products.handler,
            page,
            _replaced("list_cached_products", "list_products", catalog.list_products(query)),
        ),
    ]


def _rows(route: Route) -> list[Row]:
    handlers = {
        "souk": route.souk,
        "plain": fastapi_shop.create_handler(),
        "async": fastapi_shop.create_async_handler(),
    }
    _require_equal_answers(handlers, route.event)
    requests = {name: partial(handler, route.event, CONTEXT) for name, handler in handlers.items()}
    whole = _milliseconds(requests, before_each=browse_cache.forget)
    with ExitStack() as replaced:
        for owner, name, answer in route.service:
            function = answer if isinstance(answer, CachedFunction) else partial(_return, answer)
            replaced.enter_context(patch.object(owner, name, function))
        http = _milliseconds(requests)
    name = f"warm request: {route.name}"
    return [
        _row(f"{name}, HTTP part", http["souk"], http["plain"], AGAINST_PLAIN),
        _row(f"{name}, HTTP part, async def", http["souk"], http["async"]),
        _row(f"{name}, whole request", whole["souk"], whole["plain"]),
        _row(f"{name}, whole request, async def", whole["souk"], whole["async"]),
    ]


def _replaced(cached_name: str, plain_name: str, view: View) -> tuple[tuple[Any, str, object], ...]:
    """The service of a browse route. Ours serializes the view for each request, as FastAPI does."""
    write = partial(Rendered.from_view, view, version=getattr(view, "version", None))
    return (
        (catalog, cached_name, cached(seconds=0)(lambda *_, **__: write())),
        (catalog, plain_name, view),
    )


def _return(answer: object, *_: object, **__: object) -> object:
    return answer


def _row(name: str, souk: float, fastapi: float, budget: Budget | None = None) -> Row:
    detail = f"{souk:.2f} ms against {fastapi:.2f} ms"
    return Row(name, budget, souk / fastapi, detail, unit=" x")


def _require_equal_answers(handlers: dict[str, Handler], event: dict[str, Any]) -> None:
    """Raises AssertionError unless all handlers give the same successful answer, twice."""
    answers = {
        name: [_parse(handler(event, CONTEXT)) for _ in range(2)]
        for name, handler in handlers.items()
    }
    if any(answer != answers["souk"] for answer in answers.values()):
        raise AssertionError(f"different answers: {answers}")
    if answers["souk"][0][0] not in (200, 201):
        raise AssertionError(f"not a successful answer: {answers['souk']}")


def _parse(response: dict[str, Any]) -> tuple[int, Any]:
    return response["statusCode"], json.loads(response["body"])


def _milliseconds(
    handlers: dict[str, Callable[[], object]],
    before_each: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """The least CPU time of one request of each handler."""

    def measure(request: Callable[[], object]) -> float:
        def request_once() -> None:
            before_each()
            request()

        return cpu_milliseconds(request_once, REQUESTS_PER_ROUND)

    rounds = {name: partial(measure, request) for name, request in handlers.items()}
    return least_in_turns(rounds, ROUNDS)


def _answer(_: BaseClient, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    match operation:
        case "GetItem":
            return {"Item": PRODUCTS[0]}
        case "BatchGetItem":
            tables = request["RequestItems"]
            found = {name: ITEMS[name][: len(query["Keys"])] for name, query in tables.items()}
            return {"Responses": found, "UnprocessedKeys": {}}
        case "Query":
            return {"Items": LISTINGS, "Count": PAGE, "ScannedCount": PAGE}
        case "TransactWriteItems":
            return {}
    raise AssertionError(f"no answer to {operation}")


def _product(sku: str) -> dict[str, Any]:
    stored = Product(
        product_id=ids.derived_id("prd", sku),
        sku=sku,
        name="Green tea, 100 g",
        description="Sencha from Uji, picked in the first weeks of May and steamed the same day.",
        category=CATEGORY,
        price_minor=1250,
        currency="EUR",
        status="active",
        tags=["tea", "green"],
        attributes_json={"origin": "Japan", "weight": "100 g"},
        created_at=NOW,
        updated_at=NOW,
        version=1,
    )
    return dict(stored.serialize())


def _listing(product_id: str) -> dict[str, Any]:
    """The attributes that the index projects."""
    partition = listing_keys.category_partition(CATEGORY)
    key = listing_keys.newest_key(NOW, product_id)
    shown = {"product_id": {"S": product_id}, "stock_shards": {"N": "1"}}
    place = {"partition": {"S": partition}, "entry_id": {"S": product_id}}
    return {**place, "newest_key": {"S": key}, **shown}


PRODUCTS = [_product(sku) for sku in SKUS]
STOCK = [
    dict(Stock(item["product_id"]["S"], available=100, version=1).serialize()) for item in PRODUCTS
]
RATES = [
    dict(RateTable(name, document=text, version=1, updated_at=NOW, updated_by="-").serialize())
    for name, text in (("tax", TAX_RATES), ("shipping", SHIPPING_RATES))
]
LISTINGS = [_listing(item["product_id"]["S"]) for item in PRODUCTS]
ITEMS = {
    Product.Meta.table_name: PRODUCTS,
    Stock.Meta.table_name: STOCK,
    RateTable.Meta.table_name: RATES,
}
