"""Edits of products by several members of staff at once, from the HTTP event to the tables."""

import json

import pytest

from orders.handler import handler as orders
from products.handler import handler
from shared.storage import stock
from shared.storage.models.catalog import Product
from shared.storage.models.outbox import OutboxRow
from tests.support import order_requests, shop
from tests.support.catalog import (
    TEA,
    create_product,
    edit_product,
    get_product,
    get_staff_product,
    patch_product,
)
from tests.support.events import events_in_row, published_events
from tests.support.http import ADA, STAFF, send

pytestmark = pytest.mark.usefixtures("aws")


def edit_events() -> list:
    """The events of edits, oldest first."""
    events = [event for row in OutboxRow.scan() for event in events_in_row(row)]
    edits = [event for event in events if event.type != "product.created"]
    return sorted(edits, key=lambda event: event.occurred_at)


def test_a_patch_changes_only_the_fields_it_names():
    before = create_product(
        description="Fresh", tags=["green"], attributes={"origin": "Uji", "year": 26}
    )

    answer = patch_product(
        before["id"], {"name": "Sencha", "attributes": {"origin": None, "grade": "A"}}
    )

    assert answer.status == 200
    changed = {"name": "Sencha", "attributes": {"year": 26, "grade": "A"}, "version": 2}
    assert answer.body == before | changed | {"updated_at": answer.body["updated_at"]}
    assert get_product(before["id"]).body["name"] == "Sencha"


def test_a_patch_can_change_the_amount_alone():
    tea = create_product()

    answer = patch_product(tea["id"], {"price": {"amount_minor": 990}})

    assert answer.body["price"] == {"amount_minor": 990, "currency": "EUR"}


def test_null_removes_a_value():
    tea = create_product(category="tea", description="Fresh", low_stock_at=5)

    answer = patch_product(tea["id"], {"category": None, "description": None, "low_stock_at": None})

    assert (answer.body["category"], answer.body["description"]) == (None, "")
    assert answer.body["low_stock_at"] is None


def test_removing_the_tax_class_resets_it_to_standard():
    book = create_product(sku="BOOK")

    reduced = patch_product(book["id"], {"tax_class": "reduced"})
    standard = patch_product(book["id"], {"tax_class": None})

    assert (book["tax_class"], reduced.body["tax_class"]) == ("standard", "reduced")
    assert standard.body["tax_class"] == "standard"
    changed = [event.data.changed for event in published_events() if "updated" in event.type]
    assert changed == [["tax_class"], ["tax_class"]]


def test_a_replacement_resets_omitted_fields():
    before = create_product(description="Fresh", category="tea", attributes={"origin": "Uji"})

    answer = edit_product("replace", before["id"], TEA | {"name": "Sencha"})

    assert answer.status == 200
    assert (answer.body["name"], answer.body["description"]) == ("Sencha", "")
    assert (answer.body["category"], answer.body["attributes"]) == (None, {})
    assert (answer.body["version"], answer.body["created_at"]) == (2, before["created_at"])


def test_an_archived_product_can_be_sold_again():
    tea = create_product()

    answer = edit_product("archive", tea["id"])

    assert (answer.status, answer.body) == (204, "")
    assert get_product(tea["id"]).status == 404
    assert get_staff_product(tea["id"]).body["status"] == "archived"
    assert patch_product(tea["id"], {"status": "active"}).status == 200
    assert get_product(tea["id"]).status == 200


def test_events_name_the_changed_fields():
    tea = create_product()

    patch_product(tea["id"], {"name": "Sencha", "price": {"amount_minor": 1}, "description": ""})
    edit_product("archive", tea["id"])

    updated, archived = edit_events()
    assert (updated.type, updated.data.changed) == ("product.updated", ["name", "price"])
    assert (archived.type, archived.data.changed) == ("product.archived", ["status"])
    assert updated.data.product_id == archived.data.product_id == tea["id"]


def test_a_new_product_is_announced_once():
    tea = create_product()

    (row,) = OutboxRow.scan()
    (event,) = events_in_row(row)
    assert (event.type, event.data.product_id, event.data.sku) == (
        "product.created",
        tea["id"],
        "TEA",
    )


def test_an_edit_without_changes_makes_no_version_or_event():
    tea = create_product(tags=["green"])

    answers = [
        patch_product(tea["id"], {}),
        patch_product(tea["id"], {"name": "Green tea"}),
        edit_product("replace", tea["id"], TEA | {"tags": ["green"]}),
    ]

    assert [(answer.status, answer.body["version"]) for answer in answers] == [(200, 1)] * 3
    assert edit_events() == []


@pytest.mark.parametrize("how", ["replace", "patch", "archive"])
def test_an_unknown_product_cannot_be_edited(how):
    body = {"replace": TEA, "patch": {"name": "x"}}.get(how)

    answer = edit_product(how, "prd_unknown", body)

    assert (answer.status, answer.code) == (404, "product_not_found")
    assert (Product.count(), OutboxRow.count()) == (0, 0)


