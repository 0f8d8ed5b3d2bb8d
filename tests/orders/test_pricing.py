"""Pure: what an order costs, to the last minor unit."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.pricing import lines, quotes, rounding
from orders.pricing.discounts import AppliedCode
from orders.pricing.quotes import Terms
from orders.pricing.rates.schemas import ShippingRates, TaxRates
from orders.schemas import PartOfAddress, RequestedLine
from shared.errors.orders import AmountTooLarge, MixedCurrencies, NoShippingRate, UnknownProducts
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


def terms(*, taxed=(), zones=(), promotion=None) -> Terms:
    presented = promotion and AppliedCode(promotion.code, promotion, used_by_customer=0)
    return Terms(
        TaxRates.model_validate({"destinations": list(taxed)}),
        ShippingRates.model_validate({"zones": list(zones)}),
        presented,
    )


def promotion(kind, **changes) -> Promotion:
    return Promotion("promotions", "CODE", kind=kind, is_active=True, version=1, **changes)


def percent(of) -> Promotion:
    return promotion("percent", percent=of)


def fixed(amount_minor) -> Promotion:
    return promotion("fixed", amount_minor=amount_minor, currency="EUR")


def price(quantities, products, at=None, *, country="GB", region=None):
    address = PartOfAddress(country=country, region=region)
    return quotes.price(quantities, products, at or terms(), address)


def one(price_minor, at, **where):
    """One unit of one product at that price."""
    return price({"a": 1}, {"a": product("a", price_minor)}, at, **where)


def amounts(quote) -> dict:
    return {key: int(value) for key, value in quote.totals.attribute_values.items()}


quantities = st.dictionaries(st.sampled_from(KEYS), st.integers(1, 1_000), min_size=1)
prices = st.fixed_dictionaries({key: st.integers(1, 10**6) for key in KEYS})
tax_classes = st.fixed_dictionaries(
    {key: st.sampled_from(["standard", "reduced", "books"]) for key in KEYS}
)
ppms = st.integers(0, 1_000_000)
destinations = st.builds(
    lambda included, standard, reduced: pricing.destination(
        "GB",
        included=included,
        rates={"standard": standard, "reduced": reduced},
        shipping_class="reduced",
    ),
    st.booleans(),
    ppms,
    ppms,
)
zones = st.builds(
    lambda price_minor, free_from: pricing.zone(
        "GB", steps=[{"from_minor": 0, "price_minor": price_minor}], free_from_minor=free_from
    ),
    st.integers(0, 10**5),
    st.none() | st.integers(0, 10**9),
)
promotions = st.one_of(
    st.none(),
    st.integers(1, 100).map(percent),
    st.integers(1, 10**10).map(fixed),
    st.just(promotion("free_shipping")),
)
all_terms = st.builds(
    lambda destination, zone, code: terms(taxed=[destination], zones=[zone], promotion=code),
    destinations,
    zones,
    promotions,
)


def catalog(price_of, class_of) -> dict[str, Product]:
    return {key: product(key, price_of[key], tax_class=class_of[key]) for key in KEYS}


def ordered_from(products, ordered) -> dict[str, Product]:
    return {key: products[key] for key in ordered}


@given(quantities, prices, tax_classes, all_terms)
def test_the_parts_add_up_to_the_whole(ordered, price_of, class_of, at):
    products = ordered_from(catalog(price_of, class_of), ordered)

    quote = price(ordered, products, at)

    total = quote.totals
    on_top = 0 if quote.tax_included else total.tax_minor
    assert total.items_minor == sum(ordered[key] * price_of[key] for key in ordered)
    assert total.items_minor == sum(line.line_total_minor for line in quote.lines)
    assert total.discount_minor == sum(line.discount_minor for line in quote.lines)
    assert (
        0 <= total.tax_minor - sum(line.tax_minor for line in quote.lines) <= (total.shipping_minor)
    )
    assert total.total_minor == (
        total.items_minor - total.discount_minor + total.shipping_minor + on_top
    )


@given(quantities, prices, tax_classes, all_terms)
def test_nothing_is_less_than_nothing_and_no_line_is_discounted_by_more_than_it_costs(
    ordered, price_of, class_of, at
):
    products = ordered_from(catalog(price_of, class_of), ordered)

    quote = price(ordered, products, at)

    assert all(0 <= line.discount_minor <= line.line_total_minor for line in quote.lines)
    assert all(0 <= line.tax_minor <= line.line_total_minor for line in quote.lines)
    assert min(amounts(quote).values()) >= 0


@given(quantities, prices, tax_classes, all_terms, st.randoms())
def test_the_order_of_the_lines_changes_nothing(ordered, price_of, class_of, at, chance):
    products = ordered_from(catalog(price_of, class_of), ordered)
    shuffled = list(ordered.items())
    chance.shuffle(shuffled)

    one, other = price(ordered, products, at), price(dict(shuffled), products, at)

    assert amounts(one) == amounts(other)
    assert {line.product_id: line.attribute_values for line in one.lines} == {
        line.product_id: line.attribute_values for line in other.lines
    }


@given(st.integers(0, 10**15), st.integers(1, 10**12))
def test_rounding_goes_to_a_nearest_whole_number(numerator, denominator):
    rounded = rounding.half_even(numerator, denominator)

    assert abs(rounded * denominator - numerator) * 2 <= denominator


@given(st.integers(0, 10**9), st.sampled_from([2, 4, 100, 1_000_000]))
def test_rounding_is_decimal_s_half_to_even(numerator, denominator):
    exact = Decimal(numerator) / Decimal(denominator)

    rounded = rounding.half_even(numerator, denominator)

    assert rounded == int(exact.to_integral_value(ROUND_HALF_EVEN))


@pytest.mark.parametrize(
    ("numerator", "rounded"), [(0, 0), (1, 0), (2, 1), (3, 2), (5, 2), (7, 4), (9, 4)]
)
def test_of_two_that_are_equally_near_the_even_one_is_taken(numerator, rounded):
    assert rounding.half_even(numerator, 2) == rounded


@given(st.dictionaries(st.text(), st.integers(1, 10**9), min_size=1), st.data())
def test_what_is_dealt_out_is_all_of_it_and_nobody_has_more_than_a_share(shares, data):
    amount = data.draw(st.integers(0, sum(shares.values())))

    parts = rounding.allocate_proportionally(amount, shares)

    assert sum(parts.values()) == amount
    assert all(0 <= parts[name] <= share for name, share in shares.items())
    assert all(
        abs(parts[name] * sum(shares.values()) - amount * share) < sum(shares.values())
        for name, share in shares.items()
    )


def test_what_cannot_be_dealt_out_evenly_goes_to_those_who_lose_most_by_it():
    assert rounding.allocate_proportionally(10, {"a": 1, "b": 2, "c": 4}) == {
        "a": 1,
        "b": 3,
        "c": 6,
    }


def test_of_equals_the_first_by_name_has_the_unit_that_is_left():
    assert rounding.allocate_proportionally(100, {"c": 5, "a": 5, "b": 5}) == {
        "c": 33,
        "a": 34,
        "b": 33,
    }


@given(st.integers(1, 10**9), ppms)
def test_an_included_tax_and_what_is_left_are_the_price(price_minor, ppm):
    at = terms(taxed=[pricing.destination("GB", included=True, rates={"standard": ppm})])

    quote = one(price_minor, at)

    tax_minor = int(quote.lines[0].tax_minor)
    net_minor = price_minor - tax_minor
    assert quote.totals.total_minor == price_minor
    # Added to what is left, the same tax gives the price again, but for what rounding takes.
    assert abs(rounding.half_even(net_minor * (1_000_000 + ppm), 1_000_000) - price_minor) <= 1


@pytest.mark.parametrize(
    ("price_minor", "included", "tax_minor", "total_minor"),
    [
        (11900, True, 1900, 11900),
        (10000, False, 1900, 11900),
        (1, True, 0, 1),
        (50, False, 10, 60),  # 9.5 to the even 10
        (150, False, 28, 178),  # 28.5 to the even 28
    ],
)
def test_tax_is_in_the_price_or_on_top_of_it(price_minor, included, tax_minor, total_minor):
    at = terms(taxed=[pricing.destination("GB", included=included, rates={"standard": 190_000})])

    quote = one(price_minor, at)

    assert (quote.totals.tax_minor, quote.totals.total_minor) == (tax_minor, total_minor)
    assert quote.tax_included is included
    assert quote.lines[0].tax_rate_ppm == 190_000


def test_each_line_is_taxed_by_its_class_and_rounded_by_itself():
    products = {
        "a": product("a", 150),
        "b": product("b", 150),
        "c": product("c", 1000, tax_class="reduced"),
        "d": product("d", 1000, tax_class="unheard-of"),
    }
    at = terms(taxed=[pricing.destination("GB", rates={"standard": 190_000, "reduced": 70_000})])

    quote = price(dict.fromkeys(products, 1), products, at)

    assert [line.tax_minor for line in quote.lines] == [28, 28, 70, 190]
    assert quote.totals.tax_minor == 316


def test_tax_is_on_what_is_left_after_the_discount():
    at = terms(taxed=[pricing.destination("GB")], promotion=percent(10))

    quote = one(1000, at)

    assert amounts(quote) == {
        "items_minor": 1000,
        "discount_minor": 100,
        "shipping_minor": 0,
        "tax_minor": 180,
        "total_minor": 1080,
    }


def test_shipping_is_taxed_by_the_class_that_it_has_there():
    reduced = {"rates": {"standard": 200_000, "reduced": 100_000}, "shipping_class": "reduced"}
    at = terms(taxed=[pricing.destination("GB", **reduced)], zones=[pricing.zone("GB")])

    quote = one(1000, at)

    assert (quote.totals.shipping_minor, quote.totals.tax_minor) == (490, 200 + 49)
    assert quote.totals.total_minor == 1000 + 490 + 249


@pytest.mark.parametrize(
    ("country", "region", "ppm"),
    [
        ("US", "NY", 80_000),
        ("US", " ny ", 80_000),
        ("US", "CA", 10_000),
        ("US", None, 10_000),
        ("US", "", 10_000),
        ("CA", "NY", 0),
        ("GB", None, 0),
    ],
)
def test_a_region_counts_before_its_country(country, region, ppm):
    at = terms(
        taxed=[
            pricing.destination("US", rates={"standard": 10_000}),
            pricing.destination("US", region="NY", rates={"standard": 80_000}),
        ]
    )

    quote = one(1000, at, country=country, region=region)

    assert quote.lines[0].tax_rate_ppm == ppm


def test_a_region_alone_does_not_tax_the_rest_of_its_country():
    at = terms(taxed=[pricing.destination("US", region="NY")])

    quote = one(1000, at, country="US", region="CA")

    assert quote.totals.tax_minor == 0


STEPS = [
    {"from_minor": 0, "price_minor": 990},
    {"from_minor": 2000, "price_minor": 490},
    {"from_minor": 5000, "price_minor": 0},
]


@pytest.mark.parametrize(
    ("goods_minor", "shipping_minor"),
    [(1, 990), (1999, 990), (2000, 490), (4999, 490), (5000, 0), (10**9, 0)],
)
def test_shipping_goes_by_what_the_goods_cost(goods_minor, shipping_minor):
    quote = one(goods_minor, terms(zones=[pricing.zone("GB", steps=STEPS)]))

    assert quote.totals.shipping_minor == shipping_minor


@pytest.mark.parametrize(("goods_minor", "shipping_minor"), [(2999, 490), (3000, 0)])
def test_shipping_is_free_from_the_zone_s_threshold(goods_minor, shipping_minor):
    quote = one(goods_minor, terms(zones=[pricing.zone("GB", free_from_minor=3000)]))

    assert quote.totals.shipping_minor == shipping_minor


def test_a_discount_counts_before_the_threshold():
    at = terms(zones=[pricing.zone("GB", free_from_minor=3000)], promotion=fixed(1))

    quote = one(3000, at)

    assert quote.totals.shipping_minor == 490


def test_the_zone_that_names_a_country_goes_before_that_of_all_others():
    at = terms(
        zones=[
            pricing.zone("*", name="World", steps=[{"from_minor": 0, "price_minor": 2900}]),
            pricing.zone("GB", "IE", name="Isles"),
        ]
    )

    shipped = {it: one(1000, at, country=it) for it in ("GB", "IE", "DE")}

    assert {it: quote.shipping_zone for it, quote in shipped.items()} == {
        "GB": "Isles",
        "IE": "Isles",
        "DE": "World",
    }
    assert [quote.totals.shipping_minor for quote in shipped.values()] == [490, 490, 2900]


def test_a_zone_is_one_of_the_order_s_currency():
    in_yen = [{"from_minor": 0, "price_minor": 700}]
    at = terms(
        zones=[
            pricing.zone("GB", name="Pounds", currency="GBP"),
            pricing.zone("*", name="Yen", currency="JPY", steps=in_yen),
            pricing.zone("*", name="Euros"),
        ]
    )

    quote = one(1000, at)

    assert quote.shipping_zone == "Euros"


@pytest.mark.parametrize("zone", [pricing.zone("DE"), pricing.zone("GB", "*", currency="USD")])
def test_where_no_zone_fits_nothing_is_shipped(zone):
    at = terms(zones=[zone], promotion=promotion("free_shipping"))

    with pytest.raises(NoShippingRate) as refusal:
        one(1000, at)

    assert refusal.value.details == {"country": "GB", "currency": "EUR"}


def test_without_zones_shipping_is_free():
    quote = one(1000, terms())

    assert (quote.totals.shipping_minor, quote.shipping_zone) == (0, None)


def test_an_order_may_cost_no_more_than_can_be_counted():
    most = 10**12
    whole = terms(zones=[pricing.zone("GB", steps=[{"from_minor": 0, "price_minor": 1}])])

    assert one(most, terms()).totals.total_minor == most
    with pytest.raises(AmountTooLarge):
        one(most, whole)
    with pytest.raises(AmountTooLarge):
        one(most, terms(taxed=[pricing.destination("GB")]))
    with pytest.raises(AmountTooLarge):
        price({"a": 2}, {"a": product("a", most)}, terms(promotion=percent(100)))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 100)), min_size=1, max_size=50))
def test_merging_keeps_every_unit_that_was_asked_for(asked):
    requested = [RequestedLine(product_id=key, quantity=quantity) for key, quantity in asked]

    merged = lines.merged(requested)

    assert sum(merged.values()) == sum(quantity for _, quantity in asked)
    assert list(merged) == list(dict.fromkeys(key for key, _ in asked))


def test_what_is_not_in_the_catalog_cannot_be_priced():
    with pytest.raises(UnknownProducts) as refusal:
        price({"a": 1, "b": 1}, {"a": product("a", 100)})

    assert refusal.value.details == {"product_ids": ["b"]}


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_what_is_not_on_sale_cannot_be_ordered(status):
    with pytest.raises(UnknownProducts) as refusal:
        price({"a": 1}, {"a": product("a", 100, status=status)})

    assert refusal.value.details == {"product_ids": ["a"]}


def test_currencies_are_not_added_up():
    products = {"a": product("a", 100), "b": product("b", 100, "JPY")}

    with pytest.raises(MixedCurrencies) as refusal:
        price({"a": 1, "b": 1}, products)

    assert refusal.value.details == {"currencies": ["EUR", "JPY"]}
