from typing import Annotated, Any, Literal, Self, get_args

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from shared.exports.views import ExportView, shown_progress
from shared.http.schemas import RequestBody, View, shown_as
from shared.money import Currency
from shared.storage.models.catalog import ProductStatus
from shared.storage.models.exports import SHOPIFY, Export

Format = Literal["csv", "jsonl", "xlsx", "shopify"]


# As `not`, like `products.fields.GROUP_WITH_OPTIONS`.
_SHOPIFY_WITH_CURRENCY: dict[str, Any] = {
    "not": {"properties": {"format": {"const": SHOPIFY}, "currency": {"type": "null"}}}
}


class ProductExportRequest(RequestBody):
    model_config = ConfigDict(json_schema_extra={"x-rule": _SHOPIFY_WITH_CURRENCY})

    format: Format = Field(
        description="`csv` (UTF-8) and `xlsx` (Excel): one row for each product, with every field "
        "and the URLs of its pictures; an import of the file changes nothing. `jsonl`: the same as "
        "one line of JSON for each product, with the fields of `NewProduct`, `available`, and "
        "`pictures` with `url` and `alt`. `shopify`: Shopify's product CSV, whose columns cannot "
        "hold every field."
    )
    statuses: list[ProductStatus] | None = Field(
        default=None,
        min_length=1,
        max_length=len(get_args(ProductStatus)),
        description="Only products with one of these statuses. Null: all products.",
    )
    currency: Currency | None = Field(
        default=None,
        validate_default=True,
        description="Only products with a price in this currency. Null: all products. Required "
        "for `shopify`, because Shopify's columns have no currency.",
    )

    @field_validator("currency")
    @classmethod
    def _require_for_shopify(cls, currency: str | None, info: ValidationInfo) -> str | None:
        if currency is None and info.data.get("format") == SHOPIFY:
            raise PydanticCustomError(
                "required", "Is required: Shopify's columns have no currency. Choose one"
            )
        return currency


class ProductFiltersView(View):
    """The products that the export contains."""

    statuses: list[Annotated[str, shown_as(ProductStatus)]] | None = Field(
        description="Null means products of every status."
    )
    currency: str | None = Field(description="Null means products with prices in any currency.")


class ProductExportView(ExportView):
    format: Annotated[str, shown_as(Format)]
    filters: ProductFiltersView
    products: int = Field(description="The number of products in the file so far.")

    @classmethod
    def from_model(cls, export: Export, file_url: str | None) -> Self:
        return cls(
            **shown_progress(export, file_url),
            format=export.format,
            filters=ProductFiltersView(
                statuses=sorted(export.statuses) if export.statuses else None,
                currency=export.currency,
            ),
            products=int(export.written),
        )
