"""The comparison for warm requests: three routes of the shop on FastAPI and Mangum.

They have the same models, services and JSON. Routes are plain `def`, because they block on
DynamoDB; `async def` avoids FastAPI's thread pool. They do less than the shop's own routes: no log
line, no security headers, no error envelope, no ETag, and half of the parameters of a list.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Query, Request, Response
from mangum import Mangum

from orders.checkout import placement as orders
from orders.checkout.schemas import OrderRequest
from orders.lifecycle.buyers import Buyer
from orders.views import OrderView
from products import service as catalog
from products.catalog_queries import CATEGORIES_MAX, CatalogQuery, Sort
from products.fields import Category
from products.views import (
    ProductDetail,
    ProductView,
)
from shared.http.authorization import caller_from_event
from shared.http.parameters import PAGE_LIMIT_MAX
from shared.http.schemas import Page
from shared.security.permissions import Principal


async def _caller(request: Request) -> Principal:
    return caller_from_event(request.scope["aws.event"])


Caller = Annotated[Principal, Depends(_caller)]
Limit = Annotated[int, Query(ge=1, le=PAGE_LIMIT_MAX)]
Cursor = Annotated[str | None, Query(max_length=2000)]
Categories = Annotated[list[Category] | None, Query(max_length=CATEGORIES_MAX)]
Sorted = Annotated[Sort | None, Query()]
Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=255)]


def place_order(
    request: OrderRequest, idempotency_key: Key, caller: Caller, response: Response
) -> OrderView:
    placement = orders.place_order(Buyer(caller.user_id), request, idempotency_key)
    view = OrderView.from_model(placement.order)
    response.headers["Location"] = f"/v1/orders/{view.id}"
    response.headers["Idempotency-Replayed"] = "true" if placement.is_replay else "false"
    return view


def list_products(
    limit: Limit = 20, cursor: Cursor = None, category: Categories = None, sort: Sorted = None
) -> Page[ProductView]:
    query = CatalogQuery().where_in(category or []).order_by(sort).page(limit, cursor)
    return catalog.list_products(query)


def get_product(product_id: str) -> ProductDetail:
    return catalog.get_product(product_id)


async def place_order_async(
    request: OrderRequest, idempotency_key: Key, caller: Caller, response: Response
) -> OrderView:
    return place_order(request, idempotency_key, caller, response)


async def list_products_async(
    limit: Limit = 20, cursor: Cursor = None, category: Categories = None, sort: Sorted = None
) -> Page[ProductView]:
    return list_products(limit, cursor, category, sort)


async def get_product_async(product_id: str) -> ProductDetail:
    return get_product(product_id)


def create_handler() -> Callable[..., dict[str, Any]]:
    return _build(place_order, list_products, get_product)


def create_async_handler() -> Callable[..., dict[str, Any]]:
    return _build(place_order_async, list_products_async, get_product_async)


def _build(
    place: Callable[..., Any], browse: Callable[..., Any], get: Callable[..., Any]
) -> Callable[..., dict[str, Any]]:
    app = FastAPI()
    app.post("/v1/orders", status_code=201)(place)
    app.get("/v1/products")(browse)
    app.get("/v1/products/{product_id}")(get)
    handler: Callable[..., dict[str, Any]] = Mangum(app, lifespan="off")
    return handler
