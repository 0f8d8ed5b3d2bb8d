"""Shipping by the weight of an order: zones, quotes, orders and exports."""

import json
from typing import Any

import pytest

from orders.checkout.placement import quote_order
from orders.checkout.schemas import QuoteRequest
from orders.exports.file_formats import COLUMNS
from orders.handler import handler
from orders.pricing.rate_tables import ShippingRates
from shared.storage.models.orders import Order
from shared.storage.models.pricing import SHIPPING_RATES, RateTable
from tests.support import pricing, shop
from tests.support.http import ADA, send
from tests.support.orders import create_order
from tests.support.pricing import EUROPE, get_rates, put_rates

pytestmark = pytest.mark.usefixtures("aws")

PARCELS = [
    {"from_grams": 0, "price_minor": 490},
    {"from_grams": 2000, "price_minor": 990},
    {"from_grams": 10_000, "price_minor": 2490},
]
BY_WEIGHT = pricing.zone("DE", steps=PARCELS)


def shipping_of(*lines: dict[str, Any], **more: Any) -> tuple[int, int]:
    """The price of shipping to Germany, and the weight of the order."""
    body = {"lines": list(lines), "shipping_address": {"country": "DE"}} | more
    quote = quote_order(None, QuoteRequest.model_validate(body))
    sent = send(handler, "orders.quote", caller=ADA, body=body)
    assert sent.body["totals"]["shipping"]["amount_minor"] == quote.totals.shipping_minor
    return int(quote.totals.shipping_minor), sent.body["weight_grams"]


@pytest.mark.parametrize(
    ("grams", "units", "shipping"),
    [
        (0, 9, 490),
        (1, 1, 490),
        (1999, 1, 490),
        (2000, 1, 990),
        (1000, 2, 990),
        (1000, 9, 990),
        (999, 10, 990),
        (1000, 10, 2490),
        (10**8, 20, 2490),
    ],
)
def test_the_weight_of_all_units_selects_the_step(grams, units, shipping):
    pricing.store_shipping_rates(BY_WEIGHT)
    tea = shop.product("TEA", weight_grams=grams)

    assert shipping_of(shop.line(tea, units)) == (shipping, grams * units)


def test_the_weights_of_all_lines_add_up():
    pricing.store_shipping_rates(BY_WEIGHT)
    tea, pot = shop.product("TEA", weight_grams=250), shop.product("POT", weight_grams=1500)

    assert shipping_of(shop.line(tea), shop.line(pot)) == (490, 1750)
    assert shipping_of(shop.line(tea, 2), shop.line(pot)) == (990, 2000)


def test_a_product_without_weight_counts_as_zero():
    pricing.store_shipping_rates(BY_WEIGHT)
    voucher, pot = shop.product("VOUCHER"), shop.product("POT", weight_grams=2000)

    assert shipping_of(shop.line(voucher, 9)) == (490, 0)
    assert shipping_of(shop.line(voucher, 9), shop.line(pot)) == (990, 2000)


def test_free_shipping_from_an_amount_holds_for_a_zone_by_weight():
    pricing.store_shipping_rates(BY_WEIGHT | {"free_from_minor": 2000})
    pot = shop.product("POT", weight_grams=10_000, price_minor=1000)

    assert shipping_of(shop.line(pot)) == (2490, 10_000)
    assert shipping_of(shop.line(pot, 2)) == (0, 20_000)


def test_a_promotion_ships_a_heavy_order_for_free():
    pricing.store_shipping_rates(BY_WEIGHT)
    pricing.promotion("SHIP", kind="free_shipping", percent=None)
    pot = shop.product("POT", weight_grams=10_000)

    assert shipping_of(shop.line(pot), promotion_code="SHIP") == (0, 10_000)


def test_one_zone_can_charge_by_weight_and_another_by_amount():
    by_amount = pricing.zone("AT", name="Austria")
    pricing.store_shipping_rates(BY_WEIGHT, by_amount)
    pot = shop.product("POT", weight_grams=10_000)

    assert shipping_of(shop.line(pot))[0] == 2490
    assert shipping_of(shop.line(pot), shipping_address={"country": "AT"})[0] == 490


def test_shipping_by_weight_is_taxed_like_any_other():
    pricing.store_shipping_rates(BY_WEIGHT)
    pricing.store_tax_rates(pricing.destination("DE"))
    pot = shop.product("POT", weight_grams=2000, price_minor=1000)
    body = {"lines": [shop.line(pot)], "shipping_address": {"country": "DE"}}

    totals = quote_order(None, QuoteRequest.model_validate(body)).totals

    assert (totals.shipping_minor, totals.tax_minor) == (990, 398)  # 20 % of 1000 and of 990


def test_an_order_keeps_the_weight_that_it_was_placed_with():
    tea = shop.product("TEA", available=10, weight_grams=250)
    order = create_order(product=tea, quantity=3)
    tea.update(actions=[type(tea).weight_grams.set(9)])

    shown = send(handler, "orders.get", caller=ADA, path={"order_id": order.order_id}).body

    assert shown["weight_grams"] == 750
    assert [line["weight_grams"] for line in shown["lines"]] == [250]


def test_an_order_of_an_earlier_release_has_no_weight():
    order = create_order()
    assert "weight_grams" not in json.dumps(order.serialize())

    shown = send(handler, "orders.get", caller=ADA, path={"order_id": order.order_id}).body

    assert (shown["weight_grams"], shown["lines"][0]["weight_grams"]) == (0, None)
    assert Order.get(order.order_id).lines[0].weight_grams is None


def test_an_export_has_the_weight_of_a_unit():
    assert "unit_weight_grams" in COLUMNS


def test_staff_set_steps_by_weight_and_read_them_back():
    set_rates = put_rates("shipping", {"zones": [EUROPE | {"steps": PARCELS}]})

    shown = get_rates("shipping").body["zones"][0]["steps"]
    assert set_rates.status == 200
    assert shown == [{"from_minor": 0, **step} for step in PARCELS]
    assert put_rates("shipping", {"zones": [EUROPE | {"steps": shown}]}).status == 200


def test_steps_by_amount_read_as_before():
    put_rates("shipping", {"zones": [EUROPE]})

    (step,) = get_rates("shipping").body["zones"][0]["steps"]
    assert step == {"from_minor": 0, "from_grams": 0, "price_minor": 490}


def test_a_zone_with_one_price_needs_no_start():
    zone = EUROPE | {"steps": [{"price_minor": 9}]}

    assert put_rates("shipping", {"zones": [zone]}).status == 200


def test_code_that_knows_no_weight_reads_every_step():
    """The last release reads `from_minor` of each step, so each has it in the table."""
    put_rates("shipping", {"zones": [EUROPE | {"steps": PARCELS}]})

    (zone,) = json.loads(RateTable.get(SHIPPING_RATES).document)["zones"]
    assert [step["from_minor"] for step in zone["steps"]] == [0, 0, 0]


def test_a_zone_of_an_earlier_release_charges_by_amount():
    document = json.dumps({"zones": [pricing.zone("DE")]})
    assert "from_grams" not in document

    zone = ShippingRates.from_document(document).zone("DE", "EUR")

    assert zone is not None
    assert zone.price_minor(0, 10**9) == 490
