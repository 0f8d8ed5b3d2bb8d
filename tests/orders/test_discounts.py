"""Pure: whether a promotion applies, and its discount."""

from datetime import UTC, datetime, timedelta

import pytest

from orders.pricing import discounts, quotes
from orders.pricing.inputs import AppliedCode, PricingInputs, PricingRules
from orders.pricing.rate_tables import ShippingRates, ShipTo, TaxRates
from orders.pricing.rounding import HALF_EVEN, HALF_UP
from shared import clock
from shared.errors.promotions import (
    PromotionExpired,
    PromotionMinimumNotMet,
    PromotionNotForItems,
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


@pytest.mark.parametrize(
    ("rounding", "expected"), [(HALF_UP, [1, 2, 3, 10]), (HALF_EVEN, [0, 2, 2, 10])]
)
def test_a_percentage_is_rounded_by_line(rounding, expected):
    totals = {"a": 5, "b": 15, "c": 25, "d": 100}

    by_product = discounts.discount_by_product(promotion(), totals, rounding)

    assert list(by_product.values()) == expected


@pytest.mark.parametrize(
    ("percent", "total", "discount"),
    [
        (12.5, 1_000, 125),
        (12.5, 1_020, 128),  # 127.5
        (33.33, 10_000, 3_333),
        (0.01, 5_000, 1),  # 0.5
        (99.99, 10_000, 9_999),
        (2.9, 50, 1),  # 1.45
        (0.1, 10**12, 10**9),
        (8.3333333333, 1_200, 100),
    ],
)
def test_a_percentage_can_have_decimals(percent, total, discount):
    ten = promotion(percent=percent)

    assert discounts.discount_by_product(ten, {"a": total}, HALF_UP) == {"a": discount}


def test_a_hundred_percent_takes_off_everything():
    everything = promotion(percent=100)

    assert discounts.discount_by_product(everything, {"a": 7, "b": 9}, HALF_UP) == {"a": 7, "b": 9}


def test_a_fixed_amount_is_spread_over_the_lines():
    five = promotion(kind="fixed", amount_minor=500)

    assert discounts.discount_by_product(five, {"a": 1000, "b": 2000}, HALF_UP) == {
        "a": 167,
        "b": 333,
    }


def test_a_fixed_amount_takes_off_at_most_the_items_value():
    five = promotion(kind="fixed", amount_minor=500)

    assert discounts.discount_by_product(five, {"a": 100, "b": 200}, HALF_UP) == {
        "a": 100,
        "b": 200,
    }


def test_free_shipping_does_not_discount_the_lines():
    free = promotion(kind="free_shipping")

    assert discounts.discount_by_product(free, {"a": 100}, HALF_UP) == {"a": 0}
    assert discounts.is_free_shipping(free)
    assert not discounts.is_free_shipping(promotion())


def test_a_fixed_amount_takes_nothing_off_free_items():
    five = promotion(kind="fixed", amount_minor=500)

    assert discounts.discount_by_product(five, {"gift": 0}, HALF_UP) == {"gift": 0}
    assert discounts.discount_by_product(five, {"gift": 0, "tea": 900}, HALF_UP) == {
        "gift": 0,
        "tea": 500,
    }


CATALOG = {
    product_id: Product(product_id, sku=sku, category=category)
    for product_id, sku, category in [
        ("prd_pot", "Pot 3/4", "home/kitchen/teapots"),
        ("prd_mat", "MAT", "home/kitchen"),
        ("prd_lamp", "LAMP", "home/kitchens"),
        ("prd_tea", "Tee-Grün", None),
    ]
}
TOTALS = {"prd_pot": 3000, "prd_mat": 1000, "prd_lamp": 500, "prd_tea": 700}


@pytest.mark.parametrize(
    ("applies_to", "expected"),
    [
        (None, {"prd_pot", "prd_mat", "prd_lamp", "prd_tea"}),
        ({"categories": ["home/kitchen"]}, {"prd_pot", "prd_mat"}),
        ({"categories": ["home"]}, {"prd_pot", "prd_mat", "prd_lamp"}),
        ({"categories": ["kitchen"]}, set()),
        ({"product_ids": ["prd_tea"]}, {"prd_tea"}),
        ({"skus": ["pot 3/4", "TEE-GRÜN"]}, {"prd_pot", "prd_tea"}),
        ({"skus": ["tee-gru\u0308n"]}, {"prd_tea"}),
        ({"skus": ["POT\u00a03/4"]}, {"prd_pot"}),
        ({"categories": ["home/kitchens"], "skus": ["MAT"]}, {"prd_lamp", "prd_mat"}),
        ({"tags": ["new"]}, set()),  # of newer code
    ],
)
def test_a_promotion_applies_to_what_it_names(applies_to, expected):
    some = promotion(applies_to_json=applies_to)

    assert set(discounts.find_eligible(some, CATALOG, TOTALS)) == expected


def test_a_code_for_other_products_is_refused():
    with pytest.raises(PromotionNotForItems) as refusal:
        apply(promotion(applies_to_json={"skus": ["POT"]}))

    assert refusal.value.details == {"promotion_code": "SPRING"}


def test_the_minimum_counts_the_items_that_it_applies_to():
    kitchen = promotion(minimum_minor=4000, applies_to_json={"categories": ["home/kitchen"]})
    eligible = discounts.find_eligible(kitchen, CATALOG, TOTALS)
    few = {"prd_pot": 3000, "prd_lamp": 9000}

    discounts.require_applicable(kitchen, eligible, "EUR", used_by_customer=0)

    with pytest.raises(PromotionMinimumNotMet, match="items that it applies to"):
        discounts.require_applicable(
            kitchen, discounts.find_eligible(kitchen, CATALOG, few), "EUR", used_by_customer=0
        )


def test_the_code_of_an_automatic_promotion_is_unknown_to_buyers():
    with pytest.raises(UnknownPromotion):
        apply(promotion(is_automatic=True))


AUTOMATIC = {
    "applies": (promotion(is_automatic=True), True),
    "started": (promotion(starts_at=NOW, ends_at=NOW + INSTANT), True),
    "starts later": (promotion(starts_at=NOW + INSTANT), False),
    "has ended": (promotion(ends_at=NOW), False),
    "inactive": (promotion(is_active=False), False),
    "newer kind": (promotion(kind="buy_one_get_one"), False),
    "other currency": (promotion(minimum_minor=1, currency="USD"), False),
    "minimum met": (promotion(minimum_minor=5200, currency="EUR"), True),
    "minimum not met": (promotion(minimum_minor=5201, currency="EUR"), False),
    "other products": (promotion(applies_to_json={"skus": ["CUP"]}), False),
}


@pytest.mark.parametrize(("automatic", "applies"), AUTOMATIC.values(), ids=AUTOMATIC)
def test_an_automatic_promotion_applies_or_is_left_out(automatic, applies):
    found = list(discounts.list_applicable([automatic], CATALOG, TOTALS, "EUR"))

    assert found == ([automatic] if applies else [])
