"""Pure: whether a promotion applies, and its discount."""

from datetime import UTC, datetime, timedelta

import pytest

from orders.pricing import discounts, quotes
from orders.pricing.inputs import AppliedCode, PricingInputs, PricingRules
from orders.pricing.rate_tables import ShippingRates, ShipTo, TaxRates
from shared import clock
from shared.errors.orders import (
    PromotionExpired,
    PromotionMinimumNotMet,
    PromotionNotInCurrency,
    PromotionUsedUp,
    UnknownPromotion,
)
from shared.storage.models.catalog import Product
from shared.storage.models.pricing import Promotion

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr(clock, "utc_now", lambda: NOW)


def promotion(**changes) -> Promotion:
    ten_percent = {"kind": "percent", "percent": 10, "is_active": True, "version": 1}
    return Promotion("promotions", "SPRING", **ten_percent | changes)


def apply(promotion, *, items_minor=1000, used_by_customer=0):
    """The promotion that an order in euros gets for the code SPRING."""
    return quoted(AppliedCode("SPRING", promotion, used_by_customer), items_minor)


def quoted(applied_code, items_minor=1000):
    tea = Product(
        "prd_tea",
        sku="TEA",
        name="Tea",
        price_minor=items_minor,
        currency="EUR",
        status="active",
    )
    rules = PricingRules(TaxRates(), ShippingRates(), applied_code)
    quote = quotes.price_order({"prd_tea": 1}, PricingInputs({"prd_tea": tea}, rules), ShipTo("GB"))
    return quote.promotion


def test_a_promotion_without_limits_always_applies():
    spring = promotion()

    assert apply(spring, used_by_customer=10**6) is spring


def test_without_a_code_there_is_no_promotion():
    assert quoted(None) is None


@pytest.mark.parametrize("found", [None, promotion(is_active=False)])
def test_an_inactive_promotion_is_as_unknown_as_a_missing_one(found):
    with pytest.raises(UnknownPromotion) as refusal:
        apply(found)

    assert refusal.value.details == {"promotion_code": "SPRING"}


def test_a_promotion_applies_from_its_start():
    assert apply(promotion(starts_at=NOW))
    with pytest.raises(UnknownPromotion) as refusal:
        apply(promotion(starts_at=NOW + INSTANT))
    assert refusal.value.details == {"promotion_code": "SPRING"}


def test_a_promotion_no_longer_applies_at_its_end():
    assert apply(promotion(ends_at=NOW + INSTANT))
    with pytest.raises(PromotionExpired):
        apply(promotion(ends_at=NOW))


def test_the_minimum_counts_the_items_before_any_discount():
    spring = promotion(minimum_minor=1000, currency="EUR")

    assert apply(spring, items_minor=1000)
    with pytest.raises(PromotionMinimumNotMet) as refusal:
        apply(spring, items_minor=999)
    assert refusal.value.details["minimum"] == {"amount_minor": 1000, "currency": "EUR"}


def test_a_fixed_promotion_applies_to_orders_in_its_currency():
    with pytest.raises(PromotionNotInCurrency) as refusal:
        apply(promotion(kind="fixed", amount_minor=500, currency="USD"))

    assert refusal.value.details["currency"] == "USD"


def test_all_customers_together_have_a_limit_of_uses():
    assert apply(promotion(uses_max=3, used=2))
    with pytest.raises(PromotionUsedUp) as refusal:
        apply(promotion(uses_max=3, used=3))
    assert refusal.value.details["by"] == "all_customers"


def test_each_customer_has_a_limit_of_uses():
    once = promotion(uses_per_customer_max=1)

    assert apply(once, used_by_customer=0)
    with pytest.raises(PromotionUsedUp) as refusal:
        apply(once, used_by_customer=1)
    assert refusal.value.details["by"] == "customer"


def test_a_percentage_is_rounded_half_to_even_by_line():
    totals = {"a": 5, "b": 15, "c": 25, "d": 100}

    assert discounts.discount_by_product(promotion(), totals) == {"a": 0, "b": 2, "c": 2, "d": 10}


def test_a_hundred_percent_takes_off_everything():
    assert discounts.discount_by_product(promotion(percent=100), {"a": 7, "b": 9}) == {
        "a": 7,
        "b": 9,
    }


def test_a_fixed_amount_is_spread_over_the_lines():
    five = promotion(kind="fixed", amount_minor=500)

    assert discounts.discount_by_product(five, {"a": 1000, "b": 2000}) == {"a": 167, "b": 333}


def test_a_fixed_amount_takes_off_at_most_the_items_value():
    five = promotion(kind="fixed", amount_minor=500)

    assert discounts.discount_by_product(five, {"a": 100, "b": 200}) == {"a": 100, "b": 200}


def test_free_shipping_does_not_discount_the_lines():
    free = promotion(kind="free_shipping")

    assert discounts.discount_by_product(free, {"a": 100}) == {"a": 0}
    assert discounts.is_free_shipping(free)
    assert not discounts.is_free_shipping(promotion())
