"""Builders: what a test needs to be there, with overrides for what it is about."""

import json
from typing import Any

from products import groups
from products.index.worker import handler as index_worker
from products.repository import file_under_status
from shared import clock, events, ids, stock
from shared.events import AnyEvent, CatalogEvent, ProductChange, ProductUpdated
from shared.models import Login, OutboxRow, Product, ProductGroup, Stock, User
from shared.transactions import Transaction
from tests.support.http import CONTEXT

ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "12 St James's Square",
    "postal_code": "SW1Y 4JH",
    "city": "London",
    "country": "GB",
}


def product(sku: str, *, available: int | None = None, **changes: Any) -> Product:
    """An active product, stored and listed, with that much stock; with None, it was never set."""
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
    file_under_status(stored)
    stored.save()
    if stored.group:
        _join(stored)
    if available is not None:
        Stock(stored.product_id, available=available, version=1).save()
    index(stored)
    return stored


def _join(product: Product) -> None:
    group = groups.with_member(ProductGroup.find(product.group), product)
    group.save()


def index(*products: Product) -> None:
    """As the index worker does when it is told of a change."""
    answer = tell_index(
        *(
            ProductUpdated(
                data=ProductChange(product_id=it.product_id, sku=it.sku, group=it.group, changed=[])
            )
            for it in products
        )
    )
    assert answer == {"batchItemFailures": []}


def tell_index(*happened: CatalogEvent) -> dict[str, Any]:
    """What EventBridge and SQS make of these events; the worker's answer."""
    records = [
        {
            "messageId": f"message-{number}",
            "body": json.dumps({"detail": it.model_dump(mode="json")}),
        }
        for number, it in enumerate(happened)
    ]
    return index_worker({"Records": records}, CONTEXT)


def index_what_happened() -> None:
    """What the outbox, its relay, the bus and the queue do: everything that was staged so far."""
    for event in staged_so_far():
        if isinstance(event, CatalogEvent):
            assert tell_index(event) == {"batchItemFailures": []}


def staged_so_far() -> list[AnyEvent]:
    return [event for row in OutboxRow.scan() for event in staged(row)]


def staged(row: OutboxRow) -> list[AnyEvent]:
    """The events of a row of the outbox."""
    told = json.loads(row.payload)
    return [events.parse(it) for it in (told if isinstance(told, list) else [told])]


def user(user_id: str, **changes: Any) -> User:
    stored = User(
        user_id,
        **{
            "email": f"{user_id}@example.com",
            "name": "Ada Lovelace",
            "roles": {"customer"},
            "created_at": clock.utc_now(),
        }
        | changes,
    )
    stored.save()
    return stored


def login(email: str, **changes: Any) -> Login:
    """Not stored."""
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


def available(of: Product) -> int:
    """In all buckets."""
    return stock.of(Product.get(of.product_id)).available


def sell(product: Product, quantity: int) -> None:
    """As an order does."""
    transaction = Transaction()
    parts = stock.of(Product.get(product.product_id)).split(quantity)
    assert parts is not None
    stock.stage_sale(
        transaction,
        product.product_id,
        parts,
        currency=product.currency,
        otherwise=AssertionError(),
    )
    transaction.commit()
