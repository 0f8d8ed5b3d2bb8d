"""Events of products and their stock."""

from typing import Literal

from shared.events.base import DomainEvent, Frozen


class ProductData(Frozen):
    product_id: str
    group: str | None


class ProductCreatedData(ProductData):
    sku: str


class ProductCreated(DomainEvent):
    """Staff or an import created a product."""

    type: Literal["product.created"] = "product.created"
    data: ProductCreatedData


class ProductUpdatedData(ProductCreatedData):
    changed: list[str]
    previous_group: str | None = None


class ProductUpdated(DomainEvent):
    """Staff or an import changed a product."""

    type: Literal["product.updated"] = "product.updated"
    data: ProductUpdatedData


class ProductArchived(DomainEvent):
    """The product is no longer on sale."""

    type: Literal["product.archived"] = "product.archived"
    data: ProductUpdatedData


class StockData(ProductData):
    available: int


class StockDepleted(DomainEvent):
    """The last available unit was sold or removed."""

    type: Literal["stock.depleted"] = "stock.depleted"
    data: StockData


class StockLow(DomainEvent):
    """Stock has fallen to the product's `low_stock_at`."""

    type: Literal["stock.low"] = "stock.low"
    data: StockData


class StockReplenished(DomainEvent):
    """Units are available again after none were."""

    type: Literal["stock.replenished"] = "stock.replenished"
    data: StockData


StockEvent = StockDepleted | StockLow | StockReplenished
CatalogEvent = ProductCreated | ProductUpdated | ProductArchived | StockEvent
