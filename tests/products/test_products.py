"""Products: created and read, from the HTTP event to the tables."""

import pytest

from products.handler import handler
from shared.storage.models.catalog import Product
from shared.storage.models.outbox import OutboxRow
from tests.attacks.quantities import LIMITS
from tests.support import shop
from tests.support.catalog import (
    create_product,
    edit_product,
    get_product,
    get_staff_product,
    patch_product,
    post_product,
    set_stock,
)
from tests.support.http import ADA, NOBODY, STAFF, send

pytestmark = pytest.mark.usefixtures("aws")


def nested(depth: int) -> object:
    return {"a": nested(depth - 1)} if depth else 1


def test_a_created_product_has_the_fields_that_were_sent():
    answer = send(handler, "products.create", caller=STAFF)

    shown = get_product(answer.body["id"])
    assert answer.status == 201
    assert answer.headers["Location"] == f"/v1/products/{answer.body['id']}"
    assert shown.body.items() <= answer.body.items()
    assert shown.body | {"sku": "TEA-GREEN-100", "category": "kitchen/tea"} == shown.body
    assert shown.body["price"] == {"amount_minor": 1250, "currency": "EUR"}
    assert shown.body["attributes"] == {"origin": "Japan"}
    assert (shown.body["available"], shown.body["version"]) == (0, 1)


def test_staff_see_fields_that_shoppers_do_not():
    answer = post_product(stock_shards=4, low_stock_at=10, tax_class="reduced")

    inspected = get_staff_product(answer.body["id"])
    assert inspected.body == answer.body
    assert (inspected.body["stock_shards"], inspected.body["low_stock_at"]) == (4, 10)
    assert inspected.body["tax_class"] == "reduced"
    staff_fields = {"stock_shards", "low_stock_at", "allocated", "tax_class"}
    assert not staff_fields & get_product(answer.body["id"]).body.keys()


@pytest.mark.parametrize(
    ("own_limit", "limits"),
    [
        (None, {"account": 100, "guest": 20}),
        (3, {"account": 3, "guest": 3}),
        (500, {"account": 200, "guest": 100}),  # no order may hold more
    ],
)
def test_everyone_sees_how_many_units_an_order_may_have(own_limit, limits):
    created = post_product(order_quantity_max=own_limit).body

    assert (created["order_quantity_max"], created["quantity_limits"]) == (own_limit, limits)
    shown = get_product(created["id"]).body
    assert shown["quantity_limits"] == limits
    assert "order_quantity_max" not in shown


def test_staff_change_and_remove_the_limit_of_an_order():
    product = post_product(order_quantity_max=500).body

    changed = edit_product("patch", product["id"], {"order_quantity_max": None})

    assert changed.body["quantity_limits"] == {"account": 100, "guest": 20}


def test_optional_fields_have_defaults():
    answer = post_product()

    assert (answer.status, answer.body["description"], answer.body["category"]) == (201, "", None)
    assert (answer.body["tags"], answer.body["attributes"]) == ([], {})
    assert (answer.body["status"], answer.body["group"], answer.body["options"]) == (
        "active",
        None,
        {},
    )


