"""Rates and promotions that newer code has written: edits through this code lose nothing."""

import json
from typing import Any

import pytest

from orders.handler import handler as orders_api
from orders.pricing.rates.documents import to_document
from orders.pricing.rates.schemas import ShippingRatesRequest
from orders.staff_api import handler as staff_api
from shared.storage.models.pricing import (
    PROMOTIONS,
    SHIPPING_RATES,
    TAX_RATES,
    Promotion,
    RateTable,
)
from tests.support import pricing, shop
from tests.support.http import ADA, STAFF, send
from tests.support.unknown_fields import (
    NAME,
    assert_marks_kept,
    client,
    mark_stored_items,
    stored_item,
)

pytestmark = pytest.mark.usefixtures("aws")

BAVARIA = pricing.GERMANY | {"region": "Bavaria", "shipping_class": "reduced"}
STEPS = [
    {"from_minor": 0, "from_grams": 0, "price_minor": 490},
    {"from_minor": 5000, "from_grams": 0, "price_minor": 0},
]
TAX = {"destinations": [pricing.GERMANY, BAVARIA]}
SHIPPING = {
    "zones": [
        pricing.EUROPE | {"steps": STEPS, "free_from_minor": 9000},
        pricing.EUROPE | {"name": "Rest", "countries": ["*"], "steps": STEPS[:1]},
    ]
}


def changed(table: dict[str, Any]) -> dict[str, Any]:
    """The same destinations or zones in another order, one with another number."""
    ((name, entries),) = table.items()
    number = {"rates": {"standard": 50_000}} if name == "destinations" else {"free_from_minor": 1}
    return {name: [entries[1], entries[0] | number]}


@pytest.mark.parametrize(("table", "rates"), [("tax", TAX), ("shipping", SHIPPING)])
def test_replaced_rates_keep_unknown_fields(table, rates):
    pricing.put_rates(table, rates)
    marked = mark_stored_items(RateTable)

    answer = pricing.put_rates(table, changed(rates))

    assert (answer.status, answer.body["version"]) == (200, 2)
    assert_marks_kept(marked, RateTable)
    ((name, entries),) = changed(rates).items()
    shown = pricing.get_rates(table).body[name]
    expected = [
        {key: entry[key] for key in sent} for entry, sent in zip(shown, entries, strict=True)
    ]
    assert expected == entries
    assert NAME not in json.dumps(shown)


def test_unknown_fields_of_rates_do_not_make_a_change():
    pricing.put_rates("tax", TAX)
    mark_stored_items(RateTable)
    before = stored_item(RateTable, TAX_RATES)

    assert pricing.put_rates("tax", TAX).body["version"] == 1

    assert stored_item(RateTable, TAX_RATES) == before


def test_a_removed_value_does_not_come_back():
    """`free_from_minor` is known: null removes it."""
    rates = SHIPPING["zones"][0]
    stored = json.dumps({"zones": [rates | {"label": "New"}]})
    new = {"zones": [{key: rates[key] for key in rates if key != "free_from_minor"}]}

    document = to_document(ShippingRatesRequest.model_validate(new), stored)

    (zone,) = json.loads(document)["zones"]
    assert ("free_from_minor" in zone, zone["label"]) == (False, "New")


def test_a_step_by_amount_is_stored_as_before():
    """The last release stored no `from_grams`. With it, a large table might not fit any more."""
    step = {"from_minor": 0, "price_minor": 490}
    stored = json.dumps({"zones": [pricing.EUROPE | {"steps": [step | {"label": "New"}]}]})
    new = {"zones": [pricing.EUROPE | {"steps": [step]}]}

    document = to_document(ShippingRatesRequest.model_validate(new), stored)

    assert json.loads(document)["zones"][0]["steps"] == [step | {"label": "New"}]


def test_a_removed_zone_takes_its_unknown_fields_along():
    stored = json.dumps({"zones": [pricing.EUROPE | {"name": "Old", "label": "New"}]})

    document = to_document(ShippingRatesRequest.model_validate({"zones": [pricing.EUROPE]}), stored)

    assert "label" not in document


def test_rates_that_break_the_rules_of_this_code_are_shown():
    """Newer code may allow more: here a country by another name and a step below 0."""
    pricing.store_tax_rates(pricing.destination("EU"))
    pricing.store_shipping_rates(
        pricing.zone("EU", steps=[{"from_minor": -1, "price_minor": 1, "label": "New"}])
    )

    tax, shipping = pricing.get_rates("tax"), pricing.get_rates("shipping")

    assert (tax.status, tax.body["destinations"][0]["country"]) == (200, "EU")
    assert (shipping.status, shipping.body["zones"][0]["steps"]) == (
        200,
        [{"from_minor": -1, "from_grams": 0, "price_minor": 1}],
    )


def test_orders_are_priced_by_rates_with_unknown_fields():
    tea = shop.product("TEA", available=5)
    pricing.put_rates("tax", TAX)
    pricing.put_rates("shipping", SHIPPING)
    address = {"country": "DE", "region": "Bayern"}
    body = {"lines": [shop.line(tea)], "shipping_address": address}
    before = send(orders_api, "orders.quote", caller=ADA, body=body)
    mark_stored_items(RateTable)

    after = send(orders_api, "orders.quote", caller=ADA, body=body)

    assert (after.status, after.body) == (200, before.body)


def patch(code: str, **changes: Any) -> Any:
    return send(
        staff_api,
        "pricing.patch_promotion",
        caller=STAFF,
        path={"code": code},
        body=changes,
        headers={"if-match": "*"},
    )


def test_an_edited_promotion_keeps_unknown_fields():
    pricing.promotion("SPRING", uses_max=5)
    marked = mark_stored_items(Promotion)

    assert patch("SPRING", percent=20, uses_max=None).status == 200

    assert_marks_kept(marked, Promotion)


def store_promotion_of_newer_kind() -> None:
    pricing.promotion("BOGO")
    item = stored_item(Promotion, PROMOTIONS, "BOGO") | {"kind": {"S": "buy_one_get_one"}}
    client().put_item(TableName=Promotion.Meta.table_name, Item=item)


def test_a_promotion_of_a_newer_kind_is_shown_and_edited():
    store_promotion_of_newer_kind()

    listed = send(staff_api, "pricing.list_promotions", caller=STAFF)
    answer = patch("BOGO", description="Two for one")

    assert [item["kind"] for item in listed.body["items"]] == ["buy_one_get_one"]
    assert (answer.status, answer.body["kind"]) == (200, "buy_one_get_one")
    assert Promotion.get(PROMOTIONS, "BOGO").percent == 10


def test_both_rate_tables_are_among_those_that_are_marked():
    pricing.put_rates("tax", TAX)
    pricing.put_rates("shipping", SHIPPING)
    mark_stored_items(RateTable)

    marks = [
        stored_item(RateTable, name)["document"]["S"].count(NAME)
        for name in (TAX_RATES, SHIPPING_RATES)
    ]

    assert marks == [3, 6]  # the document, its destinations or zones, and their steps
