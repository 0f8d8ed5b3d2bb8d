"""Pure: which promotion an order gets, of a code and of those that apply by themselves."""

import json

import pytest

from orders.pricing import quotes
from orders.pricing.inputs import AppliedCode, PricingInputs, PricingRules
from orders.pricing.quotes import Quote
from orders.pricing.rate_tables import ShippingRates, ShipTo, TaxRates
from shared.errors.promotions import PromotionMinimumNotMet
from shared.storage.models.catalog import Product
from shared.storage.models.pricing import Promotion
from tests.support import pricing

POT = Product("prd_pot", sku="POT", name="Pot", price_minor=3_000, category="home/kitchen")
TEA = Product("prd_tea", sku="TEA", name="Tea", price_minor=1_001, category="tea/green")
GIFT = Product("prd_gift", sku="GIFT", name="Gift", price_minor=0, category="tea")
CATALOG = {product.product_id: product for product in (POT, TEA, GIFT)}
TEAS = {"categories": ["tea"]}
ZONE = pricing.zone("GB", free_from_minor=4_000)  # else EUR 4.90

for _product in CATALOG.values():
    _product.currency, _product.status, _product.tax_class = "EUR", "active", "standard"


def promotion(code: str, **changes) -> Promotion:
    stored = {"kind": "percent", "percent": 10, "is_active": True, "version": 1}
    return Promotion("promotions", code, **stored | changes)


def fixed(code: str, amount_minor: int, **changes) -> Promotion:
    amounts = {"amount_minor": amount_minor, "currency": "EUR"}
    return promotion(code, kind="fixed", percent=None, **amounts | changes)


def quote(*automatic: Promotion, code: Promotion | None = None, zones=(), taxed=()) -> Quote:
    """A pot, a tea and a gift, for 40.01 euros."""
    rules = PricingRules(
        TaxRates.from_document(json.dumps({"destinations": list(taxed)})),
        ShippingRates.from_document(json.dumps({"zones": list(zones)})),
        AppliedCode(code.code, code, used_by_customer=0) if code else None,
        automatic,
    )
    return quotes.price_order(
        dict.fromkeys(CATALOG, 1), PricingInputs(CATALOG, rules), ShipTo("GB")
    )


def discounts_of(found: Quote) -> list[int]:
    return [int(line.discount_minor) for line in found.lines]


def test_an_automatic_promotion_applies_by_itself():
    ten = promotion("TEN")

    found = quote(ten)

    assert found.promotion is ten
    assert discounts_of(found) == [300, 100, 0]


def test_the_best_of_several_wins():
    five, best, other = promotion("FIVE", percent=5), fixed("BEST", 500), promotion("TEN")

    assert quote(five, best, other).promotion is best


def test_the_first_of_two_equally_good_ones_wins():
    first, second = fixed("FIRST", 500), fixed("SECOND", 500)

    assert quote(first, second).promotion is first
    assert quote(second, first).promotion is second


def test_a_promotion_that_saves_nothing_is_not_used():
    ship = promotion("SHIP", kind="free_shipping", percent=None)
    cheap = promotion("CENT", percent=0.01, applies_to_json={"skus": ["GIFT"]})

    assert quote(ship, cheap).promotion is None


def test_free_shipping_counts_what_shipping_costs():
    ship, four = promotion("SHIP", kind="free_shipping", percent=None), fixed("FOUR", 400)
    always = [pricing.zone("GB")]  # EUR 4.90

    assert quote(ship, four, zones=always).promotion is ship
    assert quote(ship, fixed("FIVE", 500), zones=always).promotion.code == "FIVE"


def test_a_discount_that_makes_shipping_dearer_is_not_used():
    """40.01 ship for free; less a euro they would cost 4.90 more."""
    assert quote(fixed("EURO", 100), zones=[ZONE]).promotion is None


def test_the_better_of_a_code_and_an_automatic_promotion_wins():
    ten, code = promotion("TEN"), promotion("TWENTY", percent=20)

    assert quote(ten, code=code).promotion is code
    assert quote(code, code=ten).promotion is code


def test_a_code_wins_over_an_equal_automatic_promotion():
    code = fixed("CODE", 500)

    assert quote(fixed("AUTO", 500), code=code).promotion is code


def test_they_never_add_up():
    found = quote(fixed("AUTO", 400), promotion("TEN"), code=fixed("CODE", 500))

    assert found.totals.discount_minor == 500


def test_a_code_that_does_not_apply_is_refused_all_the_same():
    dear = promotion("DEAR", minimum_minor=10_000, currency="EUR")

    with pytest.raises(PromotionMinimumNotMet):
        quote(promotion("TEN"), code=dear)


def test_a_percentage_is_taken_off_the_lines_that_it_names():
    found = quote(promotion("TEA", percent=12.5, applies_to_json=TEAS))

    assert discounts_of(found) == [0, 125, 0]  # of 10.01: 1.25125


def test_a_fixed_amount_is_spread_over_the_lines_that_it_names():
    found = quote(fixed("TEA", 5_000, applies_to_json=TEAS))

    assert discounts_of(found) == [0, 1_001, 0]


def test_tax_is_charged_after_the_discount_of_some_lines():
    taxed = [pricing.destination("GB", rates={"standard": 100_000})]

    found = quote(promotion("TEA", percent=50, applies_to_json=TEAS), taxed=taxed)

    assert discounts_of(found) == [0, 501, 0]  # of 10.01: 5.005
    assert [int(line.tax_minor) for line in found.lines] == [300, 50, 0]
    assert found.totals.total_minor == 4_001 - 501 + 350


def test_discounts_are_rounded_as_their_destination_says():
    taxed = [pricing.destination("GB", rates={"standard": 0}, rounding="half_even")]

    found = quote(promotion("TEA", percent=50, applies_to_json=TEAS), taxed=taxed)

    assert discounts_of(found) == [0, 500, 0]


def test_a_promotion_for_a_category_ships_all_for_free():
    ship = promotion("SHIP", kind="free_shipping", percent=None, applies_to_json=TEAS)

    found = quote(ship, zones=[pricing.zone("GB")])

    assert (found.promotion, found.totals.shipping_minor) == (ship, 0)
