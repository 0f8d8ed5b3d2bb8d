"""The catalog items and their stock."""

from collections.abc import Collection
from typing import Any

from shared.errors import ProductNotFound, SkuTaken
from shared.models import Product, Stock
from shared.transactions import Transaction


def add(product: Product) -> None:
    """Raises SkuTaken."""
    transaction = Transaction()  # its token tells a lost reply from a SKU that is taken
    transaction.put(
        product,
        only_if=Product.product_id.does_not_exist(),
        otherwise=SkuTaken("There is a product with this SKU.", sku=product.sku),
    )
    transaction.commit()


def stage_upsert(
    transaction: Transaction, product: Product, available: int, *, unsaid: Collection[str]
) -> None:
    """Create the product or replace what is said of it, and count its stock anew: two actions.

    `unsaid` names optional fields: of a product that is there, these stay as they are.
    """
    actions = [
        Product.sku.set(product.sku),
        Product.name.set(product.name),
        Product.price_minor.set(product.price_minor),
        Product.currency.set(product.currency),
        Product.status.set(product.status),
        Product.updated_at.set(product.updated_at),
        Product.shop_listing.set(product.shop_listing),
        Product.created_at.set(Product.created_at | product.created_at),
        Product.listed_at.set(Product.listed_at | product.listed_at),
        Product.version.add(1),
    ]
    optional: tuple[tuple[str, Any, Any], ...] = (
        ("description", Product.description, product.description),
        ("tags", Product.tags, product.tags),
        ("attributes", Product.attributes_json, product.attributes_json),
    )
    for name, field, value in optional:
        actions.append(field.set(field | value if name in unsaid else value))
    if product.category:
        actions.append(Product.category.set(product.category))
        actions.append(Product.category_listing.set(product.category_listing))
    elif "category" not in unsaid:
        actions += [Product.category.remove(), Product.category_listing.remove()]
    transaction.update(Product(product.product_id), actions)
    stage_count(transaction, product.product_id, available, reason="import")


def stage_count(transaction: Transaction, product_id: str, available: int, *, reason: str) -> None:
    actions = [
        Stock.available.set(available),
        Stock.reason.set(reason),
        Stock.version.add(1),
    ]
    transaction.update(Stock(product_id), actions)


def set_stock(product_id: str, available: int, *, reason: str) -> Stock:
    """The stock as it then stands. Raises ProductNotFound."""
    transaction = Transaction()
    transaction.check(
        Product,
        product_id,
        only_if=Product.product_id.exists(),
        otherwise=ProductNotFound("There is no such product."),
    )
    stage_count(transaction, product_id, available, reason=reason)
    transaction.commit()
    return Stock.get(product_id, consistent_read=True)


def find(product_id: str) -> Product | None:
    return Product.find(product_id)


def available(product_id: str) -> int:
    """0 where no stock was ever set."""
    stock = Stock.find(product_id)
    return 0 if stock is None else int(stock.available)


def available_of(product_ids: list[str]) -> dict[str, int]:
    """By product; 0 where no stock was ever set. One BatchGetItem."""
    found = Stock.fetch(product_ids)
    return {key: int(found[key].available) if key in found else 0 for key in product_ids}
