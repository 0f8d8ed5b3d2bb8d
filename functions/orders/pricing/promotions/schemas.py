"""Promotions, as staff send and read them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from orders.pricing.discounts import KINDS, Kind
from orders.pricing.promotions.fields import (
    AppliesTo,
    Code,
    Percent,
    UsesMax,
    UsesPerCustomerMax,
    whole_if_possible,
)
from shared.http.schemas import NOT_NULL, RequestBody, View, shown_as
from shared.http.text_fields import Text
from shared.money import Money, Price
from shared.storage.models.pricing import Promotion
from shared.timestamps import Timestamp, out_of_order_error

DESCRIPTION_MAX = 500

_DISCOUNT_FIELD = {"percent": "percent", "fixed": "amount"}  # by kind

# As `not`, for the reasons of GROUP_WITH_OPTIONS in products.fields.
_CODE_OR_AUTOMATIC: dict[str, Any] = {
    "not": {
        "anyOf": [
            {"properties": {"is_automatic": {"const": False}, "code": {"type": "null"}}},
            *(
                {
                    "required": ["is_automatic", limit],
                    "properties": {"is_automatic": {"const": True}, limit: {"type": "integer"}},
                }
                for limit in ("uses_max", "uses_per_customer_max")
            ),
        ]
    }
}


class NewPromotion(RequestBody):
    model_config = ConfigDict(json_schema_extra={"x-rule": _CODE_OR_AUTOMATIC})

    is_automatic: bool = Field(
        default=False,
        description="If true, the promotion applies to each order that it fits, and nobody sends "
        "its code. An order uses the promotion that makes it cheapest.",
    )
    code: Code | None = Field(default=None, validate_default=True)
    name: Annotated[str, Text(100)] | None = Field(
        default=None, description="Buyers see it on quotes, orders and mails."
    )
    kind: Kind = Field(
        description="`percent`: a percentage off each line. `fixed`: an amount off all items "
        "together. `free_shipping`: no shipping price."
    )
    percent: Percent | None = Field(default=None, validate_default=True)
    amount: Price | None = Field(
        default=None,
        validate_default=True,
        description="The amount that is taken off all items together to which the promotion "
        "applies, at most their value. Required for kind `fixed`.",
    )
    minimum: Money | None = Field(
        default=None,
        description="The items to which the promotion applies must cost at least this much, "
        "before the discount. Null means no minimum.",
    )
    applies_to: AppliesTo | None = Field(
        default=None,
        description="The products to which the promotion applies. Null means all products.",
    )
    starts_at: Timestamp | None = Field(
        default=None,
        description="Orders can use the code from this time on. Null means at once.",
    )
    ends_at: Timestamp | None = Field(
        default=None,
        description="Orders can use the code before this time. Null means without end.",
    )
    is_active: bool = Field(default=True, description="If false, no order can use the code.")
    uses_max: UsesMax | None = None
    uses_per_customer_max: UsesPerCustomerMax | None = None
    description: Annotated[str, Text(DESCRIPTION_MAX, is_optional=True, has_lines=True)] = Field(
        default="", description="A text for staff. Buyers do not see it."
    )

    @field_validator("code")
    @classmethod
    def _is_sent_by_somebody(cls, code: str | None, info: ValidationInfo) -> str | None:
        if code is None and not info.data.get("is_automatic"):
            raise PydanticCustomError("required", "Is required unless `is_automatic` is true")
        return code

    @field_validator("uses_max", "uses_per_customer_max")
    @classmethod
    def _fits_a_code(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("is_automatic"):
            raise PydanticCustomError(
                "not_of_automatic", "Must be omitted or null for an automatic promotion"
            )
        return value

    @field_validator("percent", "amount")
    @classmethod
    def _fits_the_kind(cls, value: Any, info: ValidationInfo) -> Any:
        kind = info.data.get("kind")
        is_required = _DISCOUNT_FIELD.get(str(kind)) == info.field_name
        if kind and is_required and value is None:
            raise PydanticCustomError(
                "needed_by_kind", "Is required for kind `{kind}`", {"kind": kind}
            )
        if kind in KINDS and value is not None and not is_required:
            raise PydanticCustomError(
                "not_of_kind", "Must be omitted or null for kind `{kind}`", {"kind": kind}
            )
        return value

    @field_validator("minimum")
    @classmethod
    def _has_one_currency(cls, minimum: Money | None, info: ValidationInfo) -> Money | None:
        amount = info.data.get("amount")
        if minimum and amount and minimum.currency != amount.currency:
            raise PydanticCustomError("mixed_currencies", "Must be in the currency of `amount`")
        return minimum

    @field_validator("ends_at")
    @classmethod
    def _ends_after_its_start(
        cls, ends_at: datetime | None, info: ValidationInfo
    ) -> datetime | None:
        starts_at = info.data.get("starts_at")
        if starts_at and ends_at and ends_at <= starts_at:
            raise out_of_order_error("starts_at")
        return ends_at


class ChangedPromotion(NewPromotion):
    """A stored promotion after a patch, which cannot change the kind: newer code may have more."""

    kind: str  # type: ignore[assignment]  # wider than a new promotion may have


class PromotionPatch(RequestBody):
    """Changes to a promotion: a JSON merge patch (RFC 7396) for the fields of `NewPromotion`.

    Omitted fields keep their values. `null` removes a value. Objects are merged.
    """

    name: str | None = None
    percent: float | None = None
    amount: dict[str, Any] | None = None
    minimum: dict[str, Any] | None = None
    applies_to: dict[str, Any] | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    # Null is refused: removing the field would activate the promotion.
    is_active: Annotated[bool | None, NOT_NULL] = None
    uses_max: int | None = None
    uses_per_customer_max: int | None = None
    description: str | None = None


class PromotionView(View):
    """A promotion. `NewPromotion` explains the fields that staff set."""

    is_automatic: bool
    code: str
    name: str | None
    kind: Annotated[str, shown_as(Kind)]
    percent: int | float | None
    amount: Money | None
    minimum: Money | None
    applies_to: AppliesTo | None
    starts_at: datetime | None
    ends_at: datetime | None
    is_active: bool
    uses_max: int | None
    uses_per_customer_max: int | None
    used: int | None = Field(
        description="The number of orders that used the code while `uses_max` was set. Cancelled "
        "and expired orders do not count. Null if `uses_max` is null."
    )
    description: str
    created_at: datetime
    version: int = Field(
        description="Grows when staff change the promotion. A use of the code does not change it."
    )

    @classmethod
    def from_model(cls, promotion: Promotion) -> Self:
        is_counted = promotion.uses_max is not None
        return cls(
            is_automatic=bool(promotion.is_automatic),
            code=promotion.code,
            name=promotion.name,
            kind=promotion.kind,
            percent=_percent(promotion.percent),
            amount=_money(promotion.amount_minor, promotion.currency),
            minimum=_money(promotion.minimum_minor, promotion.currency),
            applies_to=_applies_to(promotion.applies_to_json),
            starts_at=promotion.starts_at,
            ends_at=promotion.ends_at,
            is_active=promotion.is_active,
            uses_max=_whole(promotion.uses_max),
            uses_per_customer_max=_whole(promotion.uses_per_customer_max),
            used=int(promotion.used) if is_counted else None,
            description=promotion.description,
            created_at=promotion.created_at,
            version=int(promotion.version),
        )


def to_request(promotion: Promotion) -> Mapping[str, Any]:
    """The request that would create this promotion; a patch is merged into it."""
    fields = set(NewPromotion.model_fields)
    return PromotionView.from_model(promotion).model_dump(
        mode="json", include=fields, exclude_none=True
    )


def _percent(stored: float | None) -> int | float | None:
    return None if stored is None else whole_if_possible(stored)


def _applies_to(stored: Mapping[str, Any] | None) -> AppliesTo | None:
    """Without its rules, and what newer code has stored in it."""
    if stored is None:
        return None
    known = {name: stored[name] for name in AppliesTo.model_fields if name in stored}
    return AppliesTo.model_construct(**known)


def _money(amount_minor: float | None, currency: str | None) -> Money | None:
    if amount_minor is None or currency is None:
        return None
    return Money(amount_minor=int(amount_minor), currency=currency)


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
