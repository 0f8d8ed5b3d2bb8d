from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from orders.pricing.promotions.fields import (
    DESCRIPTION_MAX,
    Code,
    Kind,
    Percent,
    UsesMax,
    UsesPerCustomerMax,
)
from shared.http.schemas import RequestBody, View
from shared.money import Money, Price
from shared.storage.models.pricing import Promotion
from shared.timestamps import Timestamp

_TAKES_OFF = {"percent": "percent", "fixed": "amount"}  # the field that says how much, by kind


class NewPromotion(RequestBody):
    code: Code
    kind: Kind
    percent: Percent | None = Field(default=None, validate_default=True)
    amount: Price | None = Field(
        default=None,
        validate_default=True,
        description="Of all items together, for kind `fixed`; at most what they cost.",
    )
    minimum: Money | None = Field(
        default=None, description="What the items must cost at least, before the discount."
    )
    starts_at: Timestamp | None = Field(default=None, description="From then on; null: at once.")
    ends_at: Timestamp | None = Field(
        default=None, description="From then on it is over; null: it goes on."
    )
    is_active: bool = Field(default=True, description="Whether it can be used at all.")
    uses_max: UsesMax | None = None
    uses_per_customer_max: UsesPerCustomerMax | None = None
    description: str = Field(
        default="", max_length=DESCRIPTION_MAX, description="For the shop's own people."
    )

    @field_validator("percent", "amount")
    @classmethod
    def _says_how_much(cls, value: Any, info: ValidationInfo) -> Any:
        kind = info.data.get("kind")
        is_needed = _TAKES_OFF.get(str(kind)) == info.field_name
        if kind and is_needed and value is None:
            raise PydanticCustomError("needed_by_kind", "Kind `{kind}` needs it", {"kind": kind})
        if kind and value is not None and not is_needed:
            raise PydanticCustomError("not_of_kind", "Kind `{kind}` has none", {"kind": kind})
        return value

    @field_validator("minimum")
    @classmethod
    def _is_in_one_currency(cls, minimum: Money | None, info: ValidationInfo) -> Money | None:
        amount = info.data.get("amount")
        if minimum and amount and minimum.currency != amount.currency:
            raise PydanticCustomError("mixed_currencies", "Must be in the currency of `amount`")
        return minimum

    @field_validator("ends_at")
    @classmethod
    def _begins_before(cls, ends_at: datetime | None, info: ValidationInfo) -> datetime | None:
        starts_at = info.data.get("starts_at")
        if starts_at and ends_at and ends_at <= starts_at:
            raise PydanticCustomError("times_out_of_order", "Must be later than `starts_at`")
        return ends_at


class PromotionPatch(RequestBody):
    """RFC 7396: what is left out stays, null removes, objects are merged."""

    percent: int | None = None
    amount: dict[str, Any] | None = None
    minimum: dict[str, Any] | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    is_active: bool = True  # no null: taken away, it would be in force
    uses_max: int | None = None
    uses_per_customer_max: int | None = None
    description: str | None = None


class PromotionView(View):
    code: str
    kind: Kind
    percent: int | None
    amount: Money | None
    minimum: Money | None
    starts_at: datetime | None
    ends_at: datetime | None
    is_active: bool
    uses_max: int | None
    uses_per_customer_max: int | None
    used: int | None = Field(
        description="By orders that were placed while there was a `uses_max`, and stand. Null "
        "where there is none: nothing is counted then."
    )
    description: str
    created_at: datetime
    version: int = Field(description="Does not grow when the promotion is used.")

    @classmethod
    def from_model(cls, promotion: Promotion) -> Self:
        is_counted = promotion.uses_max is not None
        return cls(
            code=promotion.code,
            kind=promotion.kind,
            percent=_whole(promotion.percent),
            amount=_money(promotion.amount_minor, promotion.currency),
            minimum=_money(promotion.minimum_minor, promotion.currency),
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
    """What would have to be sent to make it: a NewPromotion, which a patch is merged into."""
    sent = set(NewPromotion.model_fields)
    return PromotionView.from_model(promotion).model_dump(
        mode="json", include=sent, exclude_none=True
    )


def _money(amount_minor: float | None, currency: str | None) -> Money | None:
    if amount_minor is None or currency is None:
        return None
    return Money(amount_minor=int(amount_minor), currency=currency)


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
