"""Events of products and their stock."""

from typing import Literal

from pydantic.json_schema import SkipJsonSchema

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
    """What has a default is missing in events that an earlier release wrote."""

    available: int
    backordered: int | SkipJsonSchema[None] = None
    availability: str | SkipJsonSchema[None] = None


class StockDepleted(DomainEvent):
    """The last available unit was sold or removed, or the last that could be back-ordered."""

    type: Literal["stock.depleted"] = "stock.depleted"
    data: StockData


class StockLow(DomainEvent):
    """Stock has fallen to the product's `low_stock_at`."""

    type: Literal["stock.low"] = "stock.low"
    data: StockData


class StockReplenished(DomainEvent):
    """Units are available again after none were, or can be back-ordered again."""

    type: Literal["stock.replenished"] = "stock.replenished"
    data: StockData


class CategoryData(Frozen):
    category_id: str
    path: str


class CategoryMovedData(CategoryData):
    parent: str | None
    previous_parent: str | None


class CategoryMoved(DomainEvent):
    """Staff moved a category, with everything below it, to another parent. Its path stays."""

    type: Literal["category.moved"] = "category.moved"
    data: CategoryMovedData


class CategoryDeleted(DomainEvent):
    """Staff deleted an empty category."""

    type: Literal["category.deleted"] = "category.deleted"
    data: CategoryData


StockEvent = StockDepleted | StockLow | StockReplenished
CategoryEvent = CategoryMoved | CategoryDeleted
CatalogEvent = ProductCreated | ProductUpdated | ProductArchived | StockEvent
