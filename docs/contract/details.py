"""The types of `details`: each has the name of its refusal. Other refusals have no details.

They stand here and not at the classes, because a function that starts must not build them. The
tests compare the details of every refusal that they see with these types.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from docs.contract.enums import FIELD_CODES
from shared.errors.base import AppError
from shared.money import Money
from shared.security.permissions import Permission

Currencies = Annotated[
    list[str], Field(description="Currency codes (ISO 4217).", examples=[["EUR", "USD"]])
]
Currency = Annotated[str, Field(description="A currency code (ISO 4217).", examples=["EUR"])]
Limit = Annotated[int, Field(description="The maximum.", examples=[100])]
ProductId = Annotated[str, Field(examples=["prd_4f1c2a9b7d3e8056"])]
Quantity = Annotated[int, Field(description="The units of the request.", examples=[3])]
CategoryPath = Annotated[str, Field(examples=["home/kitchen"])]
Sku = Annotated[str, Field(examples=["TEAPOT-GREEN"])]
PromotionCode = Annotated[str, Field(examples=["SPRING"])]


class TooManyAttemptsDetails(TypedDict):
    retry_after: Annotated[int, Field(description="Seconds, as in `Retry-After`.", examples=[60])]


class ForbiddenDetails(TypedDict):
    permission: NotRequired[Annotated[Permission, Field(description="You do not have it.")]]


class PasswordTooShortForStaffDetails(TypedDict):
    password_length_min: Annotated[int, Field(description="In characters.", examples=[15])]


class ApiKeyLimitDetails(TypedDict):
    keys_max: Limit


class AddressLimitDetails(TypedDict):
    addresses_max: Limit


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


class UnknownCategoryDetails(TypedDict):
    path: CategoryPath


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


class MalformedJsonDetails(TypedDict):
    at: NotRequired[Annotated[int, Field(description="The position in the text.", examples=[17])]]


class StaleVersionDetails(TypedDict):
    current_version: Annotated[int, Field(description="The version now.", examples=[8])]


class RequestTooLargeDetails(TypedDict):
    bytes_max: Limit


class InvalidField(TypedDict):
    path: Annotated[
        str,
        Field(description="Where the value is in the request.", examples=["body.lines.0.quantity"]),
    ]
    code: Annotated[str, Field(json_schema_extra={"enum": FIELD_CODES}, examples=["too_small"])]
    message: Annotated[str, Field(description="What to do about it. Its text can change.")]


class InvalidFieldsDetails(TypedDict):
    fields: Annotated[list[InvalidField], Field(description="The first 20 problems.")]
    regions: NotRequired[
        Annotated[
            list[RegionOfCountry],
            Field(description="The regions of the country, if an address needs one of them."),
        ]
    ]


SupportedQuery = TypedDict(  # `and` is a keyword of Python
    "SupportedQuery", {"where": list[str], "and": list[str], "sort": list[str]}
)


class UnsupportedQueryDetails(TypedDict):
    can_be_asked: Annotated[SupportedQuery, Field(description="The queries that have an answer.")]


class IdempotencyKeyReusedDetails(TypedDict):
    order_id: NotRequired[Annotated[str, Field(description="The order of the key.")]]
    export_id: NotRequired[Annotated[str, Field(description="The export of the key.")]]


class SkuImmutableDetails(TypedDict):
    sku: Annotated[Sku, Field(description="The product's SKU.")]


def details_of(refusal: type[AppError]) -> Any:
    """The type of a refusal's details, which has its name; None if it has no details."""
    return globals().get(f"{refusal.__name__}Details")
