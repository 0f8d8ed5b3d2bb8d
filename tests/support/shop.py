"""Builders: what a test needs to be there, with overrides for what it is about."""

import json
from collections.abc import Callable
from typing import Any

from orders.pricing import repository as prices
from products import variants
from products.product_edits import set_status_keys
from products.workers.index_products import handler as index_worker
from shared import clock, ids
from shared.events.all_events import AnyEvent, CatalogEvent, parse_event
from shared.events.catalog import ProductUpdated, ProductUpdatedData
from shared.storage import stock
from shared.storage.models.accounts import Login, User
from shared.storage.models.catalog import Product, ProductGroup, Stock
from shared.storage.models.outbox import OutboxRow
from shared.storage.models.pricing import (
    PROMOTIONS,
    SHIPPING_RATES,
    TAX_RATES,
    Promotion,
    PromotionUse,
    RateTable,
)
from shared.storage.transactions import Transaction
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
    set_status_keys(stored)
    stored.save()
    if stored.group:
        _join(stored)
    if available is not None:
        Stock(stored.product_id, available=available, version=1).save()
    index(stored)
    return stored


def line(product: Product, quantity: int = 1) -> dict[str, Any]:
    """As an order asks for it."""
    return {"product_id": product.product_id, "quantity": quantity}


def destination(country: str, *, included: bool = False, **more: Any) -> dict[str, Any]:
    """Where orders are taxed, as staff put it: at 20 %, unless `rates` say otherwise."""
    rates = {"standard": 200_000}
    return {"country": country, "prices_include_tax": included, "rates": rates} | more


def zone(*countries: str, **more: Any) -> dict[str, Any]:
    """Where shipping costs the same, as staff put it: EUR 4.90, unless `steps` say otherwise."""
    steps = [{"from_minor": 0, "price_minor": 490}]
    at_home = {"name": "Home", "countries": list(countries), "currency": "EUR", "steps": steps}
    return at_home | more


def taxes(*destinations: dict[str, Any]) -> None:
    _rate_table(TAX_RATES, {"destinations": destinations})


def ships(*zones: dict[str, Any]) -> None:
    _rate_table(SHIPPING_RATES, {"zones": zones})


def _rate_table(name: str, document: dict[str, Any]) -> None:
    RateTable(
        name,
        document=json.dumps(document),
        version=1,
        updated_at=clock.utc_now(),
        updated_by="usr_staff",
    ).save()


def promotion(code: str, **changes: Any) -> Promotion:
    """Ten percent off, for as long and as often as one likes, unless `changes` say otherwise."""
    now = clock.utc_now()
    stored = Promotion(
        PROMOTIONS,
        code,
        **{
            "listed_at": f"{now.isoformat()}#{code}",
            "kind": "percent",
            "percent": 10,
            "is_active": True,
            "created_at": now,
            "version": 1,
        }
        | changes,
    )
    stored.save()
    return stored


def used(code: str, by: str | None = None) -> int:
    """How often that promotion was counted: for all customers, or for one."""
    found = PromotionUse.find(by, code) if by else Promotion.find(PROMOTIONS, code)
    return 0 if found is None else int(found.used)


def meanwhile(monkeypatch: Any, *happenings: Callable[[], object]) -> None:
    """Let these happen while orders are placed, one at each: after its read, before its writes."""
    read, ahead = prices.get_pricing_inputs, list(happenings)

    def read_and_be_overtaken(*asked: Any) -> Any:
        found = read(*asked)
        if ahead:
            ahead.pop(0)()
        return found

    monkeypatch.setattr(prices, "get_pricing_inputs", read_and_be_overtaken)


def _join(product: Product) -> None:
    group = variants.put_variant(ProductGroup.find(product.group), product)
    group.save()


def index(*products: Product) -> None:
    """As the index worker does when it is told of a change."""
    answer = tell_index(
        *(
            ProductUpdated(
                data=ProductUpdatedData(
                    product_id=it.product_id, sku=it.sku, group=it.group, changed=[]
                )
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
    return [parse_event(it) for it in (told if isinstance(told, list) else [told])]


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
    """In all shards."""
    return stock.get_stock(Product.get(of.product_id)).available


def sell(product: Product, quantity: int) -> None:
    """As an order does."""
    transaction = Transaction()
    parts = stock.get_stock(Product.get(product.product_id)).allocate(quantity)
    assert parts is not None
    stock.stage_allocation(
        transaction,
        product.product_id,
        parts,
        currency=product.currency,
        otherwise=AssertionError(),
    )
    transaction.commit()
