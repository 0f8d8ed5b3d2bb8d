"""Orders get addresses in the form of their country, and keep those of before."""

from typing import Any

import pytest

from orders.handler import handler
from orders.staff_api import handler as staff_api
from shared.storage.models.orders import Order
from tests.support import pricing, shop
from tests.support.http import ADA, STAFF, Answer, send

pytestmark = pytest.mark.usefixtures("aws")

PERSON = {"name": "Ada Lovelace", "line1": "1 Main Street"}
ALBANY = PERSON | {"city": "Albany", "region": "new york", "postal_code": "122071234"}


def place(address: dict[str, Any], key: str = "key-1") -> Answer:
    tea = shop.product("TEA", available=99)
    body = {"lines": [shop.line(tea)], "shipping_address": address}
    headers = {"idempotency-key": key}
    return send(handler, "orders.place", caller=ADA, body=body, headers=headers)


def test_an_order_shows_the_address_in_the_form_of_its_country():
    more = {"company": "Engines", "phone": "+1 518 555 0100", "country": "US"}

    answer = place(ALBANY | more)

    assert answer.status == 201
    assert answer.body["shipping_address"] == ALBANY | more | {
        "line2": None,
        "postal_code": "12207-1234",
        "region_code": "US-NY",
    }


def test_staff_see_company_and_phone():
    more = {"company": "Engines", "phone": "+1 518 555 0100", "country": "US"}
    order_id = place(ALBANY | more).body["id"]

    answer = send(staff_api, "staff.get_order", caller=STAFF, path={"order_id": order_id})

    assert answer.body["shipping_address"].items() >= more.items()


@pytest.mark.parametrize(
    "address",
    [
        {"country": "HK", "region": "Kowloon", "city": "Mong Kok"},
        {"country": "AE", "region": "دبي"},
        {"country": "PA", "city": "Panamá"},
    ],
)
def test_a_country_without_postal_codes_needs_none(address):
    answer = place(PERSON | address)

    assert (answer.status, answer.body["shipping_address"]["postal_code"]) == (201, None)


def test_older_code_finds_a_text_in_each_field_that_it_needs():
    order_id = place(PERSON | {"country": "MO"}).body["id"]

    stored = Order.get(order_id).shipping_address
    assert (stored.postal_code, stored.city) == ("", "")


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ({"country": "GB", "city": "London"}, "postal_code"),
        ({"country": "GB", "city": "London", "postal_code": "12345"}, "postal_code"),
        ({"country": "US", "city": "Albany", "postal_code": "12207"}, "region"),
        ({"country": "HK", "city": "Paris"}, "region"),
        ({"country": "SG", "phone": "call me", "postal_code": "546080"}, "phone"),
    ],
)
def test_a_wrong_address_is_refused_and_stores_nothing(address, path):
    answer = place(PERSON | address)

    assert (answer.status, answer.code) == (422, "invalid_fields")
    assert answer.paths == [f"body.shipping_address.{path}"]
    assert Order.count() == 0


def test_a_retry_with_the_same_spelling_finds_its_order():
    first, again = place(ALBANY | {"country": "US"}), place(ALBANY | {"country": "US"})

    assert (again.status, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.body == first.body


def test_an_order_that_the_rules_would_refuse_now_is_replayed():
    placed = place(PERSON | {"country": "GB", "city": "London", "postal_code": "SW1Y 4JH"})
    before = Order.get(placed.body["id"])
    wrong = PERSON | {"country": "GB", "city": "London", "postal_code": "none"}
    before.fingerprint = fingerprint_of(wrong)
    before.save()

    again = place(wrong)

    assert (again.status, again.body["id"]) == (201, placed.body["id"])


def fingerprint_of(address: dict[str, Any]) -> str:
    from orders.checkout.schemas import OrderRequest  # noqa: PLC0415

    tea = shop.product("TEA", available=99)
    request = OrderRequest.model_validate({"lines": [shop.line(tea)], "shipping_address": address})
    return request.fingerprint()


def test_an_earlier_order_shows_its_region_as_it_was_typed():
    placed = place(ALBANY | {"country": "US"})
    before = Order.get(placed.body["id"])
    before.shipping_address.region = "Nowhere"
    before.shipping_address.region_code = None
    before.save()

    path = {"order_id": placed.body["id"]}
    shown = send(handler, "orders.get", caller=ADA, path=path).body["shipping_address"]

    assert (shown["region"], shown["region_code"], shown["phone"]) == ("Nowhere", None, None)


@pytest.mark.parametrize("region", ["CA-QC", "qc", "québec", "QUEBEC", "Que\u0301bec"])
def test_each_spelling_of_a_region_is_taxed_alike(region):
    pricing.store_tax_rates(
        pricing.destination("CA", region="Quebec", rates={"standard": 149_750}),
        pricing.destination("CA", rates={"standard": 50_000}),
    )
    address = {"country": "CA", "city": "Montréal", "region": region, "postal_code": "H3Z2Y7"}

    answer = place(PERSON | address)

    assert answer.body["lines"][0]["tax_rate_ppm"] == 149_750
    assert answer.body["shipping_address"]["region_code"] == "CA-QC"
