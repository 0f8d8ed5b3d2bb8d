"""Products as clients send them and as clients see them.

`NewProduct` declares the fields of a product once. The patch, the stored item and the list of
changed fields follow from it. A view declares which of the fields it shows.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from products.fields import (
    GROUP_WITH_OPTIONS,
    STATUS,
    STOCK_POLICY,
    Attributes,
    BackorderLimit,
    Category,
    Group,
    LowStockAt,
    Options,
    OrderQuantityMax,
    Sku,
    Status,
    StockShards,
    Tag,
    TaxClass,
    check_attributes,
)
from products.merge_patches import merge_patch_of
from products.view_parts import (
    Availability,
    QuantityLimits,
    VariantView,
    availability_of,
    other_variants,
)
from shared.http.schemas import NO_DEFAULT, Page, RequestBody, View, shown_as
from shared.http.text_fields import Text
from shared.money import Money, Price
from shared.storage.models.catalog import TRACKED, Product, ProductGroup, StockPolicy
from shared.storage.stock_shards import StockSnapshot


class NewProduct(RequestBody):
    """A product to create or replace. Rows of an imported file follow the same rules."""

    model_config = ConfigDict(json_schema_extra={"x-rule": GROUP_WITH_OPTIONS})

    values_max: ClassVar[int] = 10_000  # attributes of 16 KB can have 8,000

    sku: Sku
    name: Annotated[str, Text(200)]
    description: Annotated[str, Text(5000, is_optional=True, has_lines=True)] = ""
    category: Category | None = None
    price: Price
    status: Status = Field(default="active", description=STATUS, json_schema_extra=NO_DEFAULT)
    tags: list[Tag] = Field(
        default=[], max_length=20, description="Words that shoppers can filter and search by."
    )
    attributes: Attributes = Field(default={})
    group: Group | None = None
    options: Options = Field(default={})
    stock_shards: StockShards = 1
    stock_policy: StockPolicy = Field(default=TRACKED, description=STOCK_POLICY)
    backorder_limit: BackorderLimit | None = None
    low_stock_at: LowStockAt | None = None
    order_quantity_max: OrderQuantityMax | None = None
    tax_class: TaxClass = "standard"

    @model_validator(mode="after")
    def _check_group_has_options(self) -> Self:
        if (self.group is None) != (not self.options):
            raise PydanticCustomError(
                "group_without_options",
                "Must have `group` and `options` together, or neither. Set both to null to remove "
                "the product from its group",
            )
        return self


# The attributes of a Product that hold each field, where the names differ.
_ATTRIBUTES_OF = {
    "price": {"price": "price_minor", "currency": "currency"},
    "attributes": {"attributes": "attributes_json"},
    "options": {"options": "options_json"},
}
STORED_AS: Mapping[str, str] = {
    name: attribute
    for field in NewProduct.model_fields
    for name, attribute in _ATTRIBUTES_OF.get(field, {field: field}).items()
}


def to_attributes(new: NewProduct) -> dict[str, Any]:
    """The attributes of the Product that stores these fields."""
    fields = {name: getattr(new, name) for name in NewProduct.model_fields}
    fields |= {"price": new.price.amount_minor, "currency": new.price.currency}
    return {STORED_AS[name]: value for name, value in fields.items()}


def to_request(product: Product) -> dict[str, Any]:
    """The NewProduct, as JSON, that would create this product. A patch is merged into it."""
    fields = {name: _whole(getattr(product, attribute)) for name, attribute in STORED_AS.items()}
    fields["price"] = {"amount_minor": fields["price"], "currency": fields.pop("currency")}
    return fields


def _whole(value: Any) -> Any:
    """No field has a fraction, but pynamodb may read a number as a float."""
    return int(value) if isinstance(value, float) else value


@merge_patch_of(
    NewProduct,
    without={"sku"},
    types={
        "status": Status,  # not nullable: without a status the product would be on sale
        "stock_policy": StockPolicy | None,
        "attributes": Annotated[dict[str, Any], AfterValidator(check_attributes)] | None,
    },
)
class ProductPatch(RequestBody):
    """Changes to a product: a JSON merge patch (RFC 7396) for the fields of `NewProduct`.

    Omitted fields keep their values. `null` removes a value. Objects are merged.
    """

    values_max: ClassVar[int] = NewProduct.values_max


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
    status: Annotated[str, shown_as(Status)]
    tags: list[str]
    attributes: dict[str, Any]
    group: str | None
    options: dict[str, str]
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
