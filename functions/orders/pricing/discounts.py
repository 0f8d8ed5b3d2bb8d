"""Whether a promotion applies, and its discount. Pure."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from orders.pricing.rounding import allocate_proportionally, half_even
from shared import clock
from shared.errors.orders import (
    PromotionExpired,
    PromotionMinimumNotMet,
    PromotionNotInCurrency,
    PromotionUsedUp,
)
from shared.money import Money
from shared.storage.models.pricing import Promotion

Kind = Literal["percent", "fixed", "free_shipping"]
KINDS: tuple[str, ...] = get_args(Kind)


def require_applicable(
    promotion: Promotion, items_minor: int, currency: str, *, used_by_customer: int
) -> None:
    """Check the promotion for items of this value.

    The usage counts are those that were read; the transaction that counts a use checks them
    again. Raises PromotionExpired, PromotionNotInCurrency, PromotionMinimumNotMet and
    PromotionUsedUp.
    """
    if _is_reached(clock.utc_now(), promotion.ends_at, if_unbounded=False):
        raise PromotionExpired(promotion_code=promotion.code)
    if promotion.currency not in (None, currency):
        raise PromotionNotInCurrency(
            f"This promotion applies only to orders in {promotion.currency}. Remove the code.",
            promotion_code=promotion.code,
            currency=promotion.currency,
        )
    if items_minor < (promotion.minimum_minor or 0):
        minimum = Money(amount_minor=int(promotion.minimum_minor), currency=currency)
        raise PromotionMinimumNotMet(
            f"This promotion requires items for {minimum} or more. Add items or remove the code.",
            promotion_code=promotion.code,
            minimum=minimum.model_dump(),
        )
    _require_uses_left(promotion, used_by_customer)


def has_started(promotion: Promotion) -> bool:
    return _is_reached(clock.utc_now(), promotion.starts_at, if_unbounded=True)


def _require_uses_left(promotion: Promotion, used_by_customer: int) -> None:
    if _is_reached(promotion.used, promotion.uses_max, if_unbounded=False):
        raise used_up(promotion)
    if _is_reached(used_by_customer, promotion.uses_per_customer_max, if_unbounded=False):
        raise used_up_by_customer(promotion)


def _is_reached(value: Any, bound: Any | None, *, if_unbounded: bool) -> bool:
    return if_unbounded if bound is None else bool(value >= bound)


def used_up(promotion: Promotion) -> PromotionUsedUp:
    return PromotionUsedUp(promotion_code=promotion.code, by="all_customers")


def used_up_by_customer(promotion: Promotion) -> PromotionUsedUp:
    return PromotionUsedUp(
        "You cannot use this promotion more often. Remove the code.",
        promotion_code=promotion.code,
        by="customer",
    )


def discount_by_product(promotion: Promotion | None, totals: Mapping[str, int]) -> dict[str, int]:
    """The discount of each line, by product; at most the line's total."""
    if promotion and promotion.kind == "percent":
        percent = int(promotion.percent)
        return {product_id: half_even(total * percent, 100) for product_id, total in totals.items()}
    if promotion and promotion.kind == "fixed":
        amount = min(int(promotion.amount_minor), sum(totals.values()))
        if amount:  # items that are free have no price to reduce
            return allocate_proportionally(amount, totals)
    return dict.fromkeys(totals, 0)


def is_free_shipping(promotion: Promotion | None) -> bool:
    return promotion is not None and promotion.kind == "free_shipping"
