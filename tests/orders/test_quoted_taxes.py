"""Pure: the taxes of whole orders, of lines and of shipping."""

import json

from orders.pricing import quotes
from orders.pricing.inputs import PricingInputs, PricingRules
from orders.pricing.rate_tables import ShippingRates, ShipTo, TaxRates
from shared.storage.models.catalog import Product
from tests.support import pricing


def tax(name: str, ppm: int, **more) -> dict:
    return {"name": name, "rates": {"standard": ppm} | more.pop("rates", {})} | more


QUEBEC = {
    "country": "CA",
    "region": "QC",
    "prices_include_tax": False,
    "taxes": [tax("GST", 50_000), tax("QST", 99_750, rates={"books": 0})],
    "rates": {"standard": 149_750},
}


def product(product_id: str, price_minor: int, tax_class: str = "standard") -> Product:
    return Product(
        product_id,
        sku=product_id,
        name=product_id,
        price_minor=price_minor,
        currency="CAD",
        status="active",
        tax_class=tax_class,
    )


def quote(destination: dict, *products: Product, shipping_minor: int = 0, units: int = 1):
    steps = [{"from_minor": 0, "price_minor": shipping_minor}]
    zone = pricing.zone("*", currency="CAD", steps=steps)
    rules = PricingRules(
        TaxRates.from_document(json.dumps({"destinations": [destination]})),
        ShippingRates.from_document(json.dumps({"zones": [zone]})),
    )
    catalog = {each.product_id: each for each in products}
    ship_to = ShipTo(destination["country"], destination.get("region"))
    return quotes.price_order(dict.fromkeys(catalog, units), PricingInputs(catalog, rules), ship_to)


def shown(taxes) -> list[tuple[str, int, int]]:
    return [(tax.name, int(tax.rate_ppm), int(tax.amount_minor)) for tax in taxes]


def test_each_line_and_the_total_have_each_tax():
    tea, book = product("tea", 1_010), product("book", 2_000, "books")

    found = quote(QUEBEC, tea, book, shipping_minor=990)

    assert [shown(line.taxes) for line in found.lines] == [
        [("GST", 50_000, 51), ("QST", 99_750, 101)],
        [("GST", 50_000, 100)],
    ]
    assert [(line.tax_minor, line.tax_rate_ppm) for line in found.lines] == [
        (152, 149_750),
        (100, 50_000),
    ]
    # Shipping of 9.90: 0.495 and 0.987525.
    assert found.totals.shipping_tax_minor == 50 + 99
    assert shown(found.totals.taxes) == [("GST", 50_000, 51 + 100 + 50), ("QST", 99_750, 101 + 99)]
    assert found.totals.tax_minor == 401
    assert found.totals.total_minor == 3_010 + 990 + 401


def test_rates_of_one_tax_are_entries_of_their_own():
    germany = pricing.destination(
        "DE", included=True, taxes=[tax("MwSt", 190_000, rates={"food": 70_000})]
    )

    found = quote(germany, product("pot", 11_900), product("tea", 1_070, "food"))

    assert shown(found.totals.taxes) == [("MwSt", 190_000, 1_900), ("MwSt", 70_000, 70)]
    assert (found.totals.tax_minor, found.totals.total_minor) == (1_970, 12_970)


def test_one_tax_without_a_name_is_called_tax():
    found = quote(pricing.destination("DE", rates={"standard": 190_000}), product("pot", 1_000))

    assert shown(found.lines[0].taxes) == [("Tax", 190_000, 190)]


def test_without_a_tax_there_is_no_entry():
    zero_rated = pricing.destination("GB", rates={"standard": 0})

    found = quote(zero_rated, product("pot", 1_000), shipping_minor=500)

    assert found.totals.taxes == found.lines[0].taxes == []
    assert (found.totals.tax_minor, found.totals.shipping_tax_minor) == (0, 0)


def test_a_free_line_has_taxes_of_nothing():
    found = quote(QUEBEC, product("gift", 0), product("tea", 1_010))

    gift, tea = found.lines
    assert (gift.tax_minor, tea.tax_minor, found.totals.tax_minor) == (0, 152, 152)


def test_the_tax_of_a_line_is_rounded_once_for_all_its_units():
    """3 x 0.10 with 5 %: 0.015, and not three times 0.01."""
    found = quote(pricing.destination("CA", rates={"standard": 50_000}), product("a", 10), units=3)

    assert found.totals.tax_minor == 2
