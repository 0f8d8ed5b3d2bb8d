from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from products.fields import (
    Attributes,
    Category,
    Group,
    LowStockAt,
    Options,
    Sku,
    Status,
    StockShards,
    Tag,
    TaxClass,
    bounded,
)
from shared.http.schemas import ONE_LINE, RequestBody, View
from shared.money import Money, Price
from shared.storage.models.catalog import Product, ProductGroup
from shared.storage.stock import StockSnapshot


class NewProduct(RequestBody):
    """A product as the API and the file import take it: one schema, so one set of rules."""

    sku: Sku
    name: str = Field(min_length=1, max_length=200, pattern=ONE_LINE)
    description: str = Field(default="", max_length=5000)
    category: Category | None = None
    price: Price
    status: Status = "active"
    tags: list[Tag] = Field(default=[], max_length=20)
    attributes: Attributes = Field(default={})
    group: Group | None = None
    options: Options = Field(default={})
    stock_shards: StockShards = 1
    low_stock_at: LowStockAt | None = None
    tax_class: TaxClass = "standard"

    @model_validator(mode="after")
    def _is_told_from_its_group(self) -> Self:
        if (self.group is None) != (not self.options):
            raise PydanticCustomError(
                "group_without_options",
                "Send `group` and `options` together, or neither: to leave a group, both as null",
            )
        return self


class ProductPatch(RequestBody):
    """RFC 7396: what is left out stays, null removes, objects are merged."""

    name: str | None = None
    description: str | None = None
    category: str | None = None
    price: dict[str, Any] | None = None
    status: Status = "active"  # no null: taken away, it would be on sale
    tags: list[Any] | None = None
    attributes: Annotated[dict[str, Any], AfterValidator(bounded)] | None = None
    group: str | None = None
    options: dict[str, Any] | None = None
    stock_shards: int | None = None
    low_stock_at: int | None = None
    tax_class: str | None = None


class SiblingView(View):
    id: str
    sku: str
    options: dict[str, str]


class ProductView(View):
    """As anyone is shown it. Names and texts are shown as they were entered: escape them."""

    id: str
    sku: str
    name: str
    description: str
    category: str | None
    price: Money
    status: Status
    tags: list[str]
    attributes: dict[str, Any]
    group: str | None
    options: dict[str, str]
    available: int = Field(description="Units that can be sold; 0 where no stock was ever set.")
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_model(cls, product: Product, available: int, **more: Any) -> Self:
        return cls(
            id=product.product_id,
            sku=product.sku,
            name=product.name,
            description=product.description,
            category=product.category,
            price=Money(amount_minor=int(product.price_minor), currency=product.currency),
            status=product.status,
            tags=list(product.tags),
            attributes=product.attributes_json,
            group=product.group,
            options=product.options_json,
            available=available,
            version=int(product.version),
            created_at=product.created_at,
            updated_at=product.updated_at,
            **more,
        )


class ProductDetail(ProductView):
    siblings: list[SiblingView] = Field(description="The others of its group that are on sale.")


class StaffProductView(ProductView):
    """With what is the shop's own affair; never from a cache."""

    allocated: int = Field(description="Units that open orders have taken.")
    stock_shards: int
    low_stock_at: int | None
    tax_class: str
    stock_version: int = Field(description="That `If-Match` of its stock is about.")

    @classmethod
    def shown(cls, product: Product, held: StockSnapshot, **more: Any) -> Self:
        return cls.from_model(
            product,
            held.available,
            allocated=held.allocated,
            stock_shards=int(product.stock_shards),
            low_stock_at=_whole(product.low_stock_at),
            tax_class=product.tax_class,
            stock_version=held.version,
            **more,
        )


class StaffProductDetail(StaffProductView):
    siblings: list[SiblingView] = Field(description="The others of its group, drafts too.")

    @classmethod
    def with_siblings(
        cls, product: Product, held: StockSnapshot, group: ProductGroup | None
    ) -> Self:
        return cls.shown(product, held, siblings=siblings(product, group, only_active=False))


def siblings(
    product: Product, group: ProductGroup | None, *, only_active: bool
) -> list[SiblingView]:
    return [
        SiblingView(id=variant.product_id, sku=variant.sku, options=variant.options_json)
        for variant in (group.variants if group else ())
        if variant.product_id != product.product_id
        and (variant.status == "active" or not only_active)
    ]


def to_request(product: Product) -> Mapping[str, Any]:
    """What would have to be sent to make it: a NewProduct as JSON, which a patch is merged into."""
    return {
        "sku": product.sku,
        "name": product.name,
        "description": product.description,
        "category": product.category,
        "price": {"amount_minor": int(product.price_minor), "currency": product.currency},
        "status": product.status,
        "tags": list(product.tags),
        "attributes": product.attributes_json,
        "group": product.group,
        "options": product.options_json,
        "stock_shards": int(product.stock_shards),
        "low_stock_at": _whole(product.low_stock_at),
        "tax_class": product.tax_class,
    }


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
