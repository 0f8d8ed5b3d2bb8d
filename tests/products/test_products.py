"""Whole slice: a product and its stock, from the HTTP event to the tables."""

import pytest

from products.handler import handler
from shared.models import Product, Stock
from tests.support import shop
from tests.support.http import ADA, NOBODY, STAFF, Answer, send

pytestmark = pytest.mark.usefixtures("aws")

TEA = {"sku": "TEA", "name": "Green tea", "price": {"amount_minor": 1250, "currency": "EUR"}}


def create(*, caller=STAFF, **changes) -> Answer:
    return send(handler, "products.create", caller=caller, body=TEA | changes)


def get(product_id) -> Answer:
    return send(handler, "products.get", caller=NOBODY, path={"product_id": product_id})


def count(product_id, body, caller=STAFF) -> Answer:
    path = {"product_id": product_id}
    return send(handler, "products.set_stock", caller=caller, path=path, body=body)


def test_a_created_product_is_shown_as_it_was_sent():
    answer = send(handler, "products.create", caller=STAFF)

    shown = get(answer.body["id"])
    assert answer.status == 201
    assert answer.headers["Location"] == f"/v1/products/{answer.body['id']}"
    assert shown.body == answer.body
    assert shown.body | {"sku": "TEA-GREEN-100", "category": "kitchen/tea"} == shown.body
    assert shown.body["price"] == {"amount_minor": 1250, "currency": "EUR"}
    assert shown.body["attributes"] == {"origin": "Japan"}
    assert (shown.body["available"], shown.body["version"]) == (0, 1)


def test_what_is_optional_may_be_left_out():
    answer = create()

    assert (answer.status, answer.body["description"], answer.body["category"]) == (201, "", None)
    assert (answer.body["tags"], answer.body["attributes"]) == ([], {})


def test_a_sku_is_taken_once():
    create()

    answer = create(name="Another tea")

    assert (answer.status, answer.code) == (409, "sku_taken")
    assert [product.name for product in Product.scan()] == ["Green tea"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"sku": ""}, "sku"),
        ({"sku": "x" * 65}, "sku"),
        ({"sku": "tea/green"}, "sku"),
        ({"sku": "tea green"}, "sku"),
        ({"sku": 7}, "sku"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"description": "x" * 5001}, "description"),
        ({"category": "Kitchen"}, "category"),
        ({"category": "/kitchen"}, "category"),
        ({"price": {"amount_minor": 0, "currency": "EUR"}}, "price.amount_minor"),
        ({"price": {"amount_minor": -1, "currency": "EUR"}}, "price.amount_minor"),
        ({"price": {"amount_minor": 10**12 + 1, "currency": "EUR"}}, "price.amount_minor"),
        ({"price": {"amount_minor": 12.5, "currency": "EUR"}}, "price.amount_minor"),
        ({"price": {"amount_minor": "1250", "currency": "EUR"}}, "price.amount_minor"),
        ({"price": {"amount_minor": 1250, "currency": "EURO"}}, "price.currency"),
        ({"price": {"amount_minor": 1250, "currency": "XXX"}}, "price.currency"),
        ({"price": {"amount_minor": 1250}}, "price.currency"),
        ({"price": 12.5}, "price"),
        ({"tags": ["x"] * 21}, "tags"),
        ({"tags": [""]}, "tags.0"),
        ({"attributes": {"origin": 7}}, "attributes.origin"),
        ({"status": "archived"}, "status"),
        ({"available": 5}, "available"),
        ({"id": "prd_mine"}, "id"),
    ],
)
def test_a_field_that_is_wrong_is_named_and_nothing_is_stored(change, path):
    answer = create(**change)

    assert (answer.status, answer.paths) == (422, [f"body.{path}"])
    assert Product.count() == 0


def test_html_in_a_name_is_kept_as_text():
    name = "<script>alert(1)</script>"

    answer = create(name=name)

    assert get(answer.body["id"]).body["name"] == name


@pytest.mark.parametrize(("caller", "status"), [(NOBODY, 401), (ADA, 403)])
def test_only_staff_may_edit_the_catalog(caller, status):
    tea = shop.product("TEA", available=1)

    assert create(caller=caller, sku="NEW").status == status
    assert count(tea.product_id, {"available": 9}, caller=caller).status == status
    assert (Product.count(), shop.available(tea)) == (1, 1)


def test_an_unknown_product_is_404():
    answer = get("prd_unknown")

    assert (answer.status, answer.code) == (404, "product_not_found")


def test_stock_is_set_to_what_was_counted():
    tea = shop.product("TEA")

    first = count(tea.product_id, {"available": 10, "reason": "delivery"})
    second = count(tea.product_id, {"available": 7})

    assert first.body == {"product_id": tea.product_id, "available": 10, "version": 1}
    assert second.body == {"product_id": tea.product_id, "available": 7, "version": 2}
    assert get(tea.product_id).body["available"] == 7


@pytest.mark.parametrize("available", [-1, 10**9 + 1, 1.5, "5", None, True])
def test_a_count_is_a_whole_number_of_units(available):
    tea = shop.product("TEA", available=3)

    answer = count(tea.product_id, {"available": available})

    assert (answer.status, answer.paths) == (422, ["body.available"])
    assert shop.available(tea) == 3


def test_stock_of_an_unknown_product_cannot_be_set():
    answer = send(handler, "products.set_stock", caller=STAFF)

    assert (answer.status, answer.code) == (404, "product_not_found")
    assert Stock.count() == 0


@pytest.mark.parametrize("name", ["products.get", "products.set_stock"])
def test_an_id_longer_than_any_key_is_just_unknown(name):
    answer = send(handler, name, caller=STAFF, path={"product_id": "x" * 2049})

    assert (answer.status, answer.code) == (404, "not_found")


def test_a_line_break_is_explained_and_not_quoted_as_a_pattern():
    answer = create(name="two\nlines", price={"amount_minor": 1, "currency": "XXX"})

    assert [field["message"] for field in answer.error["details"]["fields"]] == [
        "Must be one line, without control characters",
        "Must be an ISO 4217 currency code such as EUR",
    ]