def test_a_sku_can_be_used_once():
    post_product()

    answer = post_product(name="Another tea")

    assert (answer.status, answer.code) == (409, "sku_taken")
    assert [product.name for product in Product.scan()] == ["Green tea"]
    assert OutboxRow.count() == 1


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"sku": ""}, "sku"),
        ({"sku": "x" * 65}, "sku"),
        ({"sku": "tea\tgreen"}, "sku"),
        ({"sku": "tea\u200bgreen"}, "sku"),
        ({"sku": "  "}, "sku"),
        ({"sku": 7}, "sku"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"description": "x" * 5001}, "description"),
        ({"category": "Kitchen"}, "category"),
        ({"category": "/kitchen"}, "category"),
        ({"category": "/".join("abcdefghi")}, "category"),
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
        ({"attributes": {"": 1}}, "attributes..[key]"),
        ({"attributes": [1]}, "attributes"),
        ({"attributes": nested(6)}, "attributes"),
        ({"attributes": nested(800)}, "attributes"),
        ({"attributes": {"text": "x" * 16_385}}, "attributes"),
        ({"attributes": {"text": "é" * 8_200}}, "attributes"),
        ({"attributes": {"half": "\ud800"}}, "attributes"),
        ({"status": "sold"}, "status"),
        ({"stock_shards": 0}, "stock_shards"),
        ({"stock_shards": 17}, "stock_shards"),
        ({"low_stock_at": 0}, "low_stock_at"),
        *(({"order_quantity_max": limit}, "order_quantity_max") for limit in LIMITS.values()),
        ({"tax_class": "Reduced"}, "tax_class"),
        ({"tax_class": ""}, "tax_class"),
        ({"tax_class": "x" * 41}, "tax_class"),
        ({"tax_class": None}, "tax_class"),
        ({"group": "a\nb", "options": {"size": "S"}}, "group"),
        ({"group": "SHIRT", "options": {"size": ""}}, "options.size"),
        ({"available": 5}, "available"),
        ({"id": "prd_mine"}, "id"),
    ],
)
def test_an_invalid_field_is_named_and_nothing_is_stored(change, path):
    answer = post_product(**change)

    assert (answer.status, answer.paths) == (422, [f"body.{path}"])
    assert (Product.count(), OutboxRow.count()) == (0, 0)


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        (nested(6), "attributes_too_deep"),
        ({"text": "x" * 16_385}, "attributes_too_large"),
        ({"half": "\ud800"}, "not_unicode"),
    ],
)
def test_invalid_attributes_are_refused_with_a_reason(attributes, code):
    answer = post_product(attributes=attributes)

    assert [field["code"] for field in answer.error["details"]["fields"]] == [code]


@pytest.mark.parametrize(
    "attributes",
    [
        nested(5),
        {"text": "x" * 16_000},
        {"list": [1, 2.5, None, True, {"deep": [[]]}]},
        {"ключ": "🗝"},
    ],
)
def test_attributes_are_any_json_within_the_limits(attributes):
    product = create_product(attributes=attributes)

    assert get_product(product["id"]).body["attributes"] == attributes


@pytest.mark.parametrize("fields", [{"group": "SHIRT"}, {"options": {"size": "S"}}])
def test_a_group_and_its_options_need_each_other(fields):
    answer = post_product(**fields)

    assert (answer.status, answer.paths) == (422, ["body"])
    assert [field["code"] for field in answer.error["details"]["fields"]] == [
        "group_without_options"
    ]


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 500), ("EUR", 1999), ("KWD", 1250)])
def test_a_price_is_in_the_minor_unit_of_its_currency(currency, amount):
    price = {"amount_minor": amount, "currency": currency}

    assert get_product(create_product(price=price)["id"]).body["price"] == price


def test_html_in_a_name_stays_text():
    name = "<script>alert(1)</script>"

    answer = post_product(name=name)

    shown = get_product(answer.body["id"])
    assert shown.body["name"] == name
    assert shown.headers["Content-Type"] == "application/json; charset=utf-8"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("caller", "status"), [(NOBODY, 401), (ADA, 403)])
def test_only_staff_can_edit_the_catalog(caller, status):
    tea = shop.product("TEA", available=1)

    assert post_product(caller=caller, sku="NEW").status == status
    assert set_stock(tea.product_id, 9, caller=caller).status == status
    for how, body in (("patch", {"name": "x"}), ("replace", None), ("archive", None)):
        assert edit_product(how, tea.product_id, body, caller=caller).status == status
    assert (Product.count(), shop.available(tea)) == (1, 1)
    assert Product.get(tea.product_id).version == 1


@pytest.mark.parametrize("show", [get_product, get_staff_product])
def test_an_unknown_product_is_404(show):
    answer = show("prd_unknown")

    assert (answer.status, answer.code) == (404, "product_not_found")


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_only_staff_see_products_that_are_not_on_sale(status):
    product = create_product(status=status)

    assert get_product(product["id"]).code == "product_not_found"
    assert get_staff_product(product["id"]).body["status"] == status


@pytest.mark.parametrize("name", ["products.get", "products.set_stock", "products.patch"])
def test_an_id_longer_than_any_key_is_404(name):
    answer = send(handler, name, caller=STAFF, path={"product_id": "x" * 2049})

    assert (answer.status, answer.code) == (404, "not_found")


