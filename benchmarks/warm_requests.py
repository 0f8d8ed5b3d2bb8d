"""Warm requests: the CPU of one in our code, against the same route on FastAPI and Mangum.

Botocore's clients answer at once, with canned items. What is left is the service, which is the same
code on both sides, and the HTTP side, in which they differ. The budget is on the latter, measured
with a service that answers at once; the whole is shown beside it. The contestants take turns in one
process; the CPU is that of all its threads, for FastAPI hands a plain `def` to another one.
"""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient

from benchmarks import fastapi_shop
from benchmarks.report import Budget, Row
from orders import handler as orders
from orders import service as order_service
from orders.buyers import Buyer
from orders.schemas import OrderRequest, OrderView
from products import browse_cache, listing_keys
from products import handler as products
from products import service as catalog
from products.catalog import CatalogQuery
from shared import clock, ids
from shared.http.responses import Rendered
from shared.http.schemas import View
from shared.storage.cache import Cached, cached
from shared.storage.models.catalog import Product, Stock
from shared.storage.models.pricing import RateTable
from tests.support import pricing, shop
from tests.support.http import CONTEXT, sample

AGAINST_PLAIN = Budget(0.5, unit=" x")
PAGE = 20
CATEGORY = "kitchen/tea"
ORDER_LINES = 3
ROUNDS = 15
REQUESTS_A_ROUND = 40

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
    """`service` is what both sides call for it, by owner and name, each with its answer."""

    what: str
    ours: Handler
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
    placement = order_service.place(BUYER, OrderRequest.model_validate_json(order["body"]), "key")
    return [
        Route(
            f"place order, {ORDER_LINES} lines",
            orders.handler,
            order,
            (
                (order_service, "place", placement),
                (OrderView, "of", OrderView.from_model(placement.order)),
            ),
        ),
        Route(
            "GET product",
            products.handler,
            sample("products.get"),
            _replaced("view", "look_up", catalog.look_up(ids.derived_id("prd", SKUS[0]))),
        ),
        Route(
            f"list products, page of {PAGE}",
            products.handler,
            page,
            _replaced("browse", "list_page", catalog.list_page(query)),
        ),
    ]


def _rows(route: Route) -> list[Row]:
    handlers = {
        "ours": route.ours,
        "plain": fastapi_shop.plain(),
        "async": fastapi_shop.asynchronous(),
    }
    _refuse_unequal(handlers, route.event)
    requests = {name: partial(handler, route.event, CONTEXT) for name, handler in handlers.items()}
    whole = _milliseconds(requests, before_each=browse_cache.forget)
    with ExitStack() as replaced:
        for owner, name, answer in route.service:
            given = answer if isinstance(answer, Cached) else partial(_given, answer)
            replaced.enter_context(patch.object(owner, name, given))
        http = _milliseconds(requests)
    where = f"warm request: {route.what}"
    return [
        _row(f"{where}, HTTP", http["ours"], http["plain"], AGAINST_PLAIN),
        _row(f"{where}, HTTP, async def", http["ours"], http["async"]),
        _row(f"{where}, with the service", whole["ours"], whole["plain"]),
        _row(f"{where}, with the service, async def", whole["ours"], whole["async"]),
    ]


def _replaced(kept: str, plain: str, view: View) -> tuple[tuple[Any, str, object], ...]:
    """The service of a browse route: ours writes the view anew each time, as theirs does."""
    write = partial(Rendered.of, view, version=getattr(view, "version", None))
    return (
        (catalog, kept, cached(seconds=0)(lambda *_, **__: write())),
        (catalog, plain, view),
    )


def _given(answer: object, *_: object, **__: object) -> object:
    return answer


def _row(what: str, ours: float, theirs: float, budget: Budget | None = None) -> Row:
    detail = f"{ours:.2f} ms against {theirs:.2f} ms"
    return Row(what, budget, ours / theirs, detail, unit=" x")


def _refuse_unequal(contestants: dict[str, Handler], event: dict[str, Any]) -> None:
    """Raises AssertionError unless all of them do what we say they do, twice."""
    answers = {
        name: [_meaning(handler(event, CONTEXT)) for _ in range(2)]
        for name, handler in contestants.items()
    }
    if any(answer != answers["ours"] for answer in answers.values()):
        raise AssertionError(f"not the same answers: {answers}")
    if answers["ours"][0][0] not in (200, 201):
        raise AssertionError(f"not an answer to measure: {answers['ours']}")


def _meaning(response: dict[str, Any]) -> tuple[int, Any]:
    return response["statusCode"], json.loads(response["body"])


def _milliseconds(
    contestants: dict[str, Callable[[], object]],
    before_each: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """Median CPU of one request of each, over rounds in which they take turns."""
    rounds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, request in contestants.items():
            began = time.process_time()
            for _ in range(REQUESTS_A_ROUND):
                before_each()
                request()
            rounds[name].append((time.process_time() - began) * 1000 / REQUESTS_A_ROUND)
    return {name: median(each) for name, each in rounds.items()}


def _answer(_: BaseClient, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    match operation:
        case "GetItem":
            return {"Item": PRODUCTS[0]}
        case "BatchGetItem":
            asked = request["RequestItems"]
            found = {name: ITEMS[name][: len(of["Keys"])] for name, of in asked.items()}
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
    """As an index has it."""
    shelf, key = listing_keys.category_shelf(CATEGORY), listing_keys.newest_key(NOW, product_id)
    shown = {"product_id": {"S": product_id}, "stock_shards": {"N": "1"}}
    return {"shelf": {"S": shelf}, "unit": {"S": product_id}, "newest_key": {"S": key}, **shown}


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
