"""Products as clients send them.

`NewProduct` declares the fields of a product once. The patch, the stored item and the list of
changed fields follow from it. `views` shows them.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from products.attributes import check_attributes
from products.fields import (
    GROUP_WITH_OPTIONS,
    STATUS,
    STOCK_POLICY,
    Attributes,
    BackorderLimit,
    Barcode,
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
    WeightGrams,
    check_above_price,
)
from products.merge_patches import merge_patch_of
from shared.http.schemas import NO_DEFAULT, RequestBody
from shared.http.text_fields import Text
from shared.money import Money
from shared.storage.models.catalog import TRACKED, Product, StockPolicy


class NewProduct(RequestBody):
    """A product to create or replace. Rows of an imported file follow the same rules."""

    model_config = ConfigDict(json_schema_extra={"x-rule": GROUP_WITH_OPTIONS})

    values_max: ClassVar[int] = 10_000  # attributes of 16 KB can have 8,000

    sku: Sku
    name: Annotated[str, Text(200)]
    description: Annotated[str, Text(5000, is_optional=True, has_lines=True)] = ""
    category: Category | None = None
    price: Money = Field(description="The price of one unit. 0 for gifts and samples.")
    compare_at_price: Money | None = Field(
        default=None,
        description="What the product cost before, for a page that shows a reduced price. It is "
        "more than `price`, in the same currency.",
    )
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
    weight_grams: WeightGrams | None = None
    barcode: Barcode | None = None

    @field_validator("compare_at_price")
    @classmethod
    def _check_is_above_price(cls, before: Money | None, info: ValidationInfo) -> Money | None:
        price = info.data.get("price")  # none if it is invalid itself
        if before and price:
            check_above_price(before, price)
        return before

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
    "compare_at_price": {"compare_at_price": "compare_at_minor"},
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
    fields = vars(new) | {"price": new.price.amount_minor, "currency": new.price.currency}
    before = new.compare_at_price
    fields["compare_at_price"] = before.amount_minor if before else None
    return {STORED_AS[name]: value for name, value in fields.items()}


def to_request(product: Product) -> dict[str, Any]:
    """The NewProduct, as JSON, that would create this product. A patch is merged into it."""
    fields = {name: _whole(getattr(product, attribute)) for name, attribute in STORED_AS.items()}
    currency = fields.pop("currency")
    for name in ("price", "compare_at_price"):
        amount_minor = fields[name]
        if amount_minor is not None:
            fields[name] = {"amount_minor": amount_minor, "currency": currency}
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