def test_a_replacement_cannot_change_the_sku():
    tea = create_product()

    answer = edit_product("replace", tea["id"], TEA | {"sku": "COFFEE"})

    assert (answer.status, answer.code) == (422, "sku_immutable")
    assert get_staff_product(tea["id"]).body == tea


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": None}, "name"),
        ({"price": None}, "price"),
        ({"price": {"amount_minor": -1}}, "price.amount_minor"),
        ({"price": {"currency": "XXX"}}, "price.currency"),
        ({"price": {"discount": 1}}, "price.discount"),
        ({"status": "sold"}, "status"),
        ({"status": None}, "status"),
        ({"tags": ["x", ""]}, "tags.1"),
        ({"attributes": {"deep": {"a": {"b": {"c": {"d": {}}}}}}}, "attributes"),
        ({"sku": "COFFEE"}, "sku"),
        ({"version": 9}, "version"),
        ({"name": 5}, "name"),
    ],
)
def test_a_patch_to_an_invalid_product_names_the_field(changes, path):
    tea = create_product()

    answer = patch_product(tea["id"], changes)

    assert (answer.status, answer.paths) == (422, [f"body.{path}"])
    assert get_staff_product(tea["id"]).body == tea


def test_a_patch_cannot_make_attributes_too_large():
    tea = create_product(attributes={"one": "x" * 10_000})

    answer = patch_product(tea["id"], {"attributes": {"two": "x" * 10_000}})

    assert [field["code"] for field in answer.error["details"]["fields"]] == [
        "attributes_too_large"
    ]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/merge-patch+json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/json-patch+json", 415),
        ("text/plain", 415),
    ],
)
def test_a_patch_accepts_the_merge_patch_content_type(content_type, status):
    tea = create_product()

    answer = send(
        handler,
        "products.patch",
        caller=STAFF,
        raw_body=json.dumps({"name": "Sencha"}),
        path={"product_id": tea["id"]},
        headers={"if-match": "*", "content-type": content_type},
    )

    assert answer.status == status


@pytest.mark.parametrize("how", ["replace", "patch"])
def test_the_currency_cannot_change_while_orders_are_open(how):
    tea = shop.product("TEA", available=5)
    shop.sell(tea, 1)
    price = {"amount_minor": 1000, "currency": "USD"}

    answer = edit_product(
        how, tea.product_id, {"price": price} | ({} if how == "patch" else TEA | {"price": price})
    )

    assert (answer.status, answer.code) == (409, "currency_in_use")
    assert (answer.error["details"]["currency"], Product.get(tea.product_id).version) == ("EUR", 1)


def test_the_currency_can_change_without_open_orders():
    tea = shop.product("TEA", available=5)

    answer = patch_product(tea.product_id, {"price": {"currency": "USD"}})

    assert (answer.status, answer.body["price"]["currency"]) == (200, "USD")


def test_an_amount_can_change_while_orders_are_open():
    tea = shop.product("TEA", available=5)
    shop.sell(tea, 1)

    assert patch_product(tea.product_id, {"price": {"amount_minor": 5}}).status == 200


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_a_replacement_without_status_keeps_the_status(status):
    tea = create_product(status=status)

    answer = edit_product("replace", tea["id"], TEA | {"name": "Sencha"})

    assert (answer.body["name"], answer.body["status"]) == ("Sencha", status)


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.5), (0, False), (1.0, True)])
def test_json_values_that_python_calls_equal_are_a_change(before, after):
    tea = create_product(attributes={"w": before})

    answer = patch_product(tea["id"], {"attributes": {"w": after}})

    assert answer.body["attributes"]["w"] is after or answer.body["attributes"]["w"] == after
    assert (type(answer.body["attributes"]["w"]), answer.body["version"]) == (type(after), 2)


@pytest.mark.parametrize("quoted", [None, {"amount_minor": 1000, "currency": "EUR"}])
def test_an_order_is_not_sold_in_the_old_currency(monkeypatch, quoted):
    shop.user(ADA.user_id)
    tea = shop.product("TEA", available=5)
    order_requests.run_between_read_and_write(
        monkeypatch, lambda: patch_product(tea.product_id, {"price": {"currency": "USD"}})
    )
    body = {"lines": [{"product_id": tea.product_id, "quantity": 1}], "quoted_total": quoted}
    body |= {"shipping_address": shop.ADDRESS}

    answer = send(orders, "orders.place", body=body)

    if quoted:
        assert (answer.status, answer.code, shop.available(tea)) == (409, "total_changed", 5)
    else:
        assert (answer.status, shop.available(tea)) == (201, 4)
        assert answer.body["totals"]["total"]["currency"] == "USD"


def test_an_order_during_a_change_of_currency_prevents_it(monkeypatch):
    tea = shop.product("TEA", available=5)
    real, turns = stock.get_stocks, iter([True])

    def read_and_sell(shard_counts):
        found = real(shard_counts)
        if next(turns, False):
            shop.sell(tea, 1)
        return found

    monkeypatch.setattr(stock, "get_stocks", read_and_sell)

    answer = patch_product(tea.product_id, {"price": {"currency": "USD"}})

    assert (answer.status, answer.code) == (409, "currency_in_use")
    assert Product.get(tea.product_id).currency == "EUR"
