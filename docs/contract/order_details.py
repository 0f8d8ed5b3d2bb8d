"""The types of `details` of refusals about carts, orders, payments and prices."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from docs.contract.detail_fields import (
    Currencies,
    Currency,
    Limit,
    ProductId,
    PromotionCode,
    Quantity,
    Sku,
)
from shared.money import Money


class TooManyExportsDetails(TypedDict):
    unfinished_max: Limit


class CartChangedDetails(TypedDict):
    current_version: Annotated[
        int, Field(description="The version of the cart now; 0 if there is none.", examples=[8])
    ]


class CartFullDetails(TypedDict):
    lines_max: Limit


class TotalChangedDetails(TypedDict):
    quoted: Annotated[Money, Field(description="`quoted_total`, or the order's total.")]
    total: Annotated[Money, Field(description="What the order costs now.")]


class UnknownProductsDetails(TypedDict):
    product_ids: list[ProductId]


class MixedCurrenciesDetails(TypedDict):
    currencies: Currencies
    group: NotRequired[Annotated[str, Field(description="The group of the variants.")]]
    product_id: NotRequired[ProductId]
    sku: NotRequired[Sku]


class LineOverLimit(TypedDict):
    product_id: ProductId
    quantity: Quantity
    limit: Limit


class QuantityLimitExceededDetails(TypedDict):
    lines: Annotated[list[LineOverLimit], Field(description="Each line with too many units.")]


class HeldStockLimitReachedDetails(TypedDict):
    holder: Annotated[
        Literal["account", "guest", "network"], Field(description="Whose unpaid orders count.")
    ]
    limit: Limit
    quantity: Quantity


class AmountTooLargeDetails(TypedDict):
    amount_minor_max: Limit


class RegionOfCountry(TypedDict):
    code: Annotated[str, Field(description="ISO 3166-2.", examples=["CA-QC"])]
    name: Annotated[str, Field(examples=["Quebec"])]


class NoTaxRateDetails(TypedDict):
    country: Annotated[str, Field(description="ISO 3166-1 alpha-2.", examples=["CA"])]
    region_code: Annotated[
        str | None, Field(description="ISO 3166-2. Null for a country.", examples=["CA-ON"])
    ]
    regions: Annotated[
        list[RegionOfCountry],
        Field(description="The regions of the country that the shop has tax rates for."),
    ]


class UnknownRegionDetails(TypedDict):
    country: Annotated[str, Field(description="ISO 3166-1 alpha-2.", examples=["CA"])]
    regions: Annotated[list[RegionOfCountry], Field(description="The regions of the country.")]


class NoShippingRateDetails(TypedDict):
    country: Annotated[str, Field(description="ISO 3166-1 alpha-2.", examples=["GB"])]
    currency: Currency


class PromotionCodeTakenDetails(TypedDict):
    code: PromotionCode


class UnknownPromotionDetails(TypedDict):
    promotion_code: PromotionCode


class PromotionExpiredDetails(TypedDict):
    promotion_code: PromotionCode


class PromotionMinimumNotMetDetails(TypedDict):
    promotion_code: PromotionCode
    minimum: Annotated[Money, Field(description="What the items must cost.")]


class PromotionNotForItemsDetails(TypedDict):
    promotion_code: PromotionCode


class AutomaticPromotionLimitDetails(TypedDict):
    promotions_max: Limit


class PromotionNotInCurrencyDetails(TypedDict):
    promotion_code: PromotionCode
    currency: Currency


class PromotionUsedUpDetails(TypedDict):
    promotion_code: PromotionCode
    by: Literal["all_customers", "customer"]


class OrderStatusConflictDetails(TypedDict):
    status: Annotated[str, Field(description="The order's status.", examples=["shipped"])]
    allowed: Annotated[
        list[str], Field(description="What it can become now.", examples=[["delivered"]])
    ]


class RefundTooLargeDetails(TypedDict):
    refundable_minor: Annotated[int, Field(description="What is left.", examples=[1999])]
    currency: Currency


class OpenLine(TypedDict):
    product_id: ProductId
    quantity: Quantity
    open: Annotated[int, Field(description="The units that are still to be shipped.", examples=[1])]


class OpenQuantityExceededDetails(TypedDict):
    lines: Annotated[list[OpenLine], Field(description="Each line with too many units.")]


class ReturnableLine(TypedDict):
    product_id: ProductId
    quantity: Quantity
    returnable: Annotated[int, Field(description="The units that are left.", examples=[1])]


class ReturnQuantityExceededDetails(TypedDict):
    lines: list[ReturnableLine]


class OrderEntryLimitReachedDetails(TypedDict):
    entries_max: Limit


class OrderAlreadyPlacedDetails(TypedDict):
    order_id: str


class PaymentRefusedDetails(TypedDict):
    reason: Annotated[str, Field(description="The provider's code.", examples=["not_found"])]


class WebhookTooOldDetails(TypedDict):
    tolerance_seconds: Annotated[int, Field(examples=[300])]
