"""Whole slice: staff give an order another address, and its tax is never silently wrong."""

import pytest

from orders.staff_api import handler as staff_api
from shared.storage.models.orders import Order
from tests.support import orders, shop
from tests.support.http import ADA, STAFF, send
from tests.support.order_requests import call_as_staff
from tests.support.orders import (
    cancel,
    captured,
    deliver,
    expire,
    list_order_events,
    refund,
    settle_refund,
    ship,
    ship_one,
)

pytestmark = pytest.mark.usefixtures("aws")

BERLIN = {
    "name": "Ada Lovelace",
    "line1": "Lindenstraße 14",
    "postal_code": "10969",
    "city": "Berlin",
    "country": "DE",
}
HAMBURG = BERLIN | {"line1": "Jungfernstieg 1", "postal_code": "20354", "city": "Hamburg"}
VIENNA = BERLIN | {"line1": "Ring 1", "postal_code": "1010", "city": "Wien", "country": "AT"}


def destination(country, ppm, *, is_included):
    rates = {"standard": ppm}
    return {"country": country, "prices_include_tax": is_included, "rates": rates}


def tax(*destinations):
    body = {"destinations": list(destinations)}
    answer = send(
        staff_api, "pricing.set_tax_rates", caller=STAFF, body=body, headers={"if-match": "*"}
    )
    assert answer.status == 200, answer


def ship_to(**prices):
    zones = [
        {
            "name": country,
            "countries": [country],
            "currency": "EUR",
            "steps": [{"from_minor": 0, "price_minor": price}],
        }
        for country, price in prices.items()
    ]
    answer = send(
        staff_api,
        "pricing.set_shipping_rates",
        caller=STAFF,
        body={"zones": zones},
        headers={"if-match": "*"},
    )
    assert answer.status == 200, answer


@pytest.fixture
def tea():
    return shop.product("TEA", available=10)


def place(tea, *life, **more):
    return orders.create_order(*life, product=tea, shipping_address=BERLIN, **more)


def change(order, address, if_match="*", caller=STAFF):
    return send(
        staff_api,
        "staff.change_address",
        caller=caller,
        body=address,
        headers={"if-match": if_match},
        path={"order_id": order.order_id},
    )


@pytest.mark.parametrize("life", [(), (captured,)])
def test_an_order_gets_another_address(tea, life):
    order = place(tea, *life)

    answer = change(order, HAMBURG)

    assert answer.status == 200
    assert answer.body["shipping_address"]["line1"] == "Jungfernstieg 1"
    step = answer.body["history"][-1]
    assert (step["event"], step["by"], step["reason"]) == ("address_changed", STAFF.user_id, None)
    assert list_order_events(order)[-1].type == "order.address_changed"
    assert "Jungfernstieg" not in list_order_events(order)[-1].model_dump_json()
    assert "Linden" not in str(Order.get(order.order_id).serialize())


def test_the_same_address_changes_nothing(tea):
    order = place(tea)
    first = change(order, HAMBURG, f'"{order.version}"')

    again = change(order, HAMBURG, f'"{order.version}"')

    assert (again.status, again.body) == (200, first.body)


def test_a_change_that_somebody_overtook_is_refused(tea):
    order = place(tea)
    etag = call_as_staff("staff.get_order", order.order_id).headers["ETag"]
    orders.update_order(order.order_id, captured)

    answer = change(order, HAMBURG, etag)

    assert (answer.status, answer.error["details"]) == (412, {"current_version": 2})
    etag = call_as_staff("staff.get_order", order.order_id).headers["ETag"]
    assert change(order, HAMBURG, etag).status == 200


@pytest.mark.parametrize(
    "life",
    [
        (captured, ship_one),
        (captured, ship),
        (captured, ship, deliver),
        (cancel,),
        (expire,),
        (captured, refund(), settle_refund()),
    ],
)
def test_a_shipped_or_finished_order_keeps_its_address(tea, life):
    order = place(tea, *life)

    answer = change(order, HAMBURG)

    assert (answer.status, answer.code) == (409, "order_status_conflict")
    assert Order.get(order.order_id).shipping_address.city == "Berlin"


def test_an_address_that_costs_more_is_refused_with_both_totals(tea):
    tax(
        destination("DE", 190000, is_included=False),
        destination("AT", 200000, is_included=False),
    )
    order = place(tea)

    answer = change(order, VIENNA)

    assert (answer.status, answer.code) == (409, "total_changed")
    assert answer.error["details"] == {
        "quoted": {"amount_minor": 2380, "currency": "EUR"},
        "total": {"amount_minor": 2400, "currency": "EUR"},
    }
    assert Order.get(order.order_id).shipping_address.country == "DE"


def test_the_tax_follows_the_address_at_the_same_total(tea):
    tax(destination("DE", 190000, is_included=True), destination("AT", 200000, is_included=True))
    order = place(tea)
    assert order.totals.tax_minor == 319  # 2000 x 19 / 119

    answer = change(order, VIENNA)

    assert answer.status == 200
    assert answer.body["totals"]["total"]["amount_minor"] == 2000
    assert answer.body["totals"]["tax"]["amount_minor"] == 333  # 2000 x 20 / 120
    assert answer.body["lines"][0]["tax_rate_ppm"] == 200000


def test_an_untaxed_address_is_not_taxed_in_silence(tea):
    tax(destination("DE", 190000, is_included=False))
    order = place(tea)

    answer = change(order, VIENNA)

    assert (answer.status, answer.code) == (422, "no_tax_rate")


def test_a_region_that_decides_the_tax_must_be_known(tea):
    tirol = destination("AT", 200000, is_included=False) | {"region": "AT-7"}
    tax(destination("DE", 0, is_included=False), tirol)
    order = place(tea)

    answer = change(order, VIENNA)

    assert (answer.status, answer.code) == (422, "unknown_region")
    assert Order.get(order.order_id).shipping_address.country == "DE"


def test_new_rates_do_not_change_an_order_within_its_country(tea):
    tax(destination("DE", 190000, is_included=False))
    order = place(tea)
    tax(destination("DE", 250000, is_included=False))

    answer = change(order, HAMBURG)

    assert answer.status == 200
    assert answer.body["totals"]["tax"]["amount_minor"] == 380


@pytest.mark.parametrize(("price", "status"), [(490, 200), (990, 409)])
def test_shipping_must_cost_the_same(tea, price, status):
    ship_to(DE=490, AT=price)
    order = place(tea)

    assert change(order, VIENNA).status == status


def test_an_address_outside_all_zones_is_refused(tea):
    ship_to(DE=490)
    order = place(tea)

    answer = change(order, VIENNA)

    assert (answer.status, answer.code) == (422, "no_shipping_rate")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"postal_code": "123"}, "body.postal_code"),
        ({"country": "XX"}, "body.country"),
        ({"line1": ""}, "body.line1"),
        ({"email": "ada@example.com"}, "body.email"),
    ],
)
def test_an_invalid_address_changes_nothing(tea, changes, path):
    order = place(tea)

    answer = change(order, HAMBURG | changes)

    assert (answer.status, answer.paths) == (422, [path])
    assert Order.get(order.order_id).version == order.version


def test_buyers_do_not_change_the_address(tea):
    order = place(tea)

    assert change(order, HAMBURG, caller=ADA).code == "forbidden"
