"""Pure: whether a promotion may be used, and what it takes off."""

from datetime import UTC, datetime, timedelta

import pytest

from orders.pricing import discounts
from orders.pricing.discounts import AppliedCode
from shared import clock
from shared.errors.orders import (
    PromotionExpired,
    PromotionMinimumNotMet,
    PromotionNotInCurrency,
    PromotionNotStarted,
    PromotionUsedUp,
    UnknownPromotion,
)
from shared.storage.models.pricing import Promotion

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr(clock, "utc_now", lambda: NOW)


def promotion(**changes) -> Promotion:
    ten_percent = {"kind": "percent", "percent": 10, "is_active": True, "version": 1}
    return Promotion("promotions", "SPRING", **ten_percent | changes)


def use(found, *, items_minor=1000, currency="EUR", used_by_customer=0):
    presented = AppliedCode("SPRING", found, used_by_customer)
    return discounts.require_usable(presented, items_minor, currency)


def test_a_promotion_without_bounds_may_always_be_used():
    spring = promotion()

    assert use(spring, used_by_customer=10**6) is spring


def test_without_a_code_there_is_no_promotion():
    assert discounts.require_usable(None, 1000, "EUR") is None


@pytest.mark.parametrize("found", [None, promotion(is_active=False)])
def test_one_that_staff_have_ended_is_as_unknown_as_one_that_never_was(found):
    with pytest.raises(UnknownPromotion) as refusal:
        use(found)

    assert refusal.value.details == {"promotion_code": "SPRING"}


def test_it_starts_at_its_first_moment():
    assert use(promotion(starts_at=NOW))
    with pytest.raises(PromotionNotStarted):
        use(promotion(starts_at=NOW + MOMENT))


def test_it_is_over_at_its_last_moment():
    assert use(promotion(ends_at=NOW + MOMENT))
    with pytest.raises(PromotionExpired):
        use(promotion(ends_at=NOW))


def test_its_minimum_is_of_the_items_before_any_discount():
    spring = promotion(minimum_minor=1000, currency="EUR")

    assert use(spring, items_minor=1000)
    with pytest.raises(PromotionMinimumNotMet) as refusal:
        use(spring, items_minor=999)
    assert refusal.value.details["minimum"] == {"amount_minor": 1000, "currency": "EUR"}


def test_one_with_an_amount_is_for_orders_in_its_currency():
    with pytest.raises(PromotionNotInCurrency) as refusal:
        use(promotion(kind="fixed", amount_minor=500, currency="USD"))

    assert refusal.value.details["currency"] == "USD"


def test_it_may_be_used_so_often_by_all_together():
    assert use(promotion(uses_max=3, used=2))
    with pytest.raises(PromotionUsedUp) as refusal:
        use(promotion(uses_max=3, used=3))
    assert refusal.value.details["by"] == "all_customers"


def test_it_may_be_used_so_often_by_each():
    once = promotion(uses_per_customer_max=1)

    assert use(once, used_by_customer=0)
    with pytest.raises(PromotionUsedUp) as refusal:
        use(once, used_by_customer=1)
    assert refusal.value.details["by"] == "customer"


def test_a_percentage_is_rounded_half_to_even_line_by_line():
    totals = {"a": 5, "b": 15, "c": 25, "d": 100}

    assert discounts.discount_by_product(promotion(), totals) == {"a": 0, "b": 2, "c": 2, "d": 10}


def test_a_hundred_percent_is_all_of_it():
    assert discounts.discount_by_product(promotion(percent=100), {"a": 7, "b": 9}) == {
        "a": 7,
        "b": 9,
    }


def test_a_fixed_amount_is_spread_over_the_lines():
    five = promotion(kind="fixed", amount_minor=500)

    assert discounts.discount_by_product(five, {"a": 1000, "b": 2000}) == {"a": 167, "b": 333}


def test_a_fixed_amount_takes_off_no_more_than_there_is():
    five = promotion(kind="fixed", amount_minor=500)

    assert discounts.discount_by_product(five, {"a": 100, "b": 200}) == {"a": 100, "b": 200}


def test_free_shipping_takes_nothing_off_the_lines():
    free = promotion(kind="free_shipping")

    assert discounts.discount_by_product(free, {"a": 100}) == {"a": 0}
    assert discounts.is_free_shipping(free)
    assert not discounts.is_free_shipping(promotion())
