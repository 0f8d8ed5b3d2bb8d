"""The types of `details` of refusals about products, categories and stock."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from docs.contract.detail_fields import (
    CategoryPath,
    Currencies,
    Currency,
    Limit,
    ProductId,
    Quantity,
    Sku,
)


class SkuTakenDetails(TypedDict):
    sku: Sku


class OptionsTakenDetails(TypedDict):
    group: str
    product_id: Annotated[ProductId, Field(description="The variant that has the options.")]
    sku: Sku


class GroupFullDetails(TypedDict):
    group: str
    variants_max: Limit


class CurrencyInUseDetails(TypedDict):
    currency: Currency
    product_id: ProductId


class CurrencyNotAcceptedDetails(TypedDict):
    currency: Currency
    accepted: Currencies


class ShortLine(TypedDict):
    product_id: ProductId
    quantity: Quantity
    available: Annotated[int, Field(description="The units that you can order.", examples=[1])]


class OutOfStockDetails(TypedDict):
    product_id: Annotated[ProductId, Field(description="The product of the first line.")]
    lines: Annotated[list[ShortLine], Field(description="Each line with too few units.")]


class InsufficientStockDetails(TypedDict):
    available: Annotated[int, Field(examples=[1])]
    change: Annotated[int, Field(description="The change of the request.", examples=[-3])]


class CategoryNameTakenDetails(TypedDict):
    path: Annotated[CategoryPath, Field(description="The category that has the name.")]


class CategoryNotEmptyDetails(TypedDict):
    children: Annotated[int, Field(description="The categories right below it.", examples=[2])]
    products_on_sale: Annotated[
        int, Field(description="Products in it or below it, as it shows them.", examples=[17])
    ]


class CategoryCycleDetails(TypedDict):
    parent: Annotated[CategoryPath, Field(description="The parent of the request.")]


class CategoryTooDeepDetails(TypedDict):
    depth_max: Limit


class CategoryLimitReachedDetails(TypedDict):
    categories_max: Limit


class PictureLimitReachedDetails(TypedDict):
    pictures_max: Limit


class UnknownCategoryDetails(TypedDict):
    path: CategoryPath


class SkuImmutableDetails(TypedDict):
    sku: Annotated[Sku, Field(description="The product's SKU.")]
