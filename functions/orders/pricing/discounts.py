"""Whether a promotion code may be used, and what it takes off. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orders.pricing.rounding import allocate_proportionally, half_even
from shared import clock
from shared.errors.orders import (
    PromotionExpired,
    PromotionMinimumNotMet,
    PromotionNotInCurrency,
    PromotionNotStarted,
    PromotionUsedUp,
    UnknownPromotion,
)
from shared.money import Money
from shared.storage.models.pricing import Promotion


@dataclass(frozen=True, slots=True)
class AppliedCode:
    """A code that a buyer has sent, and what was found of it."""

    code: str
    promotion: Promotion | None
    used_by_customer: int


def require_usable(
    presented: AppliedCode | None, items_minor: int, currency: str
) -> Promotion | None:
    """The promotion, for items that cost so much; None where no code was sent.

    Whether it is used up is decided by the transaction that counts it; here, by what was read.
    Raises UnknownPromotion, PromotionNotStarted, PromotionExpired, PromotionNotInCurrency,
    PromotionMinimumNotMet and PromotionUsedUp.
    """
    if presented is None:
        return None
    promotion, code = presented.promotion, presented.code
    if promotion is None or not promotion.is_active:
        raise UnknownPromotion("There is no such promotion.", promotion_code=code)
    _require_current(promotion)
    if promotion.currency not in (None, currency):
        raise PromotionNotInCurrency(
            f"This promotion is for orders in {promotion.currency}.",
            promotion_code=code,
            currency=promotion.currency,
        )
    if items_minor < (promotion.minimum_minor or 0):
        minimum = Money(amount_minor=int(promotion.minimum_minor), currency=currency)
        raise PromotionMinimumNotMet(
            f"This promotion is for orders of {minimum} or more.",
            promotion_code=code,
            minimum=minimum.model_dump(),
        )
    _require_uses_left(promotion, presented.used_by_customer)
    return promotion


def _require_current(promotion: Promotion) -> None:
    now = clock.utc_now()
    if not _is_reached(now, promotion.starts_at, otherwise=True):
        raise PromotionNotStarted(
            "This promotion has not started yet.", promotion_code=promotion.code
        )
    if _is_reached(now, promotion.ends_at, otherwise=False):
        raise PromotionExpired("This promotion is over.", promotion_code=promotion.code)


def _require_uses_left(promotion: Promotion, used_by_customer: int) -> None:
    if _is_reached(promotion.used, promotion.uses_max, otherwise=False):
        raise used_up(promotion)
    if _is_reached(used_by_customer, promotion.uses_per_customer_max, otherwise=False):
        raise used_up_by_customer(promotion)


def _is_reached(now: Any, bound: Any | None, *, otherwise: bool) -> bool:
    """`otherwise` is the answer where there is no bound."""
    return otherwise if bound is None else bool(now >= bound)


def used_up(promotion: Promotion) -> PromotionUsedUp:
    return PromotionUsedUp(
        "This promotion is used up.", promotion_code=promotion.code, by="all_customers"
    )


def used_up_by_customer(promotion: Promotion) -> PromotionUsedUp:
    return PromotionUsedUp(
        "You have used this promotion as often as you may.",
        promotion_code=promotion.code,
        by="customer",
    )


def discounts(promotion: Promotion | None, totals: Mapping[str, int]) -> dict[str, int]:
    """What it takes off each line, by product; never more than the line costs."""
    if promotion and promotion.kind == "percent":
        percent = int(promotion.percent)
        return {key: half_even(total * percent, 100) for key, total in totals.items()}
    if promotion and promotion.kind == "fixed":
        return allocate_proportionally(
            min(int(promotion.amount_minor), sum(totals.values())), totals
        )
    return dict.fromkeys(totals, 0)


def ships_free(promotion: Promotion | None) -> bool:
    return promotion is not None and promotion.kind == "free_shipping"
