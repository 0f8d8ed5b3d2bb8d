"""Products as clients see them. A view declares which of the product's fields it shows."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from products.fields import Status
from products.picture_views import PictureView, ready_pictures
from products.schemas import to_request
from products.view_parts import (
    Availability,
    QuantityLimits,
    VariantView,
    availability_of,
    other_variants,
)
from shared.http.schemas import Page, View, shown_as
from shared.money import Money
from shared.storage.models.catalog import Product, ProductGroup, StockPolicy
from shared.storage.stock_shards import StockSnapshot


class ProductView(View):
    """A product as everyone sees it. `NewProduct` explains the fields that staff set.

    Texts can contain any characters. Escape them before you put them into HTML.
    """

    id: str
    sku: str
    name: str
    description: str
    category: str | None
    price: Money
    compare_at_price: Money | None
    status: Annotated[str, shown_as(Status)]
    tags: list[str]
    attributes: dict[str, Any]
    group: str | None
    options: dict[str, str]
    weight_grams: int | None
    barcode: str | None
    stock_policy: Annotated[str, shown_as(StockPolicy)] = Field(
        description="`backorder`: it can be ordered when no unit is available. `untracked`: it can "
        "always be ordered, and `available` is 0."
    )
    available: int = Field(description="Units for sale. 0 until staff set the stock.")
    availability: Annotated[str, shown_as(Availability)] = Field(
        description="Whether the product can be ordered now. `backorder`: it can, but no unit is "
        "available."
    )
    quantity_limits: QuantityLimits
    pictures: list[PictureView] = Field(description="In the order that staff chose. At most 20.")
    version: int = Field(description="Grows with each change of the product, not of its stock.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_model(cls, product: Product, available: int, /, **more: Any) -> Self:
        """The fields of the product that this view declares.

        `more` has the fields that a wider view adds or replaces.
        """
        fields = to_request(product) | {
            "id": product.product_id,
            "available": product.in_stock(available),
            "availability": availability_of(product, available),
            "quantity_limits": QuantityLimits.from_model(product),
            "pictures": ready_pictures(product),
            "version": int(product.version),
            "created_at": product.created_at,
            "updated_at": product.updated_at,
        }
        return cls(**fields | more)


class ProductDetail(ProductView):
    variants: list[VariantView] = Field(
        description="The other variants of the group that are on sale."
    )


class SearchPage(Page[ProductView]):
    corrected: str | None = Field(
        description="The corrected search text that found these products, because `q` found none. "
        "Null if the search used `q` as it is."
    )


class StaffProductView(ProductView):
    """A product as staff see it, not cached. `NewProduct` explains the fields that staff set."""

    available: int = Field(
        description="Units for sale. Below 0, so many units are back-ordered. An `untracked` "
        "product keeps the units that it had."
    )
    allocated: int = Field(
        description="Units in open orders: not yet shipped, and not cancelled or expired."
    )
    stock_shards: int
    backorder_limit: int | None
    low_stock_at: int | None
    order_quantity_max: int | None
    tax_class: str
    stock_version: int = Field(
        description="The version of the stock, for `If-Match` when you set the stock."
    )

    @classmethod
    def from_stock(cls, product: Product, stock: StockSnapshot, **more: Any) -> Self:
        return cls.from_model(
            product,
            stock.available,
            available=stock.available,
            allocated=stock.allocated,
            stock_version=stock.version,
            **more,
        )


class StaffProductDetail(StaffProductView):
    variants: list[VariantView] = Field(
        description="The other variants of the group, whatever their status."
    )

    @classmethod
    def from_group(cls, product: Product, stock: StockSnapshot, group: ProductGroup | None) -> Self:
        variants = other_variants(product, group, only_active=False)
        return cls.from_stock(product, stock, variants=variants)
