"""Events of products and their stock."""

from typing import Literal

from pydantic import Field

from shared.events.base import DomainEvent, Frozen


class ProductData(Frozen):
    product_id: str
    group: str | None  # that it is a variant in


class ProductCreatedData(ProductData):
    sku: str


class ProductCreated(DomainEvent):
    type: Literal["product.created"] = "product.created"
    data: ProductCreatedData


class ProductUpdatedData(ProductCreatedData):
    changed: list[str] = Field(description="The fields whose values are others now.")
    previous_group: str | None = None  # that it has left


class ProductUpdated(DomainEvent):
    type: Literal["product.updated"] = "product.updated"
    data: ProductUpdatedData


class ProductArchived(DomainEvent):
    """It is not for sale any more."""

    type: Literal["product.archived"] = "product.archived"
    data: ProductUpdatedData


class StockData(ProductData):
    available: int  # when this was noticed


class StockDepleted(DomainEvent):
    """The last one was sold or taken out."""

    type: Literal["stock.depleted"] = "stock.depleted"
    data: StockData


class StockLow(DomainEvent):
    """So few are left as the product says is low."""

    type: Literal["stock.low"] = "stock.low"
    data: StockData


class StockReplenished(DomainEvent):
    """There are some again, after there were none."""

    type: Literal["stock.replenished"] = "stock.replenished"
    data: StockData
