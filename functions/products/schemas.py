import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from shared.models import Product, ProductGroup
from shared.money import Money, Price
from shared.schemas import ONE_LINE, RequestBody, View
from shared.stock import BUCKETS_MAX, Held

AVAILABLE_MAX = 10**9
ATTRIBUTES_BYTES_MAX = 16_384  # as JSON; of the 400 KB that an item may have
ATTRIBUTES_DEPTH_MAX = 5
CATEGORY_DEPTH_MAX = 8  # each level is a shelf that the product stands on

Status = Literal["draft", "active", "archived"]
Sku = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", examples=["TEA-GREEN-100"])
]


def _not_too_deep(category: str) -> str:
    if category.count("/") >= CATEGORY_DEPTH_MAX:
        raise ValueError(f"Must have at most {CATEGORY_DEPTH_MAX} levels")
    return category


Category = Annotated[
    str,
    Field(
        max_length=200,
        pattern=r"^[a-z0-9-]+(/[a-z0-9-]+)*$",
        description="A path: who browses a parent sees its children.",
        examples=["home/kitchen/teapots"],
    ),
    AfterValidator(_not_too_deep),
]
Tag = Annotated[str, Field(min_length=1, max_length=50, pattern=ONE_LINE)]
Group = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="What this is a variant of: listings show one of a group.",
        examples=["TEA-GREEN"],
    ),
]
OptionName = Annotated[str, Field(min_length=1, max_length=50, pattern=ONE_LINE)]
OptionText = Annotated[str, Field(min_length=1, max_length=100, pattern=ONE_LINE)]
Options = Annotated[
    dict[OptionName, OptionText],
    Field(max_length=10, description="What tells it from the others of its group."),
]
Available = Annotated[int, Field(ge=0, le=AVAILABLE_MAX, description="Units that can be sold.")]


def _bounded(attributes: dict[str, Any]) -> dict[str, Any]:
    """Raises what pydantic reports of a field."""
    if _is_deeper(attributes, ATTRIBUTES_DEPTH_MAX):
        raise PydanticCustomError(
            "attributes_too_deep",
            "Must be nested at most {depth_max} deep",
            {"depth_max": ATTRIBUTES_DEPTH_MAX},
        )
    try:
        size = len(json.dumps(attributes, ensure_ascii=False).encode())
    except UnicodeEncodeError as error:
        raise PydanticCustomError("not_unicode", "Must not have half of a character") from error
    if size > ATTRIBUTES_BYTES_MAX:
        raise PydanticCustomError(
            "attributes_too_large",
            "Must be at most {bytes_max} bytes of JSON",
            {"bytes_max": ATTRIBUTES_BYTES_MAX},
        )
    return attributes


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if levels == 0:
        return True
    children = value.values() if isinstance(value, dict) else value
    return any(_is_deeper(child, levels - 1) for child in children)


AttributeName = Annotated[str, Field(min_length=1, max_length=50, pattern=ONE_LINE)]
Attributes = Annotated[
    dict[AttributeName, Any],
    Field(max_length=50, description="Anything that is JSON: at most 16 KB, nested 5 deep."),
    AfterValidator(_bounded),
]
LowStockAt = Annotated[
    int, Field(ge=1, le=AVAILABLE_MAX, description="At so few, `stock.low` is told.")
]
StockBuckets = Annotated[
    int,
    Field(
        ge=1,
        le=BUCKETS_MAX,
        description="Parts that the stock is split into, for products that sell by the hundred "
        "a second.",
    ),
]


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
    stock_buckets: StockBuckets = 1
    low_stock_at: LowStockAt | None = None

    @model_validator(mode="after")
    def _is_told_from_its_group(self) -> Self:
        if (self.group is None) != (not self.options):
            raise PydanticCustomError(
                "group_without_options", "Send `group` and `options` together, or neither"
            )
        return self


class ProductPatch(RequestBody):
    """RFC 7396: what is left out stays, null removes, objects are merged."""

    name: str | None = None
    description: str | None = None
    category: str | None = None
    price: dict[str, Any] | None = None
    status: str | None = None
    tags: list[Any] | None = None
    attributes: Annotated[dict[str, Any], AfterValidator(_bounded)] | None = None
    group: str | None = None
    options: dict[str, Any] | None = None
    stock_buckets: int | None = None
    low_stock_at: int | None = None


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
    def of(cls, product: Product, available: int, **more: Any) -> Self:
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

    siblings: list[SiblingView] = Field(description="The others of its group, drafts too.")
    on_order: int = Field(description="Units that open orders have taken.")
    stock_buckets: int
    low_stock_at: int | None
    stock_version: int

    @classmethod
    def shown(cls, product: Product, held: Held, group: ProductGroup | None) -> Self:
        return cls.of(
            product,
            held.available,
            siblings=siblings(product, group, only_active=False),
            on_order=held.on_order,
            stock_buckets=int(product.stock_buckets),
            low_stock_at=_whole(product.low_stock_at),
            stock_version=held.version,
        )


def siblings(
    product: Product, group: ProductGroup | None, *, only_active: bool
) -> list[SiblingView]:
    return [
        SiblingView(id=variant.product_id, sku=variant.sku, options=variant.options_json)
        for variant in (group.variants if group else ())
        if variant.product_id != product.product_id
        and (variant.status == "active" or not only_active)
    ]


def document_of(product: Product) -> Mapping[str, Any]:
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
        "stock_buckets": int(product.stock_buckets),
        "low_stock_at": _whole(product.low_stock_at),
    }


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
