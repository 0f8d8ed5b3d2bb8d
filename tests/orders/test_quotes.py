"""Pure: what an order costs, to the last minor unit."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.checkout.schemas import QuoteRequest
from orders.pricing import quotes, rounding
from orders.pricing.inputs import AppliedCode, PricingInputs, PricingRules
from orders.pricing.rate_tables import ShippingRates, ShipTo, TaxRates
from shared.errors.orders import (
    AmountTooLarge,
    MixedCurrencies,
    NoShippingRate,
    NoTaxRate,
    UnknownProducts,
    UnknownRegion,
)
from shared.storage.models.catalog import Product
from shared.storage.models.pricing import Promotion
from tests.support import pricing

KEYS = "abcdefgh"


def product(product_id, price_minor, currency="EUR", status="active", tax_class="standard"):
    return Product(
        product_id,
        sku=product_id,
        name=product_id,
        price_minor=price_minor,
        currency=currency,
        status=status,
        tax_class=tax_class,
    )


def rules(*, taxed=(), zones=(), promotion=None, automatic=()) -> PricingRules:
    applied_code = promotion and AppliedCode(promotion.code, promotion, used_by_customer=0)
    return PricingRules(
        TaxRates.from_document(json.dumps({"destinations": list(taxed)})),
        ShippingRates.from_document(json.dumps({"zones": list(zones)})),
        applied_code,
        tuple(automatic),
    )


def promotion(kind, **changes) -> Promotion:
    return Promotion("promotions", "CODE", kind=kind, is_active=True, version=1, **changes)


def percent(of, **changes) -> Promotion:
    return promotion("percent", percent=of, **changes)


def fixed(amount_minor, **changes) -> Promotion:
    return promotion("fixed", amount_minor=amount_minor, currency="EUR", **changes)


def price(quantities, products, under=None, *, country="GB", region=None):
    inputs = PricingInputs(products, under or rules())
    return quotes.price_order(quantities, inputs, ShipTo(country, region))


def price_one(price_minor, under, **where):
    """Price one unit of one product."""
    return price({"a": 1}, {"a": product("a", price_minor)}, under, **where)


def amounts(quote) -> dict:
    totals = quote.totals.attribute_values
    return {key: int(value) for key, value in totals.items() if key.endswith("_minor")}


quantities = st.dictionaries(st.sampled_from(KEYS), st.integers(1, 1_000), min_size=1)
prices = st.fixed_dictionaries({key: st.integers(0, 10**6) for key in KEYS})
tax_classes = st.fixed_dictionaries(
    {key: st.sampled_from(["standard", "reduced", "books"]) for key in KEYS}
)
ppms = st.integers(0, 1_000_000)
several_taxes = st.lists(
    st.tuples(st.integers(0, 100_000), st.integers(0, 100_000), st.booleans()),
    min_size=1,
    max_size=5,
).map(
    lambda found: [
        {
            "name": f"Tax {number}",
            "rates": {"standard": standard, "reduced": reduced},
            "is_compound": is_compound,
        }
        for number, (standard, reduced, is_compound) in enumerate(found)
    ]
)
destinations = st.builds(
    lambda included, standard, reduced, taxes, rounding: pricing.destination(
        "GB",
        included=included,
        rates={"standard": standard, "reduced": reduced},
        taxes=taxes,
        rounding=rounding,
        shipping_class="reduced",
    ),
    st.booleans(),
    ppms,
    ppms,
    st.none() | several_taxes,
    st.sampled_from(rounding.ROUNDINGS),
)
zones = st.builds(
    lambda price_minor, free_from: pricing.zone(
        "GB", steps=[{"from_minor": 0, "price_minor": price_minor}], free_from_minor=free_from
    ),
    st.integers(0, 10**5),
    st.none() | st.integers(0, 10**9),
)
scopes = st.none() | st.sets(st.sampled_from(KEYS), min_size=1).map(
    lambda keys: {"product_ids": sorted(keys)}
)
some_promotions = st.one_of(
    st.builds(percent, st.integers(1, 100) | st.floats(0.01, 100), applies_to_json=scopes),
    st.builds(fixed, st.integers(1, 10**10), applies_to_json=scopes),
    st.builds(promotion, st.just("free_shipping"), applies_to_json=scopes),
)
all_rules = st.builds(
    lambda destination, zone, automatic: rules(
        taxed=[destination], zones=[zone], automatic=automatic
    ),
    destinations,
    zones,
    st.lists(some_promotions, max_size=4),
)


def catalog(price_of, class_of) -> dict[str, Product]:
    return {key: product(key, price_of[key], tax_class=class_of[key]) for key in KEYS}


def ordered_from(products, ordered) -> dict[str, Product]:
    return {key: products[key] for key in ordered}


@given(quantities, prices, tax_classes, all_rules)
def test_the_parts_add_up_to_the_whole(ordered, price_of, class_of, under):
    products = ordered_from(catalog(price_of, class_of), ordered)

    quote = price(ordered, products, under)

    total = quote.totals
    added_tax = 0 if quote.tax_included else total.tax_minor
    assert total.items_minor == sum(ordered[key] * price_of[key] for key in ordered)
    assert total.items_minor == sum(line.line_total_minor for line in quote.lines)
    assert total.discount_minor == sum(line.discount_minor for line in quote.lines)
    assert total.tax_minor == (
        sum(line.tax_minor for line in quote.lines) + total.shipping_tax_minor
    )
    assert total.tax_minor == sum(tax.amount_minor for tax in total.taxes)
    for line in quote.lines:
        assert line.tax_minor == sum(tax.amount_minor for tax in line.taxes)
    assert total.total_minor == (
        total.items_minor - total.discount_minor + total.shipping_minor + added_tax
    )


@given(quantities, prices, tax_classes, all_rules)
def test_no_amount_is_negative_or_above_its_line(ordered, price_of, class_of, under):
    products = ordered_from(catalog(price_of, class_of), ordered)

    quote = price(ordered, products, under)

    assert all(0 <= line.discount_minor <= line.line_total_minor for line in quote.lines)
    assert all(0 <= line.tax_minor <= line.line_total_minor for line in quote.lines)
    assert all(tax.amount_minor >= 0 for line in quote.lines for tax in line.taxes)
    assert 0 <= quote.totals.shipping_tax_minor <= quote.totals.shipping_minor
    assert min(amounts(quote).values()) >= 0


@given(quantities, prices, tax_classes, all_rules)
def test_no_other_promotion_makes_the_order_cheaper(ordered, price_of, class_of, under):
    products = ordered_from(catalog(price_of, class_of), ordered)

    quote = price(ordered, products, under)

    for alone in ([], *([each] for each in under.automatic)):
        other = price(ordered, products, under.replace(automatic=tuple(alone)))
        assert quote.totals.total_minor <= other.totals.total_minor


@given(quantities, prices, tax_classes, all_rules, st.randoms())
def test_the_order_of_the_lines_changes_nothing(ordered, price_of, class_of, under, chance):
    products = ordered_from(catalog(price_of, class_of), ordered)
    shuffled = list(ordered.items())
    chance.shuffle(shuffled)

    first, second = price(ordered, products, under), price(dict(shuffled), products, under)

    assert amounts(first) == amounts(second)
    assert {line.product_id: line.serialize(line) for line in first.lines} == {
        line.product_id: line.serialize(line) for line in second.lines
    }


@given(st.integers(1, 10**9), ppms)
def test_an_included_tax_and_the_net_price_make_the_price(price_minor, ppm):
    under = rules(taxed=[pricing.destination("GB", included=True, rates={"standard": ppm})])

    quote = price_one(price_minor, under)

    tax_minor = int(quote.lines[0].tax_minor)
    net_minor = price_minor - tax_minor
    assert quote.totals.total_minor == price_minor
    # The same tax added to the net price gives the price again, up to rounding.
    assert abs(rounding.round_fraction(net_minor * (1_000_000 + ppm), 1_000_000) - price_minor) <= 1


@pytest.mark.parametrize(
    ("price_minor", "included", "tax_minor", "total_minor"),
    [
        (11900, True, 1900, 11900),
        (10000, False, 1900, 11900),
        (1, True, 0, 1),
        (50, False, 10, 60),  # 9.5 to the even 10
        (150, False, 29, 179),  # 28.5
    ],
)
def test_tax_is_included_in_the_price_or_added_to_it(price_minor, included, tax_minor, total_minor):
    under = rules(taxed=[pricing.destination("GB", included=included, rates={"standard": 190_000})])

    quote = price_one(price_minor, under)

    assert (quote.totals.tax_minor, quote.totals.total_minor) == (tax_minor, total_minor)
    assert quote.tax_included is included
    assert quote.lines[0].tax_rate_ppm == 190_000


def test_each_line_is_taxed_by_its_class_and_rounded_alone():
    products = {
        "a": product("a", 150),
        "b": product("b", 150),
        "c": product("c", 1000, tax_class="reduced"),
        "d": product("d", 1000, tax_class="unheard-of"),
    }
    under = rules(taxed=[pricing.destination("GB", rates={"standard": 190_000, "reduced": 70_000})])

    quote = price(dict.fromkeys(products, 1), products, under)

    assert [line.tax_minor for line in quote.lines] == [29, 29, 70, 190]
    assert quote.totals.tax_minor == 318


def test_tax_is_calculated_after_the_discount():
    under = rules(taxed=[pricing.destination("GB")], promotion=percent(10))

    quote = price_one(1000, under)

    assert amounts(quote) == {
        "items_minor": 1000,
        "discount_minor": 100,
        "shipping_minor": 0,
        "tax_minor": 180,
        "shipping_tax_minor": 0,
        "total_minor": 1080,
    }


def test_shipping_is_taxed_by_the_destinations_class():
    reduced = {"rates": {"standard": 200_000, "reduced": 100_000}, "shipping_class": "reduced"}
    under = rules(taxed=[pricing.destination("GB", **reduced)], zones=[pricing.zone("GB")])

    quote = price_one(1000, under)

    assert (quote.totals.shipping_minor, quote.totals.tax_minor) == (490, 200 + 49)
    assert quote.totals.total_minor == 1000 + 490 + 249


@pytest.mark.parametrize(
    ("country", "region", "ppm"),
    [
        ("US", "NY", 80_000),
        ("US", " ny ", 80_000),
        ("US", "us-ny", 80_000),
        ("US", "New York", 80_000),
        ("US", "State of New York", 80_000),
        ("US", "CA", 10_000),
        ("US", "Armed Forces (AE)", 10_000),
        ("PR", None, 0),
        ("US", "Puerto Rico", 0),
        ("CA", "QUEBEC", 99_750),
        ("CA", "Que\u0301bec", 99_750),
        ("ES", "Las Palmas", 70_000),
        ("ES", "Canarias", 70_000),
        ("ES", "Madrid", 210_000),
        ("JP", "Tokyo", 100_000),
        ("JP", "東京都", 100_000),
        ("AE", "دبي", 50_000),
        ("GB", None, 0),
        ("GB", "Scotland", 0),
    ],
)
def test_a_region_replaces_the_rates_of_its_country(country, region, ppm):
    under = rules(
        taxed=[
            pricing.destination("US", rates={"standard": 10_000}),
            pricing.destination("US", region="NY", rates={"standard": 80_000}),
            pricing.destination("PR", rates={"standard": 0}),
            pricing.destination("CA", region="CA-QC", rates={"standard": 99_750}),
            pricing.destination("ES", rates={"standard": 210_000}),
            pricing.destination("ES", region="ES-CN", rates={"standard": 70_000}),
            pricing.destination("JP", region="東京", rates={"standard": 100_000}),
            pricing.destination("AE", region="Dubai", rates={"standard": 50_000}),
            pricing.destination("*", rates={"standard": 0}),
        ]
    )

    quote = price_one(1000, under, country=country, region=region)

    assert quote.lines[0].tax_rate_ppm == ppm


@pytest.mark.parametrize("region", ["CA", "California", "us-ca"])
def test_a_region_alone_leaves_the_rest_of_a_country_out(region):
    under = rules(taxed=[pricing.destination("US", region="NY")])

    with pytest.raises(NoTaxRate) as refusal:
        price_one(1000, under, country="US", region=region)

    assert refusal.value.details == {
        "country": "US",
        "region_code": "US-CA",
        "regions": [{"code": "US-NY", "name": "New York"}],
    }


@pytest.mark.parametrize("region", [None, "", "Ontario", "N", "?"])
@pytest.mark.parametrize("more", [[], [pricing.destination("US")], [pricing.destination("*")]])
def test_a_country_taxed_by_region_needs_one_it_knows(more, region):
    under = rules(taxed=[pricing.destination("US", region="NY"), *more])

    with pytest.raises(UnknownRegion) as refusal:
        price_one(1000, under, country="US", region=region)

    assert {"code": "US-CA", "name": "California"} in refusal.value.details["regions"]


@pytest.mark.parametrize(("country", "region"), [("FR", None), ("FR", "Paris"), ("CA", "NY")])
def test_no_order_is_untaxed_in_silence(country, region):
    under = rules(taxed=[pricing.destination("DE"), pricing.destination("US", region="NY")])

    with pytest.raises(NoTaxRate):
        price_one(1000, under, country=country, region=region)


@pytest.mark.parametrize(
    ("region", "postal_code", "ppm"),
    [
        ("QC", "H2X1Y4", 1),
        ("Québec", "H3A 0G4", 2),
        ("ON", "H2X 1Y4", 4),
        ("ON", "K1A 0B1", 3),
    ],
)
def test_postal_codes_and_regions_work_together(region, postal_code, ppm):
    under = rules(
        taxed=[
            pricing.destination("CA", region="CA-QC", postal_codes=["H2X*"], rates={"standard": 1}),
            pricing.destination("CA", region="QC", rates={"standard": 2}),
            pricing.destination("CA", rates={"standard": 3}),
            pricing.destination("CA", postal_codes=["H2X*"], rates={"standard": 4}),
        ]
    )

    destination = under.tax_rates.destination(ShipTo("CA", region, postal_code))

    assert destination.rate_ppm("standard") == ppm


@pytest.mark.parametrize("country", ["FR", "US"])
def test_a_shop_without_tax_rates_charges_no_tax(country):
    assert price_one(1000, rules(taxed=[]), country=country).totals.tax_minor == 0


def test_a_region_that_only_old_rates_know_still_matches():
    under = rules(taxed=[pricing.destination("DE", region="Mittelerde")])

    quote = price_one(1000, under, country="DE", region=" MITTELERDE ")

    assert quote.lines[0].tax_rate_ppm == 200_000


STEPS = [
    {"from_minor": 0, "price_minor": 990},
    {"from_minor": 2000, "price_minor": 490},
    {"from_minor": 5000, "price_minor": 0},
]


@pytest.mark.parametrize(
    ("items_minor", "shipping_minor"),
    [(1, 990), (1999, 990), (2000, 490), (4999, 490), (5000, 0), (10**9, 0)],
)
def test_shipping_depends_on_the_value_of_the_items(items_minor, shipping_minor):
    quote = price_one(items_minor, rules(zones=[pricing.zone("GB", steps=STEPS)]))

    assert quote.totals.shipping_minor == shipping_minor


@pytest.mark.parametrize(("items_minor", "shipping_minor"), [(2999, 490), (3000, 0)])
def test_shipping_is_free_from_the_zones_threshold(items_minor, shipping_minor):
    quote = price_one(items_minor, rules(zones=[pricing.zone("GB", free_from_minor=3000)]))

    assert quote.totals.shipping_minor == shipping_minor


def test_the_discount_counts_for_the_shipping_threshold():
    under = rules(zones=[pricing.zone("GB", free_from_minor=3000)], promotion=fixed(1))

    quote = price_one(3000, under)

    assert quote.totals.shipping_minor == 490


def test_a_zone_that_lists_the_country_wins_over_all_others():
    under = rules(
        zones=[
            pricing.zone("*", name="World", steps=[{"from_minor": 0, "price_minor": 2900}]),
            pricing.zone("GB", "IE", name="Isles"),
        ]
    )

    shipped = {code: price_one(1000, under, country=code) for code in ("GB", "IE", "DE")}

    assert {code: quote.shipping_zone for code, quote in shipped.items()} == {
        "GB": "Isles",
        "IE": "Isles",
        "DE": "World",
    }
    assert [quote.totals.shipping_minor for quote in shipped.values()] == [490, 490, 2900]


def test_the_zone_has_the_currency_of_the_order():
    in_yen = [{"from_minor": 0, "price_minor": 700}]
    under = rules(
        zones=[
            pricing.zone("GB", name="Pounds", currency="GBP"),
            pricing.zone("*", name="Yen", currency="JPY", steps=in_yen),
            pricing.zone("*", name="Euros"),
        ]
    )

    quote = price_one(1000, under)

    assert quote.shipping_zone == "Euros"


@pytest.mark.parametrize("zone", [pricing.zone("DE"), pricing.zone("GB", "*", currency="USD")])
def test_an_order_that_no_zone_fits_is_refused(zone):
    under = rules(zones=[zone], promotion=promotion("free_shipping"))

    with pytest.raises(NoShippingRate) as refusal:
        price_one(1000, under)

    assert refusal.value.details == {"country": "GB", "currency": "EUR"}


def test_without_zones_shipping_is_free():
    quote = price_one(1000, rules())

    assert (quote.totals.shipping_minor, quote.shipping_zone) == (0, None)


def test_an_order_above_the_largest_amount_is_refused():
    most = 10**12
    whole = rules(zones=[pricing.zone("GB", steps=[{"from_minor": 0, "price_minor": 1}])])

    assert price_one(most, rules()).totals.total_minor == most
    with pytest.raises(AmountTooLarge):
        price_one(most, whole)
    with pytest.raises(AmountTooLarge):
        price_one(most, rules(taxed=[pricing.destination("GB")]))
    with pytest.raises(AmountTooLarge):
        price({"a": 2}, {"a": product("a", most)}, rules(promotion=percent(100)))


@given(
    st.lists(
        st.tuples(st.sampled_from(["prd_a", "prd_b", "prd_c"]), st.integers(1, 100)),
        min_size=1,
        max_size=50,
    )
)
def test_repeated_products_keep_every_requested_unit(requested):
    lines = [{"product_id": key, "quantity": quantity} for key, quantity in requested]
    request = QuoteRequest.model_validate({"lines": lines, "shipping_address": {"country": "GB"}})

    merged = request.to_quantities()

    assert sum(merged.values()) == sum(quantity for _, quantity in requested)
    assert list(merged) == list(dict.fromkeys(key for key, _ in requested))


def test_a_product_that_does_not_exist_is_refused():
    with pytest.raises(UnknownProducts) as refusal:
        price({"a": 1, "b": 1}, {"a": product("a", 100)})

    assert refusal.value.details == {"product_ids": ["b"]}


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_a_product_that_is_not_active_is_refused(status):
    with pytest.raises(UnknownProducts) as refusal:
        price({"a": 1}, {"a": product("a", 100, status=status)})

    assert refusal.value.details == {"product_ids": ["a"]}


def test_products_of_two_currencies_are_refused():
    products = {"a": product("a", 100), "b": product("b", 100, "JPY")}

    with pytest.raises(MixedCurrencies) as refusal:
        price({"a": 1, "b": 1}, products)

    assert refusal.value.details == {"currencies": ["EUR", "JPY"]}
