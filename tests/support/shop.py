"""Builders: what a test needs to be there, with overrides for what it is about."""

from typing import Any

from products.catalog import list_product
from shared import clock, ids
from shared.models import Login, Product, Stock, User

ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "12 St James's Square",
    "postal_code": "SW1Y 4JH",
    "city": "London",
    "country": "GB",
}


def product(sku: str, *, available: int | None = None, **changes: Any) -> Product:
    """An active product, stored, with that much stock; with None, stock that was never set."""
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
    list_product(stored)
    stored.save()
    if available is not None:
        Stock(stored.product_id, available=available, version=1).save()
    return stored


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
    return int(Stock.get(of.product_id).available)
