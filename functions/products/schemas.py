from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from shared.models import Product
from shared.money import Money, Price
from shared.schemas import ONE_LINE, RequestBody, View

AVAILABLE_MAX = 10**9

Sku = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", examples=["TEA-GREEN-100"])
]
Category = Annotated[
    str,
    Field(max_length=200, pattern=r"^[a-z0-9-]+(/[a-z0-9-]+)*$", examples=["kitchen/tea"]),
]
Tag = Annotated[str, Field(min_length=1, max_length=50, pattern=ONE_LINE)]
AttributeName = Annotated[str, Field(min_length=1, max_length=50, pattern=ONE_LINE)]
AttributeText = Annotated[str, Field(max_length=500, pattern=ONE_LINE)]
Available = Annotated[int, Field(ge=0, le=AVAILABLE_MAX, description="Units that can be sold.")]


class NewProduct(RequestBody):
    """A product as the API and the file import take it: one schema, so one set of rules."""

    sku: Sku
    name: str = Field(min_length=1, max_length=200, pattern=ONE_LINE)
    description: str = Field(default="", max_length=5000)
    category: Category | None = None
    price: Price
    tags: list[Tag] = Field(default=[], max_length=20)
    attributes: dict[AttributeName, AttributeText] = Field(default={}, max_length=50)


class StockCount(RequestBody):
    available: Available
    reason: str = Field(default="count", min_length=1, max_length=200, pattern=ONE_LINE)


class StockView(View):
    product_id: str
    available: int
    version: int


class ProductView(View):
    id: str
    sku: str
    name: str
    description: str
    category: str | None
    price: Money
    status: Literal["active"]
    tags: list[str]
    attributes: dict[str, str]
    available: int = Field(description="Units that can be sold; 0 where no stock was ever set.")
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, product: Product, available: int) -> Self:
        return cls(
            id=product.product_id,
            sku=product.sku,
            name=product.name,
            description=product.description,
            category=product.category,
            price=Money(amount_minor=int(product.price_minor), currency=product.currency),
            status="active",
            tags=list(product.tags),
            attributes=product.attributes_json,
            available=available,
            version=int(product.version),
            created_at=product.created_at,
            updated_at=product.updated_at,
        )