def test_messages_explain_rules_in_words_not_patterns():
    answer = post_product(
        sku="tea\u200bgreen",
        name="two\nlines",
        category="Tea",
        price={"amount_minor": 1, "currency": "XXX"},
    )

    assert [field["message"] for field in answer.error["details"]["fields"]] == [
        "Must have only characters that can be printed",
        "Must be one line without control characters",
        (
            "Must have only lower-case letters, digits and -, with / between the levels; at most 8 "
            "levels"
        ),
        "Must be an ISO 4217 currency code, such as EUR",
    ]


def list_for_staff(**query: str | list[str]) -> list[str]:
    """The SKUs."""
    answer = send(handler, "staff.list_products", caller=STAFF, query=query)
    assert answer.status == 200, answer
    return [product["sku"] for product in answer.body["items"]]


def test_staff_list_products_by_status_newest_first():
    for sku in ("ONE", "TWO", "THREE"):
        create_product(sku=sku, status="draft")
    create_product(sku="SOLD")

    assert list_for_staff(status="draft") == ["THREE", "TWO", "ONE"]
    assert list_for_staff(status="active") == ["SOLD"]
    assert list_for_staff(status="archived") == []


def create_one_of_each_status() -> None:
    for status in ("active", "draft", "archived"):
        create_product(sku=status, status=status)


def test_staff_list_all_products_without_a_status():
    create_one_of_each_status()

    assert list_for_staff() == ["archived", "draft", "active"]


@pytest.mark.parametrize(
    ("status", "skus"),
    [
        (["draft", "active"], ["draft", "active"]),
        (["archived", "draft"], ["archived", "draft"]),
        (["draft", "draft"], ["draft"]),
        (["active", "draft", "archived"], ["archived", "draft", "active"]),
    ],
)
def test_staff_list_products_of_several_statuses(status, skus):
    create_one_of_each_status()

    assert list_for_staff(status=status) == skus


@pytest.mark.parametrize("status", ["sold", "", "Draft", ["draft", "sold"], ["draft"] * 4])
def test_staff_cannot_list_an_unknown_status(status):
    answer = send(handler, "staff.list_products", caller=STAFF, query={"status": status})

    assert answer.status == 422
    assert answer.paths[0].startswith("query.status")


STATUSES = ("draft", "active", "archived")


@pytest.mark.parametrize(
    "status", [{}, {"status": "draft"}, {"status": ["active", "archived"]}], ids=str
)
@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_staff_follow_their_list_page_by_page(status, limit):
    for n in range(9):
        create_product(sku=f"{STATUSES[n % 3]}-{n}", status=STATUSES[n % 3])
    asked = status.get("status", STATUSES)
    found, query = [], {**status, "limit": str(limit)}
    while True:
        page = send(handler, "staff.list_products", caller=STAFF, query=query).body
        assert len(page["items"]) <= limit
        found += [product["sku"] for product in page["items"]]
        if not page["next_cursor"]:
            break
        query["cursor"] = page["next_cursor"]

    assert found == [
        f"{STATUSES[n % 3]}-{n}" for n in reversed(range(9)) if STATUSES[n % 3] in asked
    ]


def test_a_product_that_changes_its_status_is_listed_once():
    products = [create_product(sku=f"SKU-{n}", status="draft") for n in range(4)]
    first = send(handler, "staff.list_products", caller=STAFF, query={"limit": "2"}).body
    for product in products:
        assert patch_product(product["id"], {"status": "active"}).status == 200

    query = {"limit": "2", "cursor": first["next_cursor"]}
    second = send(handler, "staff.list_products", caller=STAFF, query=query).body

    skus = [product["sku"] for product in first["items"] + second["items"]]
    assert skus == ["SKU-3", "SKU-2", "SKU-1", "SKU-0"]
    assert second["next_cursor"] is None


def test_a_cursor_belongs_to_the_statuses_of_its_list():
    create_one_of_each_status()
    cursor = send(handler, "staff.list_products", caller=STAFF, query={"limit": "1"}).body[
        "next_cursor"
    ]

    query = {"limit": "1", "cursor": cursor, "status": "draft"}
    answer = send(handler, "staff.list_products", caller=STAFF, query=query)

    assert (answer.status, answer.code) == (400, "cursor_query_mismatch")
