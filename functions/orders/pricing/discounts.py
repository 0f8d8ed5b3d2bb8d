"""Whether a promotion applies, to which products, and its discount. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Literal, get_args

from orders.pricing.rounding import allocate_proportionally, round_fraction
from shared import clock
from shared.catalog_names import sku_key
from shared.errors.base import AppError
from shared.errors.promotions import (
    PromotionExpired,
    PromotionMinimumNotMet,
    PromotionNotForItems,
    PromotionNotInCurrency,
    PromotionUsedUp,
)
from shared.money import Money
from shared.storage.models.catalog import Product
from shared.storage.models.pricing import Promotion

Kind = Literal["percent", "fixed", "free_shipping"]
KINDS: tuple[str, ...] = get_args(Kind)

Totals = Mapping[str, int]  # of lines before the discount, by product


def is_usable(promotion: Promotion) -> bool:
    """Whether it is active and has started, and this release knows the discount of its kind."""
    # Newer code may have other kinds.
    return bool(
        promotion.is_active
        and promotion.kind in KINDS
        and _is_reached(clock.utc_now(), promotion.starts_at, if_unbounded=True)
    )


def require_applicable(
    promotion: Promotion, eligible: Totals, currency: str, *, used_by_customer: int
) -> None:
    """Check the promotion for the lines that it applies to, as `find_eligible` returns them.

    The usage counts are those that were read; the transaction that counts a use checks them
    again. Raises PromotionExpired, PromotionNotInCurrency, PromotionNotForItems,
    PromotionMinimumNotMet and PromotionUsedUp.
    """
    if _is_reached(clock.utc_now(), promotion.ends_at, if_unbounded=False):
        raise PromotionExpired(promotion_code=promotion.code)
    if promotion.currency not in (None, currency):
        raise PromotionNotInCurrency(
            f"This promotion applies only to orders in {promotion.currency}. Remove the code.",
            promotion_code=promotion.code,
            currency=promotion.currency,
        )
    if not eligible:
        raise PromotionNotForItems(promotion_code=promotion.code)
    if sum(eligible.values()) < (promotion.minimum_minor or 0):
        raise _minimum_not_met(promotion, currency)
    _require_uses_left(promotion, used_by_customer)


def list_applicable(
    promotions: Iterable[Promotion], products: Mapping[str, Product], totals: Totals, currency: str
) -> Iterator[Promotion]:
    """Those of the automatic promotions that apply to an order of these lines."""
    for promotion in filter(is_usable, promotions):
        eligible = find_eligible(promotion, products, totals)
        try:
            require_applicable(promotion, eligible, currency, used_by_customer=0)
        except AppError:
            continue
        yield promotion


def _minimum_not_met(promotion: Promotion, currency: str) -> PromotionMinimumNotMet:
    minimum = Money(amount_minor=int(promotion.minimum_minor), currency=currency)
    which = "items that it applies to" if promotion.applies_to_json else "items"
    return PromotionMinimumNotMet(
        f"This promotion requires {which} for {minimum} or more. Add items or remove the code.",
        promotion_code=promotion.code,
        minimum=minimum.model_dump(),
    )


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


def find_eligible(
    promotion: Promotion, products: Mapping[str, Product], totals: Totals
) -> dict[str, int]:
    """The lines that the promotion applies to."""
    scope = promotion.applies_to_json
    if scope is None:
        return dict(totals)
    skus = {sku_key(sku) for sku in scope.get("skus", ())}
    product_ids = set(scope.get("product_ids", ()))
    categories = tuple(f"{path}/" for path in scope.get("categories", ()))

    def is_in_scope(product: Product) -> bool:
        is_named = product.product_id in product_ids or sku_key(product.sku) in skus
        # A path that ends with / begins with each category above it.
        return is_named or f"{product.category or ''}/".startswith(categories)

    return {key: total for key, total in totals.items() if is_in_scope(products[key])}


def discount_by_product(
    promotion: Promotion | None, eligible: Totals, rounding: str
) -> dict[str, int]:
    """The discount of each line that the promotion applies to; at most the line's total."""
    if promotion and promotion.kind == "percent":
        part, whole = Decimal(str(promotion.percent)).as_integer_ratio()
        return {
            key: round_fraction(total * part, whole * 100, rounding)
            for key, total in eligible.items()
        }
    if promotion and promotion.kind == "fixed":
        amount = min(int(promotion.amount_minor), sum(eligible.values()))
        if amount:  # items that are free have no price to reduce
            return allocate_proportionally(amount, eligible)
    return dict.fromkeys(eligible, 0)


def is_free_shipping(promotion: Promotion | None) -> bool:
    return promotion is not None and promotion.kind == "free_shipping"
