"""Events of products and their stock."""

from typing import Literal

from pydantic import Field

from shared.events.base import Frozen, Happening


class AboutProduct(Frozen):
    product_id: str
    group: str | None  # that it is a variant in


class NewProduct(AboutProduct):
    sku: str


class ProductCreated(Happening):
    type: Literal["product.created"] = "product.created"
    data: NewProduct


class ProductChange(NewProduct):
    changed: list[str] = Field(description="The fields whose values are others now.")
    previous_group: str | None = None  # that it has left


class ProductUpdated(Happening):
    type: Literal["product.updated"] = "product.updated"
    data: ProductChange


class ProductArchived(Happening):
    """It is not for sale any more."""

    type: Literal["product.archived"] = "product.archived"
    data: ProductChange


class AboutStock(AboutProduct):
    available: int  # when this was noticed


class StockDepleted(Happening):
    """The last one was sold or taken out."""

    type: Literal["stock.depleted"] = "stock.depleted"
    data: AboutStock


class StockLow(Happening):
    """So few are left as the product says is low."""

    type: Literal["stock.low"] = "stock.low"
    data: AboutStock


class StockReplenished(Happening):
    """There are some again, after there were none."""

    type: Literal["stock.replenished"] = "stock.replenished"
    data: AboutStock
