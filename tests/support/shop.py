"""The state of a shop, stored: products with stock, and users. Overrides set what a test needs."""

import json
from typing import Any

from products import variants
from products.product_edits import set_status_keys
from products.workers.index_products import handler as index_worker
from shared import clock, ids
from shared.events.all_events import CatalogEvent
from shared.events.catalog import ProductUpdated, ProductUpdatedData
from shared.storage import stock
from shared.storage.dynamo import connection
from shared.storage.models.accounts import Login, User
from shared.storage.models.catalog import Product, ProductGroup, Stock
from shared.storage.transactions import Transaction
from tests.support.events import published_events, queue_event
from tests.support.http import CONTEXT

ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "12 St James's Square",
    "postal_code": "SW1Y 4JH",
    "city": "London",
    "country": "GB",
}


def product(sku: str, *, available: int | None = None, **changes: Any) -> Product:
    """Stores an active product with this stock. None: its stock was never set.

    Lists and the search do not have it: the index worker, which adds it, takes longer than a test.
    """
    now = clock.utc_now()
    stored = Product(
        product_id=ids.derived_id("prd", sku),
        **{
            "sku": sku,
            "name": f"The {sku}",
            "description": "",
            "price_minor": 1000,
            "currency": "EUR",
            "status": "active",
            "tags": [],
            "attributes_json": {},
            "created_at": now,
            "updated_at": now,
            "version": 1,
        }
        | changes,
    )
    set_status_keys(stored)
    stored.save()
    if stored.group:
        _add_to_group(stored)
    if available is not None:
        Stock(stored.product_id, available=available, version=1).save()
    return stored


def listed_product(sku: str, *, available: int | None = None, **changes: Any) -> Product:
    """Stores such a product, and adds it to the lists and to the search."""
    stored = product(sku, available=available, **changes)
    index_products(stored)
    return stored


def line(product: Product, quantity: int = 1) -> dict[str, Any]:
    """A line of an order request."""
    return {"product_id": product.product_id, "quantity": quantity}


def _add_to_group(product: Product) -> None:
    group = variants.put_variant(ProductGroup.find(product.group), product)
    group.save()


def available(of: Product) -> int:
    """The units that can be sold, in all shards."""
    return stock.get_stock(Product.get(of.product_id)).available


def sell(product: Product, quantity: int) -> None:
    """Takes units from the stock as an order does."""
    transaction = Transaction()
    current = Product.get(product.product_id)
    allocation = stock.get_stock(current).allocate_order(quantity, current.backorders_max)
    assert allocation is not None
    stock.stage_allocation(
        transaction,
        product.product_id,
        allocation,
        currency=product.currency,
        backorders_max=current.backorders_max,
        otherwise=AssertionError(),
    )
    transaction.commit()


def index_products(*products: Product) -> None:
    """Sends a change of each product to the index worker."""
    changes = [
        ProductUpdatedData(
            product_id=product.product_id, sku=product.sku, group=product.group, changed=[]
        )
        for product in products
    ]
    answer = invoke_index_worker(*(ProductUpdated(data=change) for change in changes))
    assert answer == {"batchItemFailures": []}


def invoke_index_worker(*events: CatalogEvent) -> dict[str, Any]:
    """Sends these events to the worker in one batch. Returns its answer."""
    return index_worker(queue_event("products.index_products", *events), CONTEXT)


def index_published_events() -> None:
    """Sends every published catalog event to the index worker."""
    for event in published_events():
        if isinstance(event, CatalogEvent):
            assert invoke_index_worker(event) == {"batchItemFailures": []}


def stored_items() -> set[tuple[str, str]]:
    """Each item of each table, as its table's name and its JSON."""
    client = connection().client
    return {
        (table, json.dumps(item, sort_keys=True))
        for table in client.list_tables()["TableNames"]
        for page in client.get_paginator("scan").paginate(TableName=table)
        for item in page["Items"]
    }


def user(user_id: str, **changes: Any) -> User:
    """Stores a customer."""
    stored = new_user(user_id, **changes)
    stored.save()
    return stored


def new_user(user_id: str, **changes: Any) -> User:
    """A customer who is not stored."""
    return User(
        user_id,
        **{
            "email": f"{user_id}@example.com",
            "name": "Ada Lovelace",
            "roles": {"customer"},
            "created_at": clock.utc_now(),
        }
        | changes,
    )


def login(email: str, **changes: Any) -> Login:
    """A login that is not stored."""
    return Login(
        email,
        **{
            "user_id": "usr_ada",
            "name": "Ada Lovelace",
            "roles": {"customer"},
            "created_at": clock.utc_now(),
            "password_hash": "none",
        }
        | changes,
    )
